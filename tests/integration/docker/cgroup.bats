#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's cgroup, seen from both sides, on whatever layout and driver this machine has;
# and what a host with every capability can give. Most of it is of interest where cgroup v2 is
# all there is: in the guests of tests/vm. The smallest image will do, which slow guests load fast.

load helper

IMAGE=sysbox/busybox:latest

setup_file() {
	load helper
	need_image busybox
	[[ $RUNTIME != runc ]] || return 0
	SCOPE="file" start box --memory 128m --cpus 0.5 --pids-limit 200 $IMAGE
}

teardown_file() { load helper; remove_scope file; }

setup() { sysbox_only; }
teardown() { remove_scope test; }

only_v2() { [[ -e /sys/fs/cgroup/cgroup.controllers ]] || skip "this machine has cgroup v1"; }

# group_of NAME [CONTROLLER]: the host's directory of the group that the engine knows.
group_of() {
	local path root=/sys/fs/cgroup
	[[ -e $root/cgroup.controllers ]] || root+=/${2:-memory}
	path=$(grep -E "^0::|:([a-z_,=]+,)?${2:-memory}(,|:)" "/proc/$(init_pid "$1")/cgroup" | tail -n 1 | cut -d: -f3)
	echo "$root${path%/init.scope}"
}

# bats test_tags=short
@test "cgroup: it is where the engine's driver expects it" {
	docker_only
	local id; id=$(docker inspect -f '{{.Id}}' box)
	case $(docker info --format '{{.CgroupDriver}}') in
	systemd) [[ $(group_of box) == */system.slice/docker-"$id".scope ]] ;;
	*) [[ $(group_of box) == */"$id" ]] ;;
	esac
}

# bats test_tags=short
@test "cgroup: limits are in force, can be read inside, and follow an update" {
	only_v2
	run -0 inside box 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max'
	assert_output $'134217728\n50000 100000\n200'
	docker update --memory 96m --memory-swap 96m --cpus 0.25 --pids-limit 100 box
	run -0 inside box 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max'
	assert_output $'100663296\n25000 100000\n100'
	assert_equal "$(cat "$(group_of box)/memory.max")" 100663296
	run inside box 'echo max >/sys/fs/cgroup/memory.max'
	assert_failure
}

# bats test_tags=short
@test "cgroup: every controller that the host has for it can be enabled inside, and limits hold" {
	only_v2
	run -0 inside box 'cd /sys/fs/cgroup; cat cgroup.procs; mkdir child
		for c in $(cat cgroup.controllers); do echo +$c >cgroup.subtree_control; done
		[ "$(cat cgroup.controllers)" = "$(cat child/cgroup.controllers)" ] && echo all'
	assert_output all
	assert_equal "$(inside box 'cat /sys/fs/cgroup/cgroup.controllers')" "$(cat "$(group_of box)/cgroup.controllers")"
	run inside box 'cd /sys/fs/cgroup/child; echo 8m >memory.max; echo 0 >memory.swap.max
		(echo 0 >cgroup.procs; x=$(head -c 30m /dev/zero | tr "\0" x); echo survived); grep "^oom_kill " memory.events'
	assert_line 'oom_kill 1'
	refute_line survived
	# A later exec, and the engine, still find their way.
	run -0 inside box 'cat /proc/self/cgroup; rmdir /sys/fs/cgroup/child'
	assert_output 0::/init.scope
}

# bats test_tags=short
@test "cgroup: stats, top and pause reach what runs in groups made inside" {
	docker_only
	inside box 'cd /sys/fs/cgroup; [ -e cgroup.procs ] || cd pids; mkdir deep deep/er'
	docker exec -d box sh -c 'cd /sys/fs/cgroup; [ -e cgroup.procs ] || cd pids
		echo 0 >deep/er/cgroup.procs; while :; do echo >>/tmp/ticks; sleep 0.1; done'
	wait_for 10 inside box '[ $(wc -l </tmp/ticks) -gt 3 ]'
	run -0 docker top box -eo pid,args
	assert_output --partial 'while :'
	run -0 docker stats --no-stream --format '{{.PIDs}}' box
	assert [ "$output" -ge 2 ]
	docker pause box
	local root before; root=/proc/$(init_pid box)/root
	before=$(wc -l <"$root/tmp/ticks")
	sleep 1
	assert_equal "$(wc -l <"$root/tmp/ticks")" "$before"
	docker unpause box
	docker restart -t 0 box
	run -0 docker stats --no-stream --format '{{.PIDs}}' box
	assert_output 1
}

# bats test_tags=short
@test "cgroup: removed with the groups made inside, and with what runs in them" {
	start other $IMAGE
	local group; group=$(group_of other pids)
	inside other 'cd /sys/fs/cgroup; [ -e cgroup.procs ] || cd pids; mkdir -p a/b/c'
	docker exec -d other sh -c 'cd /sys/fs/cgroup; [ -e cgroup.procs ] || cd pids
		echo 0 >a/b/c/cgroup.procs; exec sleep 1000'
	wait_for 10 grep -q . "$group/a/b/c/cgroup.procs"
	docker rm -f other
	refute [ -e "$group" ]
}

# --- a host with every capability -----------------------------------------------------------

need_resource() {
	(($(awk '/^CapEff/ { print "0x" $2 }' /proc/self/status) >> 24 & 1)) ||
		skip "this machine withholds CAP_SYS_RESOURCE"
}

# bats test_tags=short
@test "capabilities: limits above the engine's own are set, and a lower oom score" {
	need_resource
	start other --ulimit nofile=1048576:1048576 --ulimit memlock=-1:-1 --oom-score-adj -400 $IMAGE
	run -0 inside other 'ulimit -n; ulimit -l; cat /proc/1/oom_score_adj'
	assert_output $'1048576\nunlimited\n-400'
	# Root inside may not go further than it was given.
	run inside other 'echo -900 >/proc/self/oom_score_adj'
	assert_failure
}

# bats test_tags=short
@test "capabilities: --privileged, of system containers and of runc's beside them" {
	need_resource
	docker_only
	start other --privileged $IMAGE
	run -0 inside other 'mount -t tmpfs none /home && echo mounted; awk "/CapEff/ { print \$2 }" /proc/self/status'
	assert_line --index 0 mounted
	assert_line --index 1 --regexp '^0+1ffffffffff$'
	run -0 docker run --rm --label scope=test --privileged $IMAGE cat /proc/self/uid_map
	assert_output --regexp '^ +0 +0 '
}

# --- security module ------------------------------------------------------------------------

# bats test_tags=short
@test "AppArmor: a system container is unconfined within its user namespace, a named profile holds" {
	[[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]] || skip "AppArmor is off"
	assert_equal "$(inside box 'cat /proc/1/attr/current')" unconfined
	apparmor_parser --replace <<-'END'
	profile sysbox-test flags=(attach_disconnected,mediate_deleted) {
		file, mount, umount, pivot_root, capability, network, unix, signal, ptrace, dbus, change_profile,
		deny /etc/group r,
	}
	END
	start other --security-opt apparmor=sysbox-test $IMAGE
	run inside other 'cat /proc/1/attr/current; cat /etc/hostname >/dev/null && echo read; cat /etc/group'
	assert_line --partial 'sysbox-test (enforce)'
	assert_line read
	assert_line --partial 'Permission denied'
}
