#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a system container must not be able to do, tried from inside as root.  Each attempt is such
# that it does no harm where the runtime under test is broken and it succeeds.

load helper

setup_file() {
	load helper
	[[ $RUNTIME != runc ]] || return 0
	need_image debian-docker-bookworm
	SCOPE="file" start one sysbox/debian-docker:bookworm
	SCOPE="file" start two sysbox/debian-docker:bookworm
	refuse_host_root one
	refuse_host_root two
}

# Whatever the runtime is called: where root inside is root of the host, these tests are not
# attempts but changes of the host.
refuse_host_root() {
	(($(first_id "$1") > 0)) && return
	remove_scope file
	echo "root of the container is root of the host: nothing of this file is tried" >&2
	return 1
}

teardown_file() { load helper; remove_scope file; }

setup() { sysbox_only; }

# first_id NAME: the first host id of a container's range.
first_id() { inside "$1" 'cat /proc/self/uid_map' | awk '{ print $2 }'; }

# bats test_tags=short
@test "uid and gid maps: one range of at least 65536, not the host's root" {
	run -0 inside one 'cat /proc/self/uid_map'
	assert_equal "${#lines[@]}" 1
	read -r in out size <<<"$output"
	assert_equal "$in" 0
	assert [ "$out" -gt 0 ]
	assert [ "$size" -ge 65536 ]
	assert_equal "$(inside one 'cat /proc/self/gid_map')" "$(inside one 'cat /proc/self/uid_map')"
}

# bats test_tags=short
@test "uid maps: two containers share not one id" {
	local a b; a=$(first_id one); b=$(first_id two)
	assert [ $((a > b ? a - b : b - a)) -ge 65536 ]
}

# bats test_tags=short
@test "on the host, the processes are those ids'" {
	local pid; pid=$(init_pid one)
	assert_equal "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" "$(first_id one)"
	assert_equal "$(stat -c %u "/proc/$pid")" "$(first_id one)"
}

@test "the range stays the container's through a restart, with what it wrote" {
	start three sysbox/debian-docker:bookworm
	inside three 'echo x >/root/x; touch /home/u; chown 1000:1000 /home/u'
	docker restart -t 0 three
	run -0 inside three 'stat -c %u:%g /root/x /home/u'
	assert_line --index 0 0:0
	assert_line --index 1 1000:1000
	local a b; a=$(first_id one); b=$(first_id three)
	assert [ $((a > b ? a - b : b - a)) -ge 65536 ]
	remove_scope test
}

# bats test_tags=short
@test "every namespace is the container's own" {
	local n
	for n in cgroup ipc mnt net pid user uts; do
		assert [ "$(inside one "readlink /proc/self/ns/$n")" != "$(readlink /proc/self/ns/$n)" ]
		assert [ "$(inside one "readlink /proc/self/ns/$n")" != "$(inside two "readlink /proc/self/ns/$n")" ]
	done
}

# bats test_tags=short
@test "no process of the host or of another container is visible" {
	run -0 inside one 'ls -d /proc/[0-9]* | wc -l'
	assert [ "$output" -lt 8 ]
	run inside one "ls /proc/$(init_pid two)/root/etc"
	assert_failure
}

# bats test_tags=short
@test "no file of the host: not by mountinfo, not by /proc/1, not by dot-dot" {
	local mark=/tmp/sysbox-mark-$$
	echo secret >"$mark"
	run inside one "cat $mark /proc/1/root$mark /proc/self/root/../../..$mark"
	assert_failure
	refute_output --partial secret
	# Root of one container against the files of another, by the ids that own them.
	run inside one "umount -l / 2>/dev/null; umount -l /proc/sys 2>/dev/null; ls $mark"
	assert_failure
	rm -f "$mark"
	docker restart -t 0 one
}

@test "leaving by unmounting and by open directories ends inside" {
	run -0 inside one 'ls /proc/self/fd /proc/1/fd; for f in /proc/1/fd/*; do readlink $f; done'
	refute_output --partial overlay2
	refute_output --partial /run/docker
	run inside one 'for d in /proc/[0-9]*/cwd /proc/[0-9]*/root; do ls $d/../../../../etc/debian_version; done'
	refute_output --partial 'No such file'
}

# bats test_tags=short
@test "devices: no disk, no memory, no kernel log can be opened, nor made" {
	run inside one 'for d in vda sda nvme0n1 mem kmem port; do head -c 1 /dev/$d && echo OPENED $d; done
		for d in "b 254 0" "b 8 0" "b 7 0" "c 1 1" "c 1 4"; do
			mknod /root/node $d && head -c 1 /root/node && echo OPENED $d; rm -f /root/node
		done'
	refute_output --partial OPENED
}

@test "mounts: no block device, no debugfs, no fresh view of the host's cgroups" {
	run inside one 'mkdir -p /m; for t in debugfs tracefs securityfs bpf ext4; do
			mount -t $t none /m 2>/dev/null && ls /m | head -n 1 && echo MOUNTED $t; umount /m 2>/dev/null
		done; mount -o ro /dev/vda /m && echo MOUNTED disk
		mount -t cgroup -o memory none /m && ls /m | grep -q sysbox-engine && echo SAW other cgroups; true'
	refute_output --partial 'MOUNTED debugfs'
	refute_output --partial 'MOUNTED ext4'
	refute_output --partial 'MOUNTED disk'
	refute_output --partial SAW
}

# unchanged NAME VALUE: the host's setting is the same after VALUE was written inside.
unchanged() {
	local before after
	before=$(cat "/proc/sys/$1")
	inside one "echo $2 >/proc/sys/$1" 2>/dev/null || true
	after=$(cat "/proc/sys/$1")
	[[ $after == "$before" ]] || echo "$before" >"/proc/sys/$1"
	assert_equal "$1 $after" "$1 $before"
}

# bats test_tags=short
@test "kernel settings of the host cannot be changed" {
	unchanged kernel/panic 3
	unchanged vm/swappiness 61
	unchanged fs/pipe-max-size 1048577
	unchanged kernel/core_uses_pid 1
	unchanged kernel/core_pattern core.of.a.test
	run inside one 'for f in /proc/sysrq-trigger /sys/kernel/mm/ksm/run \
			/sys/kernel/uevent_helper /sys/power/state; do
		[ ! -e $f ] || ! (: >>$f) 2>/dev/null || echo OPENED $f; done'
	refute_output --partial OPENED
}

@test "the kernel itself: no module, no kexec, no clock, no reboot, no swap" {
	run inside one 'date -s "$(date)" && echo DONE clock; swapon /etc/passwd && echo DONE swap
		echo >/tmp/x.ko; insmod /tmp/x.ko 2>&1 | grep -v -i "not permitted\|not found" && echo DONE module
		true'
	refute_output --partial DONE
}

@test "the kernel log of the host is not readable, as it is not with runc" {
	run inside one 'dmesg'
	refute_output --regexp 'Linux version|Command line:|BIOS-e820'
}

# bats test_tags=short
@test "limits: can be read inside, and not be raised" {
	start three --memory 64m --pids-limit 60 sysbox/debian-docker:bookworm
	assert_equal "$(cgroup_value three memory)" 67108864
	run inside three 'for f in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max \
			/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do
		[ -e $f ] && echo 1000000000 >$f && echo RAISED $f; done; true'
	refute_output --partial RAISED
	assert_equal "$(cgroup_value three memory)" 67108864
	assert_equal "$(cgroup_value three pids)" 60
	remove_scope test
}

# bats test_tags=short
@test "limits: a child cgroup can be made and limited inside" {
	run -0 inside one 'd=/sys/fs/cgroup/pids; [ -d $d ] || d=/sys/fs/cgroup
		mkdir $d/mine && ls $d/mine | grep -c "cgroup.procs" && rmdir $d/mine'
	assert_output 1
}

@test "cgroups: neither the host's nor another container's are visible" {
	run -0 inside one 'cat /proc/self/cgroup; grep cgroup /proc/self/mountinfo; find /sys/fs/cgroup -maxdepth 3 -name "*sysbox-engine*"'
	refute_output --partial sysbox-engine
	refute_output --partial "$(docker inspect -f '{{.Id}}' two)"
}

@test "kernel memory and addresses are not readable" {
	run -0 inside one 'head -c 4 /proc/kcore 2>/dev/null | grep -c ELF; awk "\$1 !~ /^0+$/" /proc/kallsyms | wc -l
		cat /proc/timer_list 2>/dev/null | wc -l; ls /sys/firmware 2>/dev/null | wc -l; true'
	assert_output "$(printf '0\n0\n0\n0')"
}

@test "a fork bomb ends at the pids limit, and the container can be removed" {
	start three --pids-limit 100 sysbox/debian-docker:bookworm
	docker exec -d three bash -c 'b() { b | b & }; b'
	sleep 2
	run -0 timeout 30 "$TOP/tests/engine/engine" cli "$ENGINE" rm -f three
}
