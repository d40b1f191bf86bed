#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Values that the kernel keeps once for the whole host: each container has its own.

load helper

IMAGE=sysbox/debian-docker:bookworm

setup_file() {
	load helper
	[[ $RUNTIME != runc ]] || return 0
	need_image debian-docker-bookworm
	SCOPE="file" start values $IMAGE
}

teardown_file() { load helper; remove_scope file; }

setup() { sysbox_only; docker_only; }
teardown() { remove_scope test; }

# What this kernel has, of what somebody is known to write; with a good and a bad value.
ROWS="
vm/overcommit_memory 1 3
vm/panic_on_oom 0 3
vm/max_map_count 262144 x
vm/swappiness 1 201
vm/dirty_bytes 100000000 1
vm/dirty_background_ratio 5 101
vm/nr_hugepages 0 x
vm/zone_reclaim_mode 0 -1
vm/min_free_kbytes 65536 -1
kernel/panic 10 2147483648
kernel/panic_on_oops 1 x
kernel/keys/root_maxkeys 1000000 0
kernel/keys/root_maxbytes 25000000 0
kernel/sysrq 16 x
kernel/kptr_restrict 1 3
kernel/dmesg_restrict 1 2
kernel/perf_event_paranoid 3 x
kernel/core_uses_pid 1 x
kernel/unprivileged_bpf_disabled 1 3
kernel/randomize_va_space 2 y
kernel/numa_balancing 0 5
fs/file-max 1000000 x
fs/nr_open 1048576 1
fs/aio-max-nr 1048576 x
fs/inotify/max_user_watches 524288 -1
fs/inotify/max_user_instances 8192 -1
fs/protected_hardlinks 1 2
fs/suid_dumpable 0 3
net/core/rmem_max 7500000 1
net/core/wmem_max 7500000 1
net/netfilter/nf_conntrack_max 131072 -1
net/ipv4/neigh/default/gc_thresh3 4096 x
"

# each FUNCTION: with path, good and bad value of what is there.
each() {
	local path good bad
	while read -r path good bad; do
		[[ -n $path ]] && inside values "test -e /proc/sys/$path" || continue
		"$1" "$path" "$good" "$bad" || { echo "at $path"; return 1; }
	done <<<"$ROWS"
}

host_value() { cat "/proc/sys/$1" 2>/dev/null || true; }

is_read_back() {
	local before; before=$(host_value "$1")
	inside values "printf '%s\n' $2 >/proc/sys/$1 && cat /proc/sys/$1" >"$BATS_TEST_TMPDIR/got"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/got")" "$2"
	assert_equal "$(host_value "$1")" "$before"
}

is_refused() {
	run inside values "printf '%s\n' $3 >/proc/sys/$1"
	assert_failure
	assert_output --partial "Invalid argument"
	assert_equal "$(inside values "cat /proc/sys/$1")" "$2"
}

# bats test_tags=short
@test "sysctl: what is written is read back, and the host keeps its own" { each is_read_back; }

@test "sysctl: a bad value gets the kernel's errno, and changes nothing" {
	each is_read_back
	each is_refused
}

@test "sysctl: of another container, of another user" {
	inside values 'echo 17 >/proc/sys/vm/swappiness'
	start other $IMAGE
	refute [ "$(inside other 'cat /proc/sys/vm/swappiness')" = 17 ]
	run docker exec -u 1000 values sh -c 'echo 3 >/proc/sys/vm/swappiness'
	assert_failure
	assert_output --partial "Permission denied"
	assert_equal "$(docker exec -u 1000 values cat /proc/sys/vm/swappiness)" 17
}

# Each line of it holds on the kernel's own sysctls, too.
ACCESS='
import os, errno, sys
path = sys.argv[1]
def value(): return open(path).read()
def written(data, flags=os.O_WRONLY, at=None):
    fd = os.open(path, flags)
    try:
        if at is not None: os.lseek(fd, at, os.SEEK_SET)
        return os.write(fd, data)
    finally: os.close(fd)
def refused(data):
    try: written(data)
    except OSError as e: return e.errno
assert written(b"7\n") == 2 and value() == "7\n"
assert written(b"8") == 1 and value() == "8\n"
assert written(b"  9 \n") == 5 and value() == "9\n"
assert written(b"0x10\n") == 5 and value() == "16\n"
assert written(b"5\n", os.O_WRONLY | os.O_TRUNC) == 2 and value() == "5\n"
assert written(b"6\n", os.O_WRONLY | os.O_APPEND) == 2 and value() == "6\n"
assert written(b"1\n", at=1) == 2 and value() == "6\n"      # not at the begin: ignored
assert written(b"4 3\n") == 2 and value() == "4\n"          # one number is taken
for bad in (b"\n", b"", b"x", b"1x", b"1\0", b"99999999999999999999"):
    if bad: assert refused(bad) == errno.EINVAL, bad
fd = os.open(path, os.O_RDWR)
assert os.read(fd, 100) == b"4\n" and os.read(fd, 100) == b""
os.lseek(fd, 0, os.SEEK_SET)
assert os.read(fd, 100) == b"4\n"
assert os.write(fd, b"1\n") == 2 and value() == "4\n"
os.lseek(fd, 0, os.SEEK_SET)
assert os.write(fd, b"2\n") == 2
assert os.pread(fd, 100, 0) == b"2\n" and value() == "2\n"
os.truncate(path, 0)
assert value() == "2\n"
for call in (lambda: os.chmod(path, 0o666), lambda: os.chown(path, 5, 5)):
    try: call()
    except OSError as e: assert e.errno == errno.EPERM
    else: raise AssertionError("no EPERM")
'

@test "sysctl: offsets, truncation, appending, seeking, as the kernel has it" {
	docker exec -i values python3 - /proc/sys/vm/swappiness <<<"$ACCESS"
	# The yardstick: a sysctl of the container's network, which is the kernel's own.
	docker exec -i values python3 - /proc/sys/net/ipv4/tcp_fin_timeout <<<"$ACCESS"
}

@test "sysctl: systemd-sysctl's way, and sysctl -p" {
	inside values 'printf "vm.max_map_count=262144\nvm.swappiness = 10\nkernel.panic=5\n" >/tmp/c && sysctl -p /tmp/c'
	assert_equal "$(inside values 'sysctl -n vm.max_map_count vm.swappiness kernel.panic')" $'262144\n10\n5'
	inside values 'sysctl -a >/dev/null'
}

@test "sysctl: random and boot id" {
	assert_equal "$(inside values 'sort -u /proc/sys/kernel/random/uuid /proc/sys/kernel/random/uuid | wc -l')" 2
	run -0 inside values 'cat /proc/sys/kernel/random/boot_id'
	assert_output --regexp '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
	refute_output "$(cat /proc/sys/kernel/random/boot_id)"
	assert_equal "$(inside values 'cat /proc/sys/kernel/random/boot_id')" "$output"
}

@test "sysctl: addresses and serial numbers of the host are not readable" {
	assert_equal "$(inside values 'cat /sys/kernel/notes /sys/kernel/vmcoreinfo /sys/kernel/boot_params/data | wc -c')" 0
	assert_equal "$(inside values 'cat /sys/block/*/serial 2>/dev/null | wc -c')" 0
	assert_equal "$(inside values 'head -1 /proc/kallsyms | cut -d" " -f1')" 0000000000000000
	run -0 inside values 'cat /sys/class/dmi/id/board_serial /sys/class/dmi/id/product_serial 2>/dev/null || true'
	refute_output --regexp '[0-9A-Za-z]'
}

@test "sysctl: /dev/kmsg is the container's: taken, empty, and to be polled" {
	start logging -e SYSBOX_EMULATE=sysctl,kmsg $IMAGE
	docker exec -i logging python3 - <<-'END'
	import errno, os, select
	fd = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
	assert os.write(fd, b"<6>hello\n") == 9
	try: os.read(fd, 100)
	except OSError as e: assert e.errno == errno.EAGAIN
	else: raise AssertionError("something to read")
	p = select.epoll()
	p.register(fd, select.EPOLLIN)
	assert p.poll(0.2) == []
	END
	assert_equal "$(inside logging 'cat /dev/kmsg | wc -c')" 0
	# Without being asked for, it is a device that an engine within can pass on.
	assert_equal "$(inside values 'stat -c "%F %t:%T" /dev/kmsg')" "character special file 1:3"
}

@test "sysctl: after the death of their worker the values are still there" {
	local pid keeper p
	pid=$(init_pid values)
	for p in $(pgrep -x sysbox-fs); do
		! grep -qsw "Pid:.$pid" /proc/"$p"/fdinfo/* || keeper=$p
	done
	inside values 'echo 23 >/proc/sys/vm/swappiness; exec 9</sys/devices/system/cpu/cpu0/topology/core_id; cat <&9'
	pkill -KILL -P "$keeper" -x sysbox-fs-plain
	assert_equal "$(inside values 'cat /proc/sys/vm/swappiness')" 23
	assert_equal "$(inside values 'cat /sys/devices/system/cpu/cpu0/topology/core_id')" \
		"$(cat /sys/devices/system/cpu/cpu0/topology/core_id)"
}

# As Calico does; "default" is the kernel's where it has one.
@test "sysctl: with SYSBOX_EMULATE=-neigh the interfaces are there, also for containers within" {
	local write='echo 0 >/proc/sys/net/ipv4/neigh/lo/proxy_delay &&
		cat /proc/sys/net/ipv4/neigh/lo/proxy_delay'
	start calico --memory 256m -e SYSBOX_EMULATE=-neigh sysbox/debian-docker:bookworm
	assert_equal "$(inside calico "$write")" 0
	assert_equal "$(inside calico "unshare -nmpf sh -c 'mount -t proc proc /proc; $write'")" 0
	assert_equal "$(inside calico "unshare -mpf sh -c 'mount -t proc proc /proc; grep MemTotal /proc/meminfo'")" \
		'MemTotal:         262144 kB'
	assert_equal "$(inside calico 'echo 17 >/proc/sys/kernel/panic; cat /proc/sys/kernel/panic')" 17
	run -1 inside values 'test -d /proc/sys/net/ipv4/neigh/lo'
}
