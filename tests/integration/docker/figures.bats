#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Programs that ask what machine they are on: all get the same answer, that of the limits.

load helper

IMAGE=sysbox/debian-figures:bookworm

setup_file() {
	load helper
	sysbox_only
	need_image debian-figures-bookworm
	SCOPE="file" start figures --memory 512m --cpus 1 --cpuset-cpus 0-1 $IMAGE
}

teardown_file() {
	load helper
	remove_scope file
}

setup() { sysbox_only; }

f() { docker exec figures "$@"; }
py() { f python3 -c "import os; print($1)"; }
js() { f node -p "const os = require('os'); $1"; }
# What the JVM has found out at its start; availableProcessors() returns this number.
jvm() { f sh -c 'java -Xlog:gc+init -version' | sed -n "s/.*\] $1: *//p"; }

@test "figures: one processor: nproc, getconf, lscpu, Python, Node, Java, iostat, mpstat" {
	assert_equal "$(f nproc)" 1
	assert_equal "$(f getconf _NPROCESSORS_ONLN)" 1
	assert_equal "$(f lscpu -p=cpu | grep -vc '^#')" 1
	assert_equal "$(py 'os.cpu_count()')" 1
	assert_equal "$(py 'len(os.sched_getaffinity(0))')" 1
	assert_equal "$(js 'os.cpus().length')" 1
	assert_equal "$(js 'os.availableParallelism()')" 1
	assert_equal "$(jvm CPUs)" '1 total, 1 available'
	run -0 f iostat
	assert_line --index 0 --partial '(1 CPU)'
	run -0 f mpstat -P ALL
	assert_line --index 0 --partial '(1 CPU)'
	refute_line --regexp ' 1( +[0-9.]+){10}$'
}

@test "figures: 512 MiB: free, vmstat, top, Python, Node, Java" {
	assert_equal "$(f free -m | awk '/^Mem:/ { print $2 }')" 512
	assert_equal "$(f vmstat -s | awk '/total memory/ { print $1 }')" 524288
	run -0 f top -b -n 1
	assert_output --regexp 'MiB Mem : +512.0 total'
	assert_equal "$(py 'os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") >> 20')" 512
	assert_equal "$(js 'os.totalmem() / 1048576')" 512
	assert [ "$(js 'Math.floor(os.freemem() / 1048576)')" -lt 512 ]
	assert_equal "$(jvm Memory)" 512M
	# A quarter of it, as on a machine with so much.
	assert_equal "$(jvm 'Heap Max Capacity')" 128M
}

@test "figures: disks: iostat and lsblk have those of /proc/diskstats" {
	f sh -c 'dd if=/dev/zero of=/disk bs=1M count=8 oflag=direct 2>/dev/null; sync; sleep 1.5'
	local disks; disks=$(f awk '{ print $3 }' /proc/diskstats)
	assert [ -n "$disks" ]
	assert [ "$(wc -w <<<"$disks")" -le "$(ls /sys/block | wc -w)" ]
	assert_equal "$(f ls /sys/block)" "$disks"
	assert_equal "$(f ls /sys/class/block)" "$disks"
	assert_equal "$(f lsblk -dnro NAME)" "$disks"
	# Device, and kB written in all.
	assert_equal "$(f iostat -dk | awk 'NR > 3 && NF { print $1, $7 }')" \
		"$(f awk '{ print $3, $10 / 2 }' /proc/diskstats)"
}

@test "figures: disks: a device is found where the kernel has it" {
	local disk; disk=$(f ls /sys/block | head -n 1)
	assert_equal "$(f realpath "/sys/class/block/$disk")" "$(realpath "/sys/class/block/$disk")"
	assert_equal "$(f realpath "/sys/block/$disk/queue/../subsystem")" /sys/class/block
	assert_equal "$(f cat "/sys/block/$disk/size")" "$(cat "/sys/block/$disk/size")"
	assert_equal "$(f realpath "/sys/dev/block/$(cat "/sys/block/$disk/dev")")" "$(realpath "/sys/block/$disk")"
}

@test "figures: htop, on a terminal" {
	run bash -c '(sleep 4; printf q) | TERM=xterm timeout 30 script -qc "$0" /dev/null | sed "s/\x1b[[(][0-9;?]*[a-zA-Z]//g"' \
		"$TOP/tests/engine/engine cli $ENGINE exec -e TERM=xterm -it figures htop"
	assert_output --partial '/512M'
	refute_output --regexp ' 1\[[|]*[ 0-9.]*%\]'
}

@test "figures: uptime and load: uptime, top, Node" {
	local seconds; seconds=$(js 'Math.floor(os.uptime())')
	assert [ "$seconds" -lt 600 ]
	run -0 f uptime
	assert_output --regexp 'up +[0-9] min'
	assert_equal "$(js 'os.loadavg().length')" 3
	f awk -v s="$seconds" '{ exit !($1 >= s && $1 < s + 60) }' /proc/uptime
}
