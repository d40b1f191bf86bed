# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Whether a guest of this harness is what the integration tests take it for: the cgroup layout
# and driver that were asked for, all capabilities, the kernel's features, engines that work
# with runtimes other than ours. Runs in the guest: run --vm KERNEL -- bats tests/vm/smoke.bats

bats_require_minimum_version 1.5.0

setup_file() {
	docker image inspect box >/dev/null 2>&1 || make_image
}

# An image without a registry: busybox alone.
make_image() {
	local root=$BATS_FILE_TMPDIR/root

	mkdir -p "$root/bin" "$root/etc" "$root/tmp"
	cp /bin/busybox "$root/bin/"
	chroot "$root" /bin/busybox --install -s /bin
	tar -C "$root" -c . | docker import --change 'CMD ["sh"]' - box >/dev/null
}

teardown() {
	docker ps -aq --filter name=^smoke | xargs -r docker rm -f >/dev/null
}

box() { docker run --rm "$@"; }

uml() { [[ $VM_NAME == uml-* ]]; }

@test "cgroup: the layout is the one asked for" {
	local type
	type=$(stat -fc %T /sys/fs/cgroup)
	case $VM_CGROUP in
	v2) [[ $type == cgroup2fs ]] ;;
	hybrid) [[ $type == tmpfs && -e /sys/fs/cgroup/unified/cgroup.procs ]] ;;
	v1) [[ $type == tmpfs && ! -e /sys/fs/cgroup/unified ]] ;;
	esac
}

@test "cgroup: the controllers that tests use are there" {
	local controller wanted='cpu memory pids'
	uml || wanted+=' cpuset'
	for controller in $wanted; do
		if [[ $VM_CGROUP == v2 ]]; then
			grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers
		else
			[[ -e /sys/fs/cgroup/$controller/cgroup.procs ]]
		fi
	done
}

@test "capabilities: cap_sys_resource is there and raises limits" {
	capsh --print | grep '^Bounding' | grep -qw cap_sys_resource
	echo -900 >/proc/$$/oom_score_adj
	(ulimit -n 1000 && prlimit --nofile=4000:4000 true)
}

@test "docker: uses the driver asked for" {
	[[ $(docker info --format '{{.CgroupDriver}}') == "$VM_DRIVER" ]]
}

@test "docker: runs a container by runc" {
	[[ $(box box echo hello) == hello ]]
}

@test "docker: runs a container by crun" {
	[[ $(box --runtime=crun box echo hello) == hello ]]
}

@test "docker: runs a privileged container" {
	box --privileged box mount -t tmpfs tmpfs /tmp
}

@test "docker: a memory limit arrives in the cgroup of the driver" {
	local id pid path
	id=$(docker run -d --name smoke --memory 64m box sleep 60)
	pid=$(docker inspect -f '{{.State.Pid}}' smoke)
	path=$(sed -n 's,^0::,,p; s,^[0-9]*:memory:,memory,p' "/proc/$pid/cgroup" | sort | tail -n 1)
	case $VM_DRIVER in
	systemd) [[ $path == *system.slice/docker-$id.scope ]] ;;
	cgroupfs) [[ $path == */docker/$id ]] ;;
	esac
	[[ $(cat "/sys/fs/cgroup/$path"/memory.{max,limit_in_bytes} 2>/dev/null) == 67108864 ]]
}

@test "docker: containers reach each other on a bridge, the host a published port" {
	docker run -d --name smoke -p 8080:80 box \
		sh -c 'echo up >/tmp/index.html; httpd -f -h /tmp' >/dev/null
	[[ $(box --link smoke:web box wget -qO- http://web/) == up ]]
	[[ $(curl -s --retry 5 --retry-connrefused http://127.0.0.1:8080/) == up ]]
}

@test "apparmor: enabled, and docker confines a container by it" {
	[[ $(cat /sys/module/apparmor/parameters/enabled) == Y ]]
	[[ $(box box cat /proc/self/attr/current) == 'docker-default (enforce)' ]]
}

@test "seccomp: listeners are there, and docker's filter is on" {
	grep -qw user_notif /proc/sys/kernel/seccomp/actions_avail
	[[ $(box box grep Seccomp: /proc/self/status | tr -dc 0-9) == 2 ]]
}

@test "namespaces: a user namespace mounts its own procfs" {
	[[ $(unshare --user --map-root-user --pid --fork --mount-proc sh -c 'echo $$') == 1 ]]
}

@test "idmap: a mount with other ids works on ext4" {
	mkdir -p "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/target"
	touch "$BATS_TEST_TMPDIR/source/file"
	[[ $(python3 tests/vm/guest/idmap-mount "$BATS_TEST_TMPDIR/source" \
		"$BATS_TEST_TMPDIR/target" 100000 -- stat -c %u "$BATS_TEST_TMPDIR/target/file") == 100000 ]]
}

@test "overlay: mounts over ext4 and takes a whiteout" {
	cd "$BATS_TEST_TMPDIR"
	mkdir lower upper work merged
	touch lower/file
	mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
	rm merged/file
	umount merged
	[[ -c upper/file ]]
}

@test "fuse: a file system in user space answers" {
	mkdir -p "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/target"
	echo data >"$BATS_TEST_TMPDIR/source/file"
	bindfs "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/target"
	[[ $(cat "$BATS_TEST_TMPDIR/target/file") == data ]]
	umount "$BATS_TEST_TMPDIR/target"
}

@test "processors: an emulated machine has two" {
	! uml || skip 'User Mode Linux has one'
	[[ $(nproc) == 2 ]]
	box --cpuset-cpus 1 box grep -q 'Cpus_allowed_list:.1$' /proc/self/status
}

@test "systemd: no unit failed" {
	[[ ! $(systemctl list-units --failed --no-legend) ]]
}
