#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container sees the machine that it was given.

load helper

IMAGE=sysbox/debian-docker:bookworm
FILES="/proc/meminfo /proc/swaps /proc/vmstat /proc/stat /proc/cpuinfo /proc/loadavg /proc/uptime
	/proc/diskstats /proc/partitions /sys/devices/system/cpu/online /sys/devices/system/cpu/possible
	/sys/devices/system/cpu/present"

setup_file() {
	load helper
	[[ $RUNTIME != runc ]] || return 0
	need_image debian-docker-bookworm
	SCOPE="file" start given --memory 512m --cpus 1 $IMAGE
}

teardown_file() { load helper; remove_scope file; }

setup() { sysbox_only; docker_only; }
teardown() { remove_scope test; }

meminfo() { inside "$1" "awk '/^$2:/ { print \$2 }' /proc/meminfo"; }

# supervisor_of NAME: the keeper that watches this container's init.
supervisor_of() {
	local pid p; pid=$(init_pid "$1")
	for p in $(pgrep -x sysbox-fs); do
		! grep -qsw "Pid:.$pid" /proc/"$p"/fdinfo/* || { echo "$p"; return; }
	done
	return 1
}

# bats test_tags=short
@test "resources: memory is the limit, and free agrees" {
	assert_equal "$(meminfo given MemTotal)" 524288
	run -0 inside given 'free -k'
	assert_line --regexp '^Mem: +524288 '
	assert [ "$(meminfo given MemFree)" -le 524288 ]
	assert [ "$(meminfo given MemAvailable)" -gt 262144 ]
}

# bats test_tags=short
@test "resources: one CPU for every source of the C library and of lscpu" {
	assert_equal "$(inside given 'getconf _NPROCESSORS_ONLN')" 1
	assert_equal "$(inside given 'grep -c ^processor /proc/cpuinfo')" 1
	assert_equal "$(inside given 'grep -c ^cpu[0-9] /proc/stat')" 1
	assert_equal "$(inside given 'lscpu -p=cpu | grep -vc ^#')" 1
}

# bats test_tags=short
@test "resources: uptime, load and top are the container's" {
	run -0 inside given 'read -r up idle </proc/uptime; echo "${up%.*}"'
	assert [ "$output" -lt 600 ]
	if [[ -z $(top_columns) ]]; then
		run -0 inside given 'top -b -n 1 | head -5'
		assert_output --partial "512.0 total"
	fi
	run -0 inside given 'cut -d" " -f4 /proc/loadavg'
	assert [ "${output#*/}" -lt 40 ]
}

# bats test_tags=short
@test "resources: uptime, boot time and the start of a process agree" {
	# shellcheck disable=SC2016 # expanded inside
	run -0 inside given 'read -r up _ </proc/uptime; ticks=$(awk "{ print \$22 }" /proc/self/stat)
		btime=$(awk "/^btime/ { print \$2 }" /proc/stat)
		echo "$((${up%.*} - ticks / 100)) $(($(date +%s) - btime - ticks / 100))"'
	read -r by_uptime by_clock <<<"$output"
	assert [ "$by_uptime" -ge -1 ] && assert [ "$by_uptime" -le 3 ]
	assert [ "$by_clock" -ge -1 ] && assert [ "$by_clock" -le 3 ]
}

@test "resources: docker update is seen at once" {
	(($(nproc) > 1)) || skip "this machine has one CPU"
	start changed --memory 256m --cpus 2 $IMAGE
	assert_equal "$(meminfo changed MemTotal)" 262144
	docker update --memory 128m --memory-swap 128m --cpus 1 changed
	assert_equal "$(meminfo changed MemTotal)" 131072
	assert_equal "$(inside changed 'getconf _NPROCESSORS_ONLN')" 1
}

@test "resources: a busy CPU is seen in stat and in the load" {
	start busy --cpus 1 $IMAGE
	inside busy 'timeout 8 sh -c "while :; do :; done"' || true
	run -0 inside busy 'awk "/^cpu / { print \$2 + \$4 }" /proc/stat'
	assert [ "$output" -gt 50 ]
	run -0 inside busy 'cut -d" " -f1 /proc/loadavg'
	refute_output 0.00
}

@test "resources: what is written to a sysctl is read back, and not by others" {
	local before; before=$(cat /proc/sys/vm/swappiness)
	inside given 'echo 11 >/proc/sys/vm/swappiness'
	assert_equal "$(inside given 'cat /proc/sys/vm/swappiness')" 11
	run inside given 'echo 201 >/proc/sys/vm/swappiness'
	assert_failure
	assert_equal "$(inside given 'cat /proc/sys/vm/swappiness')" 11
	start other $IMAGE
	assert_equal "$(inside other 'cat /proc/sys/vm/swappiness')" "$before"
	assert_equal "$(cat /proc/sys/vm/swappiness)" "$before"
}

@test "resources: SYSBOX_EMULATE=off and groups" {
	start off -e SYSBOX_EMULATE=off --memory 128m $IMAGE
	refute [ "$(meminfo off MemTotal)" = 131072 ]
	assert_equal "$(inside off 'grep -c fuse.sysbox-fs /proc/self/mounts || true')" 0
	start some -e SYSBOX_EMULATE=memory --memory 128m $IMAGE
	assert_equal "$(meminfo some MemTotal)" 131072
	run -0 inside some 'grep fuse.sysbox-fs /proc/self/mounts'
	assert_output --partial " /proc/meminfo "
	refute_output --regexp ' (/proc/sys|/proc/stat|/sys/devices/system/cpu)'
}

@test "resources: a nested user namespace still gets a procfs of its own" {
	run -0 inside given 'unshare -Urmpf --mount-proc cat /proc/self/stat'
	assert_output --regexp '^1 \(cat\)'
}

@test "resources: readers live through the death of the worker, again and again" {
	local keeper i
	keeper=$(supervisor_of given)
	docker exec given sh -c "for i in \$(seq 150); do cat $(echo $FILES) >/dev/null || exit 1; done" 3>&- &
	for i in $(seq 12); do
		pkill -KILL -P "$keeper" -x sysbox-fs || true
		sleep 0.1
	done
	wait $!
	assert_equal "$(inside given 'cat /proc/sys/vm/swappiness')" 11
	assert_equal "$(meminfo given MemTotal)" 524288
}
