#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts of config.json.

load helper

setup() {
	make_box
	SRC=$BOX/src
	mkdir -p "$SRC/sub" "$ROOTFS/mnt"
	echo file >"$SRC/file"
	chown 1000:1001 "$SRC/file"
}

teardown() {
	local m
	for m in $(awk -v b="$BOX" 'index($5, b) == 1 { print $5 }' /proc/self/mountinfo | sort -r); do umount -l "$m"; done
	remove_box
}

# Options of the mount at a place inside.
options_of() { echo "awk '\$5 == \"$1\" { print \$6, \$7 }' /proc/self/mountinfo | tail -n 1"; }

@test "mounts: bind, with the image's ids inside and on disk" {
	mount_row /mnt bind "$SRC" bind
	run -0 run_sh 'cat /mnt/file; stat -c %u:%g /mnt/file; touch /mnt/new; chown 7:8 /mnt/new'
	assert_output $'file\n1000:1001'
	assert_equal "$(stat -c %u:%g "$SRC/new")" 7:8
}

@test "mounts: bind of one file" {
	mount_row /etc/one bind "$SRC/file" bind,ro
	config '.mounts[-1].options = ["bind", "ro"]'
	run -0 run_sh 'cat /etc/one; echo x >/etc/one || echo refused'
	assert_line file
	assert_line refused
}

@test "mounts: rbind has what is mounted below, bind has not" {
	mount -t tmpfs none "$SRC/sub"
	touch "$SRC/sub/below"
	mount_row /mnt bind "$SRC" rbind
	run -0 run_sh 'ls /mnt/sub'
	assert_output below
	config '.mounts[-1].options = ["bind"]'
	run -0 run_sh 'ls /mnt/sub'
	assert_output ""
	# Type "bind" without the word means the whole tree.
	config '.mounts[-1].options = []'
	run -0 run_sh 'ls /mnt/sub'
	assert_output below
}

# bats test_tags=short
@test "mounts: ro holds, and root inside cannot lift it" {
	mount_row /mnt bind "$SRC" bind ro
	run -0 run_sh 'touch /mnt/x 2>&1 || true
		mount -o remount,bind,rw /mnt 2>&1 || echo no remount
		mkdir /tmp/m; mount --bind /mnt /tmp/m; mount -o remount,bind,rw /tmp/m 2>/dev/null || echo no detour
		unshare -Urm sh -c "mount -o remount,bind,rw /mnt" 2>/dev/null || echo no nesting'
	assert_line --partial "Read-only file system"
	assert_line "no remount"
	assert_line "no detour"
	assert_line "no nesting"
	refute [ -e "$SRC/x" ]
}

@test "mounts: nosuid, nodev, noexec and what takes them back" {
	mount_row /mnt bind "$SRC" bind nosuid nodev noexec
	run -0 run_sh "$(options_of /mnt)"
	assert_output --regexp 'nosuid,nodev,noexec'
	cp "$BUSYBOX" "$SRC/true"
	run run_sh '/mnt/true'
	assert_failure
	config '.mounts[-1].options = ["bind", "noexec", "exec"]'
	run -0 run_sh '/mnt/true'
	mount --bind "$SRC" "$SRC"
	mount -o remount,bind,ro,noatime "$SRC"
	config '.mounts[-1].options = ["bind", "rw"]'
	run -0 run_sh 'touch /mnt/x'
}

@test "mounts: times: noatime, relatime, strictatime, nodiratime, nosymfollow" {
	local o
	for o in noatime nodiratime relatime; do
		config '.mounts |= map(select(.destination != "/mnt"))'
		mount_row /mnt bind "$SRC" bind $o
		run -0 run_sh "$(options_of /mnt)"
		assert_output --partial $o
	done
	config '.mounts |= map(select(.destination != "/mnt"))'
	mount_row /mnt bind "$SRC" bind strictatime
	run -0 run_sh "$(options_of /mnt)"
	refute_output --partial relatime
	refute_output --partial noatime
	ln -s file "$SRC/link"
	config '.mounts[-1].options = ["bind", "nosymfollow"]'
	run run_sh 'cat /mnt/link'
	assert_failure
	assert_output --partial "Too many levels"
}

@test "mounts: recursive attributes reach what is mounted below" {
	mount -t tmpfs none "$SRC/sub"
	mkdir "$SRC/sub/deep"
	mount -t tmpfs none "$SRC/sub/deep"
	local o want
	while read -r o want; do
		config '.mounts |= map(select(.destination != "/mnt"))'
		mount_row /mnt bind "$SRC" rbind "$o"
		run -0 run_sh "$(options_of /mnt); $(options_of /mnt/sub); $(options_of /mnt/sub/deep)"
		assert_equal "$(grep -cw -e "$want" <<<"$output")" 3
	done <<-'E'
		rro ro
		rnosuid nosuid
		rnodev nodev
		rnoexec noexec
		rnoatime noatime
		rnodiratime nodiratime
		rnosymfollow nosymfollow
	E
	# ro alone is the top's.
	config '.mounts[-1].options = ["rbind", "ro"]'
	run -0 run_sh 'touch /mnt/sub/x; touch /mnt/x 2>/dev/null || echo top'
	assert_output top
}

@test "mounts: rro holds below, too" {
	mount -t tmpfs none "$SRC/sub"
	mount_row /mnt bind "$SRC" rbind rro
	run -0 run_sh 'touch /mnt/sub/x 2>/dev/null || echo ro; mount -o remount,bind,rw /mnt/sub 2>/dev/null || echo held'
	assert_output $'ro\nheld'
}

@test "mounts: rrw takes back what the source has below" {
	mount -t tmpfs none "$SRC/sub"
	mount -o remount,bind,ro "$SRC/sub"
	mount_row /mnt bind "$SRC" rbind rrw
	run -0 run_sh 'touch /mnt/sub/x'
}

@test "mounts: an idmap of its own" {
	mount_row /mnt bind "$SRC" bind
	config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 600000, size: 1}], gidMappings: [{containerID: 1001, hostID: 700000, size: 1}]}
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 600000, size: 1000}] | .linux.gidMappings = [{containerID: 0, hostID: 700000, size: 1000}]'
	chown 1000:1001 "$SRC"
	run -0 --separate-stderr run_sh 'stat -c %u:%g /mnt/file; touch /mnt/new'
	assert_output 0:0
	assert_equal "$(stat -c %u:%g "$SRC/new")" 1000:1001
}

@test "mounts: an idmap of its own, where the engine gives the container none" {
	touch "$SRC/f"; chown 1000:1001 "$SRC/f"
	mount_row /mnt bind "$SRC" bind
	config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 5, size: 1}], gidMappings: [{containerID: 1001, hostID: 6, size: 1}]}'
	run -0 run_sh 'stat -c %u:%g /mnt/f; chmod 600 /mnt/f'
	assert_output 5:6
	run -0 stat -c %a:%u:%g "$SRC/f"
	assert_output 600:1000:1001
}

@test "mounts: idmap is of the top, ridmap of the tree" {
	mkdir "$BOX/below"
	mount --bind "$BOX/below" "$SRC/sub"
	touch "$SRC/sub/below"
	chown 1000:1000 "$SRC/sub/below"
	mount_row /mnt bind "$SRC" rbind ridmap
	config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 600000, size: 1}, {containerID: 0, hostID: 600001, size: 1}],
			gidMappings: [{containerID: 1000, hostID: 600000, size: 2}, {containerID: 0, hostID: 600002, size: 1}]}
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 600000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
	run -0 --separate-stderr run_sh 'stat -c %u /mnt/file /mnt/sub/below'
	assert_output $'0\n0'
	config '.mounts[-1].options = ["rbind", "idmap"]'
	run -0 --separate-stderr run_sh 'stat -c %u /mnt/file /mnt/sub/below'
	assert_output $'0\n65534'
}

@test "mounts: private by default; slave receives, and nothing goes out" {
	mount --bind "$SRC" "$SRC"
	mount --make-shared "$SRC"
	mount_row /mnt bind "$SRC" rbind rslave
	start_box
	mount -t tmpfs none "$SRC/sub"
	touch "$SRC/sub/late"
	assert_equal "$(inside 'ls /mnt/sub')" late
	umount "$SRC/sub"
	inside 'mount -t tmpfs none /mnt/sub; touch /mnt/sub/inner'
	refute [ -e "$SRC/sub/inner" ]
	runc delete -f "$ID"
	config '.mounts[-1].options = ["rbind"]'
	start_box
	mount -t tmpfs none "$SRC/sub"
	touch "$SRC/sub/late"
	assert_equal "$(inside 'ls /mnt/sub')" ""
}

@test "mounts: shared, inside the container only" {
	mount --bind "$SRC" "$SRC"
	mount --make-shared "$SRC"
	mount_row /mnt bind "$SRC" rbind rshared
	run -0 run_sh "$(options_of /mnt); mount -t tmpfs none /mnt/sub; touch /mnt/sub/inner"
	assert_output --partial shared:
	refute [ -e "$SRC/sub/inner" ]
	refute mountpoint -q "$SRC/sub"
}

@test "mounts: tmpfs: size, mode, owner; the mode of what it covers" {
	mount_row /mnt tmpfs tmpfs size=64k mode=1770 nosuid
	run -0 run_sh 'stat -c %a:%u /mnt; df -k /mnt | tail -n 1 | awk "{ print \$2 }"; head -c 100000 /dev/zero >/mnt/x || echo full'
	assert_line 1770:0
	assert_line 64
	assert_line full
	config '.mounts[-1].options = []'
	chmod 710 "$ROOTFS/mnt"
	run -0 run_sh 'stat -c %a /mnt'
	assert_output 710
}

@test "mounts: tmpfs, read-only, with mounts on it" {
	mount_row /mnt tmpfs tmpfs ro
	mount_row /mnt/a/b bind "$SRC" bind
	run -0 run_sh 'cat /mnt/a/b/file; touch /mnt/x 2>/dev/null || echo ro; touch /mnt/a/b/x'
	assert_output $'file\nro'
}

@test "mounts: tmpcopyup" {
	mkdir -p "$ROOTFS/etc/dir"
	echo text >"$ROOTFS/etc/dir/text"
	chown 5:6 "$ROOTFS/etc/dir/text"
	ln -s text "$ROOTFS/etc/dir/link"
	mount_row /etc tmpfs tmpfs tmpcopyup mode=755
	run -0 run_sh 'cat /etc/dir/link; stat -c %u:%g:%a /etc/dir/text; touch /etc/new'
	assert_line --index 0 text
	assert_line --index 1 --regexp '^5:6:'
	refute [ -e "$ROOTFS/etc/new" ]
}

@test "mounts: order is the specification's" {
	mkdir "$SRC/lower" "$BOX/over"
	echo over >"$BOX/over/file"
	mount_row /mnt bind "$SRC" bind
	mount_row /mnt/sub bind "$BOX/over" bind
	run -0 run_sh 'cat /mnt/file /mnt/sub/file'
	assert_output $'file\nover'
	mount_row /mnt tmpfs tmpfs
	run -0 run_sh 'ls /mnt'
	assert_output ""
}

@test "mounts: destinations that are missing are made" {
	mount_row /new/dir bind "$SRC" bind
	mount_row /new2/file bind "$SRC/file" bind
	run -0 run_sh 'cat /new/dir/file /new2/file'
	assert_output $'file\nfile'
	config '.root.readonly = true | .mounts |= map(if .destination == "/new/dir" then .destination = "/new3/dir" else . end)'
	run -0 run_sh 'cat /new3/dir/file; touch /x 2>/dev/null || echo ro'
	assert_output $'file\nro'
}

@test "mounts: symlinks in a destination stay inside" {
	ln -s /tmp "$ROOTFS/abs"
	ln -s ../../../../../../.. "$ROOTFS/var/up"
	ln -s "$BOX" "$ROOTFS/out"
	ln -s /nowhere/yet "$ROOTFS/dangling"
	mount_row /abs/a bind "$SRC" bind
	mount_row "/var/up/b" bind "$SRC" bind
	mount_row /out/c bind "$SRC" bind
	mount_row /dangling/d bind "$SRC" bind
	run -0 run_sh "cat /tmp/a/file /b/file $BOX/c/file /nowhere/yet/d/file"
	assert_output $'file\nfile\nfile\nfile'
	refute [ -e "$BOX/c" ]
	refute [ -e /b ]
	refute [ -e /nowhere ]
}

@test "mounts: a destination through a link of procfs is refused" {
	mount_row /proc/self/root/tmp/x bind "$SRC" bind
	run run_sh 'ls /tmp/x'
	assert_failure
	config '.mounts[-1].destination = "/proc/self/fd/3"'
	run run_sh true
	assert_failure
	nothing_left
}

@test "mounts: a /proc or /sys of the image that leads elsewhere" {
	rm -d "$ROOTFS/proc"
	mkdir "$ROOTFS/bad"
	ln -s /bad "$ROOTFS/proc"
	run run_sh true
	assert_failure
	assert_output --partial "ordinary directory"
	nothing_left
}

@test "mounts: what is not there, or no option" {
	mount_row /mnt bind "$BOX/nosuch" bind
	run run_sh true
	assert_failure
	assert_output --partial "$BOX/nosuch"
	config '.mounts[-1].source = "'"$SRC"'" | .mounts[-1].options = ["bind", "size=5"]'
	run run_sh true
	assert_failure
	assert_output --partial '"size=5"'
	config 'del(.mounts[-1])'
	mount_row /mnt nosuchfs none
	run run_sh true
	assert_failure
	assert_output --partial nosuchfs
	config '.mounts[-1].type = "tmpfs" | .mounts[-1].options = ["size=blue"]'
	run run_sh true
	assert_failure
	config '.mounts[-1].options = [] | .mounts[-1].destination = "relative/x"'
	run run_sh true
	config '.mounts[-1].destination = "/"'
	run run_sh true
	assert_failure
	nothing_left
}

@test "mounts: a directory on a file, a file on a directory" {
	mount_row /etc/passwd bind "$SRC" bind
	run run_sh true
	assert_failure
	assert_output --partial /etc/passwd
	config '.mounts[-1].destination = "/mnt" | .mounts[-1].source = "'"$SRC/file"'"'
	run run_sh true
	assert_failure
	assert_output --partial /mnt
	nothing_left
}

@test "mounts: a fault is named, whatever else ends by it" {
	mount_row /etc/passwd bind "$SRC" bind
	args true
	local i
	for ((i = 0; i < 40; i++)); do
		run runc run "$ID"
		assert_output --partial "at /etc/passwd: Not a directory"
	done
}

# bats test_tags=short
@test "mounts: kernel file systems of a system container" {
	run -0 run_sh 'for m in /proc /sys /dev /dev/pts /dev/shm /dev/mqueue; do awk -v m=$m "\$2 == m { print \$2, \$3 }" /proc/mounts | tail -n 1; done
		test -w /sys/fs/cgroup; touch /dev/shm/x; mkdir /tmp/p; unshare -Urpf --mount-proc sh -c "ls /proc | grep -c ^1"'
	assert_line "/proc proc"
	assert_line "/sys sysfs"
	assert_line "/dev tmpfs"
	assert_line "/dev/pts devpts"
	assert_line "/dev/shm tmpfs"
	assert_line "/dev/mqueue mqueue"
}

# Packages that contain /proc (filesystem of Fedora) set its owner and its mode.
@test "mounts: /proc is root's, and stays it" {
	run -0 run_sh 'stat -c "%u:%g %a" /proc; chown 0:0 /proc; chmod 555 /proc; stat -c "%u:%g %a" /proc'
	assert_line --index 0 "0:0 555"
	assert_line --index 1 "0:0 555"
	# The host has its own.
	assert_equal "$(stat -c %u:%g /proc)" 0:0
}

@test "mounts: places below /sys/kernel that nobody but root looks into" {
	[[ -d /sys/kernel/debug ]] || skip "a kernel without debugfs"
	run -0 run_sh 'for d in debug tracing; do [ ! -d /sys/kernel/$d ] || stat -c "%u:%g %a %n" /sys/kernel/$d; done; ls -A /sys/kernel/debug'
	assert_line "0:0 700 /sys/kernel/debug"
	refute_output --regexp ' 7[^0]. | 7.[^0] '
}

@test "mounts: remount of what the engine mounted before" {
	mount_row /mnt tmpfs tmpfs
	mount_row /mnt "" "" remount ro
	run run_sh 'touch /mnt/x'
	assert_failure
	assert_output --partial Read-only
}

@test "mounts: masked and read-only paths" {
	echo secret >"$ROOTFS/etc/secret"
	mkdir "$ROOTFS/etc/hidden"
	echo x >"$ROOTFS/etc/hidden/x"
	ln -s secret "$ROOTFS/etc/also"
	config '.linux.maskedPaths = ["/etc/secret", "/etc/hidden", "/etc/hidden", "/nosuch", "/etc/passwd/nosuch"] | .linux.readonlyPaths = ["/home", "/nosuch"]'
	run -0 run_sh 'cat /etc/secret /etc/also; ls -A /etc/hidden; touch /etc/hidden/y 2>/dev/null || echo no; touch /home/x 2>/dev/null || echo ro
		grep -c " /etc/hidden " /proc/mounts'
	assert_output $'no\nro\n1'
	config '.linux.maskedPaths = ["relative"]'
	run run_sh true
	assert_failure
	assert_output --partial 'linux.maskedPaths[0]'
}

@test "mounts: the root read-only, and its propagation" {
	config '.root.readonly = true'
	run -0 run_sh 'touch /x 2>/dev/null || echo ro; mount -o remount,bind,rw / 2>/dev/null || echo held; touch /run/x /tmp/x'
	assert_output $'ro\nheld'
	config '.root.readonly = false'
	local word want
	while read -r word want; do
		config --arg w "$word" '.linux.rootfsPropagation = $w'
		run -0 run_sh "$(options_of /)"
		if [[ $want ]]; then assert_output --partial "$want"; else refute_output --partial :; fi
	done <<-'E'
		private
		rprivate
		shared shared:
		rshared shared:
	E
	config '.linux.rootfsPropagation = "loud"'
	run run_sh true
	assert_failure
	assert_output --partial linux.rootfsPropagation
}

@test "mounts: nothing of the host's mounts is in sight" {
	run -0 run_sh 'cut -d" " -f5 /proc/self/mountinfo'
	refute_output --partial "$BOX"
	refute_line --regexp '^/([^pds]|p[^r]|d[^e]|s[^y])'
}

@test "mounts: two hundred of them" {
	local i
	config --arg s "$SRC" '.mounts += [range(200) | {destination: "/many/\(.)", type: "bind", source: $s, options: ["bind", "ro"]}]'
	run -0 run_sh 'cat /many/*/file | wc -l'
	assert_output 200
}
