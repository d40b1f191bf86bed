#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Programs inside a system container that open namespaces, mount, or otherwise need a real root.
#
#   INNER    the Debian inside   (bookworm)

load helper

INNER=${INNER:-bookworm}
IMAGE=sysbox/debian-nesting:$INNER

setup_file() {
	load helper
	need_image "debian-nesting-$INNER"
	SCOPE="file" start_syscont nest -v "nest-$INNER:/store" "$IMAGE"
	use_iptables nest
	# The container has 65536 ids: a user's own range must lie within them.
	inside nest 'for f in /etc/subuid /etc/subgid; do echo user:2000:60000 >$f; done
		chmod 1777 /store; ulimit -n'
}

teardown_file() {
	load helper
	remove_scope file
	docker volume rm "nest-$INNER" >/dev/null 2>&1 || true
}

teardown() { remove_scope test; }

n() { docker exec -e PODMAN_IGNORE_CGROUPSV1_WARNING=1 nest "$@"; }
as_user() { docker exec -u user -w /home/user -e HOME=/home/user -e USER=user \
	-e XDG_RUNTIME_DIR=/tmp/run-user -e PODMAN_IGNORE_CGROUPSV1_WARNING=1 nest "$@"; }

BWRAP=(bwrap --unshare-user --unshare-pid --ro-bind / / --proc /proc --dev /dev)

# bats test_tags=short
@test "bwrap with a user and a pid namespace and a fresh /proc, as root" {
	run -0 n "${BWRAP[@]}" sh -c 'echo in; ls -d /proc/[0-9]* | wc -l; cat /proc/self/uid_map'
	assert_line --index 0 in
	assert [ "${lines[1]}" -lt 8 ]
}

# bats test_tags=short
@test "bwrap with a user and a pid namespace and a fresh /proc, as a user" {
	run -0 as_user "${BWRAP[@]}" sh -c 'id -u; ls -d /proc/[0-9]* | wc -l'
	assert_line --index 0 1000
	assert [ "${lines[1]}" -lt 8 ]
}

# bats test_tags=short
@test "bwrap with every namespace" {
	run -0 as_user bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp sh -c 'echo x >/tmp/x; cat /tmp/x; ls /sys/class/net'
	assert_line --index 0 x
}

# bats test_tags=short
@test "unshare -Urpf --mount-proc, as root and as a user" {
	run -0 n unshare -Urpf --mount-proc sh -c 'echo $$; id -u; ls -d /proc/[0-9]* | wc -l'
	assert_line --index 0 1
	assert_line --index 1 0
	assert [ "${lines[2]}" -lt 6 ]
	run -0 as_user unshare -Urpf --mount-proc sh -c 'echo $$; id -u'
	assert_line --index 0 1
	assert_line --index 1 0
}

@test "unshare five levels deep, with a fresh /proc in each" {
	run -0 n sh -c 'u="unshare -Urpf --mount-proc"; $u $u $u $u $u sh -c "echo \$\$; ps -e | grep -c sh"'
	assert_line --index 0 1
}

@test "every kind of namespace can be made, and entered again" {
	run -0 n unshare -m -u -i -n -p -C -f --mount-proc sh -c 'hostname deep; hostname; ip link set lo up; ls /sys/class/net'
	assert_line deep
	docker exec -d nest unshare -Urmnpf --mount-proc sh -c 'touch /tmp/up; sleep 60'
	wait_for 5 n test -e /tmp/up
	run -0 n sh -c 'p=$(pgrep -f "^sleep 60"); nsenter -t $p -U -m -n -p --preserve-credentials id -u'
	assert_output 0
}

# --- mounts ---------------------------------------------------------------------------------

# bats test_tags=short
@test "file systems that root of a user namespace may mount" {
	run -0 n sh -ec 'mkdir -p /fs && cd /fs && mkdir -p t p s q d b
		mount -t tmpfs none t; mount -t proc none p; mount -t sysfs none s; mount -t mqueue none q
		mount -t devpts -o newinstance none d; mount --bind /etc b; mount -o remount,bind,ro b
		! touch b/x 2>/dev/null; ls p/1/comm s/class/net/lo/address d/ptmx b/passwd; umount b d q s p t'
	assert_line s/class/net/lo/address
}

# bats test_tags=short
@test "the new mount API, call by call" {
	docker exec -i nest sh -c 'cat >/tmp/m.c && gcc -o /tmp/m /tmp/m.c' <"$BATS_TEST_DIRNAME/new-mount.c"
	run -0 n unshare -m /tmp/m
	assert_output --partial done
}

# The kernel shows the owner of a tmpfs by its id on the host, which a remount that repeats all
# options it finds cannot use in a user namespace: hence --options-mode.
@test "mount(8) of this Debian: bind, move, remount, propagation, loops of them" {
	run -0 n unshare -m sh -ec 'mkdir -p /m1 /m2 /m3; mount -t tmpfs -o size=1m one /m1; touch /m1/f
		mount --make-private /m1; mount --bind /m1 /m2; mount -o remount,ro,bind /m2; ! touch /m2/g 2>/dev/null
		mount --move /m2 /m3; ls /m3/f; mount --make-rshared /; mount --rbind /m1 /m2; umount -R /m2
		mount --options-mode ignore -o remount,size=2m /m1; findmnt -no SIZE /m1; umount /m3 /m1'
	assert_line /m3/f
	assert_line --regexp '^ *2M'
}

@test "overlayfs on the volume, with whiteouts, opaque directories and xattrs" {
	run -0 n sh -ec 'cd /store && mkdir -p l/d u w m && echo a >l/a && echo b >l/d/b
		mount -t overlay -o lowerdir=l,upperdir=u,workdir=w,userxattr o m
		rm m/a; rm -r m/d; mkdir m/d; echo c >m/d/c; ls m m/d; umount m; rm -r l u w m'
	assert_line c
	refute_line a
	refute_line b
}

# bats test_tags=short
@test "FUSE: a file system mounted by root, written and unmounted" {
	run -0 n sh -ec 'mkdir -p /tmp/src /tmp/dst; bindfs /tmp/src /tmp/dst; echo x >/tmp/dst/f; cat /tmp/src/f
		findmnt -no FSTYPE /tmp/dst; fusermount3 -u /tmp/dst; ls /tmp/dst | wc -l'
	assert_line --index 0 x
	assert_line --index 1 --partial fuse
	assert_line --index 2 0
}

@test "FUSE: mounted by a user through fusermount3" {
	run -0 as_user sh -ec 'mkdir -p a b; bindfs -n a b; echo x >b/f; stat -c %u a/f; fusermount3 -u b'
	assert_output 1000
}

@test "chroot and pivot_root" {
	run -0 n unshare -m sh -ec 'mkdir -p /store/new; mount -t tmpfs none /store/new; cd /store/new
		mkdir bin old proc; tar -xOf /usr/share/sysbox/busybox.tar --wildcards "*/layer.tar" | tar -x bin
		b=/bin/busybox; .$b pivot_root . old; $b mount -t proc proc /proc; $b umount -l /old; $b ls /
		$b chroot / $b echo rooted'
	assert_line rooted
	refute_line etc
}

# --- containers without Docker --------------------------------------------------------------

# bats test_tags=short
@test "podman, rootless, on fuse-overlayfs" {
	n sh -c 'mkdir -p /tmp/run-user && chown user:user /tmp/run-user && chmod 700 /tmp/run-user'
	as_user podman --storage-driver overlay --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs load -q -i /usr/share/sysbox/busybox.tar
	run -0 as_user podman --storage-driver overlay --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs --cgroup-manager cgroupfs \
		run --rm --cgroups disabled --net none sysbox/busybox sh -c 'id -u; grep -c . /proc/self/uid_map; echo x >/x; cat /x'
	assert_line --index 0 0
	assert_line x
}

@test "podman, rootless, with a network of its own" {
	n sh -c 'mkdir -p /tmp/run-user && chown user:user /tmp/run-user && chmod 700 /tmp/run-user'
	as_user podman --storage-driver overlay --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs load -q -i /usr/share/sysbox/busybox.tar
	run -0 as_user podman --storage-driver overlay --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs --cgroup-manager cgroupfs \
		run --rm --cgroups disabled --net slirp4netns sysbox/busybox ip addr show tap0
	assert_output --partial 10.0.2.100
}

@test "podman, as root, on the volume" {
	local p=(podman --storage-driver overlay --root /store/containers --cgroup-manager cgroupfs)
	n "${p[@]}" load -q -i /usr/share/sysbox/busybox.tar
	run -0 n "${p[@]}" run --rm --ulimit nofile=1024:2048 --ulimit nproc=4096:4096 --runtime crun --net none \
		--cgroups disabled sysbox/busybox sh -c 'id -u; echo x >/x; cat /x'
	assert_line --index 0 0
	assert_line x
	wait_for 5 n rm -rf /store/containers
}

# --- network --------------------------------------------------------------------------------

# bats test_tags=short
@test "ping, as root and as a user" {
	n ping -c 1 -W 2 127.0.0.1
	as_user ping -c 1 -W 2 127.0.0.1
	local gateway; gateway=$(n sh -c "ip route | awk '/^default/ { print \$3 }'")
	as_user ping -c 1 -W 2 "$gateway"
}

# bats test_tags=short
@test "iptables: filter and nat, IPv4 and IPv6" {
	need_nat
	run -0 n unshare -n sh -ec 'ip link set lo up; iptables -A INPUT -p tcp --dport 81 -j DROP
		iptables -t nat -A OUTPUT -p tcp --dport 82 -j REDIRECT --to-ports 83
		iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -m comment --comment hello -j ACCEPT
		ip6tables -A INPUT -p tcp --dport 84 -j DROP; iptables-save | grep -c -E "81|82|hello"; ip6tables-save | grep -c 84'
	assert_line --index 0 3
	assert_line --index 1 1
}

@test "interfaces: veth, bridge, tun, routes, forwarding" {
	run -0 n unshare -n sh -ec 'ip link add v0 type veth peer name v1; ip link add b0 type bridge; ip link set v0 master b0
		ip tuntap add dev t0 mode tun; ip link set v1 up; ip addr add 10.77.0.1/24 dev v1; ip route add 10.78.0.0/16 via 10.77.0.2
		sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.v1.rp_filter=2 net.core.somaxconn=512; cat /proc/sys/net/ipv4/ip_forward
		ip -o link | wc -l'
	assert_line --index 0 1
}

# --- a system that is administered ----------------------------------------------------------

# A package with what packages have: an odd owner, setuid, a maintainer script that adds a user.
build_package() {
	n sh -ec 'rm -rf /tmp/pkg /tmp/repo; mkdir -p /tmp/pkg/DEBIAN /tmp/pkg/usr/bin /tmp/pkg/var/lib/probe /tmp/repo
		printf "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: none <none@localhost>\nDescription: test\n" >/tmp/pkg/DEBIAN/control
		printf "#!/bin/sh\nset -e\nuseradd -r probe\nchown probe:games /var/lib/probe\n" >/tmp/pkg/DEBIAN/postinst
		printf "#!/bin/sh\necho probed\n" >/tmp/pkg/usr/bin/probe
		chmod 755 /tmp/pkg/DEBIAN/postinst; chmod 4755 /tmp/pkg/usr/bin/probe; chown games:42 /tmp/pkg/usr/bin/probe; chmod 4755 /tmp/pkg/usr/bin/probe
		dpkg-deb -b /tmp/pkg /tmp/repo/probe.deb; cd /tmp/repo; dpkg-scanpackages . >Packages
		echo "deb [trusted=yes] file:/tmp/repo ./" >/tmp/sources.list'
}

# bats test_tags=short
@test "apt-get update and install, and remove" {
	build_package >/dev/null 2>&1
	local apt=(apt-get -q -y -o Dir::Etc::sourcelist=/tmp/sources.list -o Dir::Etc::sourceparts=/dev/null)
	n "${apt[@]}" update
	n env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install probe
	run -0 n sh -c 'probe; stat -c "%U:%g %a" /usr/bin/probe; stat -c %U:%G /var/lib/probe'
	assert_line --index 0 probed
	assert_line --index 1 'games:42 4755'
	assert_line --index 2 probe:games
	n "${apt[@]}" purge probe
	run n test -e /usr/bin/probe
	assert_failure
	n userdel probe
}

@test "a tree with a hundred owners: untar, chown -R, copy, delete" {
	run -0 n sh -ec 'mkdir -p /opt/t && cd /opt/t && for i in $(seq 100); do echo $i >$i; chown $((i * 600)):$i $i; done
		tar -cf ../t.tar . && mkdir ../u && tar -xf ../t.tar -C ../u && stat -c %u:%g ../u/77; cp -a ../u ../v
		chown -R 5:6 ../v; stat -c %u:%g ../v/1; chown 65535:65535 ../v/2 && stat -c %u ../v/2; ! chown 70000 ../v/3 2>/dev/null; rm -r ../t ../u ../v ../t.tar'
	assert_line --index 0 46200:77
	assert_line --index 1 5:6
	assert_line --index 2 65535
}

@test "file capabilities, xattrs, setuid, sticky and hard links on the root file system" {
	run -0 n sh -ec 'cd /opt; cp /bin/sleep s; setcap cap_net_raw+ep s; getcap s; touch f; ln f g; stat -c %h f; chmod 6755 f; stat -c %a f
		rm -f s f g'
	assert_line --index 0 --partial cap_net_raw
	assert_line --index 1 2
	assert_line --index 2 6755
}

@test "useradd, su, setuid programs, and a user who becomes root by them" {
	run -0 n sh -ec 'id user2 >/dev/null 2>&1 || useradd -m user2; su user2 -c "id -un; touch ~/x; stat -c %U ~/x"; cp /usr/bin/id /opt/rid; chmod 4755 /opt/rid; su user2 -c "/opt/rid -u"; userdel -r user2 2>/dev/null; rm /opt/rid'
	assert_line --index 0 user2
	assert_line --index 1 user2
	assert_line --index 2 0
}

@test "strace attaches to a process" {
	run -0 n sh -c 'sleep 30 & p=$!; sleep 0.3; timeout 1 strace -o /tmp/trace -p $p; kill $p; cat /tmp/trace'
	assert_output --regexp 'nanosleep|restart_syscall'
}

@test "fifos and sockets can be made; hostname and time zone set" {
	run -0 n sh -ec 'mkfifo /opt/fifo; mknod /opt/fifo2 p; stat -c %F /opt/fifo /opt/fifo2; rm /opt/fifo*; hostname renamed; hostname; ln -sf /usr/share/zoneinfo/UTC /etc/localtime'
	assert_line --index 0 fifo
	assert_line --index 2 renamed
}

@test "shared memory, semaphores and message queues are there and private" {
	run -0 n sh -c 'ipcmk -M 1000 -S 3 -Q >/dev/null && ipcs -m | grep -c 1000; stat -f -c %T /dev/mqueue 2>/dev/null || true'
	assert_line --index 0 1
	run -0 docker run --rm --label scope=test "$IMAGE" ipcs -m
	refute_output --partial 1000
}
