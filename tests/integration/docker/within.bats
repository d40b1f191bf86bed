#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A system container in a system container (docs/limits.md): its engine gives it ids out of those
# that there are, and then all works. Figures of containers in it are the outermost's business.

load helper

setup_file() {
	load helper
	sysbox_only
	# The runtime that is tested here is to run inside as well.
	[[ -x ${SYSBOX_RUNC:-} ]] || skip "a runtime of another Debian"
	need_image debian-docker-bookworm
	SCOPE="file" start_syscont within --memory 1g sysbox/debian-docker:bookworm
	install_runtime
	docker exec within sh -ec 'useradd -r dockremap
		for f in /etc/subuid /etc/subgid; do echo dockremap:1000:60000 >$f; done'
	start_dockerd within --userns-remap=dockremap --add-runtime=sysbox-runc=/usr/local/bin/sysbox-runc
}

teardown_file() {
	load helper
	remove_scope file
}

setup() { sysbox_only; [[ -x ${SYSBOX_RUNC:-} ]] || skip "a runtime of another Debian"; }

# With the libraries that a package would bring.
install_runtime() {
	local bin; bin=$(dirname "$SYSBOX_RUNC")
	tar -C "$bin" -ch sysbox-runc sysbox-fs | docker exec -i within tar -C /usr/local/bin -x
	ldd "$bin/sysbox-runc" "$bin/sysbox-fs" | awk '/=> \// { print $3 }' | sort -u | while read -r lib; do
		docker exec within test -e "$lib" </dev/null || tar -C / -ch "${lib#/}" | docker exec -i within tar -C / -x
	done
}

di() { docker exec within docker "$@"; }
small() { di run --rm --runtime sysbox-runc "$@"; }

# bats test_tags=short
@test "within: a container has ids, figures, time and sysctls of its own" {
	run -0 small --memory 256m --cpus 1 sysbox/busybox sh -ec 'cat /proc/self/uid_map
		awk "/MemTotal/ { print \$2 }" /proc/meminfo; nproc; cut -d. -f1 /proc/uptime
		echo 7 >/proc/sys/vm/swappiness; cat /proc/sys/vm/swappiness'
	assert_line --index 0 --regexp '^ *0 +1000 +60000$'
	assert_line --index 1 262144
	assert_line --index 2 1
	assert_line --index 3 --regexp '^[0-9]$'
	assert_line --index 4 7
	refute [ "$(docker exec within cat /proc/sys/vm/swappiness)" = 7 ]
}

@test "within: it mounts, has devices, and divides its cgroup" {
	run -0 small sysbox/busybox sh -ec 'mount -t tmpfs none /tmp; echo x >/dev/null; head -c 9 /dev/urandom | wc -c
		for d in /sys/fs/cgroup /sys/fs/cgroup/pids; do mkdir $d/x 2>/dev/null && echo divided && break; done'
	assert_line --index 0 9
	assert_line --index 1 divided
}

@test "within: exec, copies, pause, commit, stop and start" {
	di run -d --name life --runtime sysbox-runc sysbox/busybox sleep 600
	docker exec within sh -ec 'echo hello >/tmp/h; docker cp /tmp/h life:/h'
	assert_equal "$(di exec life cat /h)" hello
	di pause life
	di unpause life
	di commit life copy
	di stop -t 1 life
	di start life
	assert_equal "$(di exec life cat /h)" hello
	di rm -f life
	assert_equal "$(di run --rm copy cat /h)" hello
}

@test "within: a procfs of a container in it has figures of that one's cgroup" {
	[[ -d /sys/fs/cgroup/memory ]] || skip "written for v1"
	run -0 small sysbox/busybox sh -ec 'g=/sys/fs/cgroup/memory/x
		mkdir $g; echo 64M >$g/memory.limit_in_bytes; echo $$ >$g/cgroup.procs
		unshare -mpf sh -ec "mount -t proc proc /proc; grep MemTotal /proc/meminfo"'
	assert_line --regexp '^MemTotal: +65536 kB$'
}

@test "within: the log says that it has no listener" {
	di run -d --name said --runtime sysbox-runc sysbox/busybox sleep 600
	run -0 docker exec within sh -c 'cat /run/docker/containerd/daemon/*/moby/*/log.json'
	assert_output --partial 'no seccomp listener is to be had'
	di rm -f said
}

@test "within: an engine that gives no ids is told so" {
	run di run --rm --userns=host --runtime sysbox-runc sysbox/busybox true
	assert_failure
	assert_output --partial 'do not exist here'
	assert_output --partial 'userns-remap'
}
