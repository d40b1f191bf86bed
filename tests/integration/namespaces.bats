#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Namespaces of the container's own, and such as are given by path.

load helper

link_of() { readlink "/proc/${2:-self}/ns/$1"; }

# bats test_tags=short
@test "namespaces: all are its own" {
	start_box
	local ns
	for ns in cgroup ipc mnt net pid user uts; do
		assert_not_equal "$(link_of $ns "$(init_of)")" "$(link_of $ns)"
	done
}

@test "namespaces: what an engine leaves out is refused by its option" {
	local ns option
	config 'del(.hostname)'
	while read -r ns option; do
		config --arg n "$ns" '.linux.namespaces = ([{type: "pid"}, {type: "network"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}] | map(select(.type != $n)))'
		run runc run "$ID"
		assert_failure
		assert_output --partial -- "$option"
	done <<-'E'
		pid --pid=host
		network --net=host
		ipc --ipc=host
		uts --uts=host
		mount mount
	E
	nothing_left
}

@test "namespaces: the host's by path is refused, too" {
	local ns
	for ns in network ipc uts pid; do
		config --arg n "$ns" --arg p "/proc/self/ns/${ns/network/net}" '.linux.namespaces |= map(if .type == $n then .path = $p else . end)'
		run runc run "$ID"
		assert_failure
		assert_output --partial "run without --${ns/network/net}=host"
		config --arg n "$ns" '.linux.namespaces |= map(del(.path))'
	done
	config '.linux.namespaces += [{type: "user", path: "/proc/self/ns/user"}]'
	run runc run "$ID"
	assert_failure
	assert_output --partial "user namespace /proc/self/ns/user is the host's"
	nothing_left
}

# join TYPE...: the second container shares these with the first.
join() {
	local t p
	p=$(init_of)
	for t in "$@"; do
		config --arg t "$t" --arg p "/proc/$p/ns/${t/network/net}" \
			'.linux.namespaces |= (map(select(.type != $t)) + [{type: $t, path: $p}])'
	done
	config 'del(.hostname)'
}

@test "namespaces: net, ipc, uts and pid of another container" {
	config '.hostname = "first"'
	start_box
	join network ipc uts pid
	sh_args 'hostname; for n in net ipc uts pid user; do readlink /proc/self/ns/$n; done; ps | grep -c "sleep 1000"'
	run -0 runc run "b-$ID"
	local want=first ns pid
	pid=$(init_of)
	for ns in net ipc uts pid user; do want+=$'\n'$(link_of $ns "$pid"); done
	assert_line --index 0 first
	assert_equal "$(head -n 6 <<<"$output")" "$want"
	# The range is the other one's: its end is not ours.
	assert_equal "$(status_of)" running
}

@test "namespaces: each one alone" {
	start_box
	local t pid; pid=$(init_of)
	for t in network ipc uts pid; do
		join $t
		sh_args "readlink /proc/self/ns/${t/network/net}"
		run -0 runc run "b-$ID"
		assert_output "$(link_of ${t/network/net} "$pid")"
		config '.linux.namespaces |= map(del(.path))'
	done
}

@test "namespaces: user by path; its map holds" {
	start_box
	join user
	sh_args 'cat /proc/self/uid_map; touch /mine; stat -c %u /mine'
	run -0 runc run "b-$ID"
	assert_line --index 0 --regexp "^ +0 +$(base_of) +65536$"
	assert_line --index 1 0
	assert_equal "$(stat -c %u "$ROOTFS/mine")" 0
}

@test "namespaces: a path that is none, or of another type" {
	start_box
	local pid; pid=$(init_of)
	config '.linux.namespaces |= map(if .type == "network" then .path = "/nosuch" else . end)'
	run runc run "b-$ID"
	assert_failure
	assert_output --partial /nosuch
	config --arg p "/proc/$pid/ns/uts" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
	run runc run "b-$ID"
	assert_failure
	assert_output --partial "/proc/$pid/ns/uts"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)'
	run runc run "b-$ID"
	assert_failure
	config '.linux.namespaces |= map(del(.path)) + [{type: "network"}]'
	run runc run "b-$ID"
	assert_failure
	assert_output --partial "network twice"
}

@test "namespaces: when the pid namespace is shared, only our own processes end" {
	start_box
	join pid
	sh_args 'sleep 1001 & exec sleep 1002'
	runc run -d "b-$ID" </dev/null
	wait_for 5 pgrep -f '^sleep 1001$' --ns "$(init_of)" --nslist pid >/dev/null
	runc kill "b-$ID" KILL
	wait_for 5 is_stopped "b-$ID"
	runc delete "b-$ID"
	refute pgrep -f '^sleep 100[12]$' --ns "$(init_of)" --nslist pid
	assert_equal "$(status_of)" running
}

@test "namespaces: id mappings of the specification" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 1000}, {containerID: 1000, hostID: 400000, size: 1}] |
		.linux.gidMappings = [{containerID: 0, hostID: 500000, size: 1000}]'
	run -0 run_sh 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; touch /mine'
	assert_line " 0 300000 1000"
	assert_line " 1000 400000 1"
	assert_line " 0 500000 1000"
	assert_equal "$(stat -c %u "$ROOTFS/mine")" 0
}

@test "namespaces: a rootfs that the engine has shifted itself" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -Rh 300000:300000 "$ROOTFS"
	run -0 run_sh 'stat -c %u:%g /bin/busybox; touch /mine'
	assert_output 0:0
	assert_equal "$(stat -c %u "$ROOTFS/mine")" 300000
}

@test "namespaces: a bind that the engine has shifted itself, and one that it has not" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	mkdir "$BOX"/{shifted,plain}
	chown 300000:300000 "$BOX/shifted"
	mount_row /shifted bind "$BOX/shifted" rbind
	mount_row /plain bind "$BOX/plain" rbind
	run -0 run_sh 'stat -c %u:%g /shifted /plain; touch /shifted/x /plain/x'
	assert_output $'0:0\n0:0'
	assert_equal "$(stat -c %u "$BOX/shifted/x" "$BOX/plain/x")" $'300000\n0'
}

@test "namespaces: mappings that make no sense" {
	local m
	config '.linux.namespaces += [{type: "user"}]'
	for m in '[{containerID: 0, hostID: 0, size: 65536}]' \
		'[{containerID: 0, hostID: 300000, size: 10}, {containerID: 5, hostID: 400000, size: 10}]' \
		'[{containerID: 0, hostID: 4294967295, size: 10}]' '[{containerID: 5, hostID: 300000, size: 10}]' \
		'[{containerID: 0, hostID: 300000, size: 0}]'; do
		config ".linux.uidMappings = $m | .linux.gidMappings = $m"
		run runc run "$ID"
		assert_failure
		assert_output --partial Mappings
		nothing_left
	done
}

@test "namespaces: hostname and domainname" {
	config '.hostname = "box" | .domainname = "example.org"'
	run -0 run_sh 'hostname; cat /proc/sys/kernel/domainname'
	assert_output $'box\nexample.org'
	config '.hostname = "'"$(printf 'x%.0s' {1..65})"'"'
	run runc run "$ID"
	assert_failure
	assert_output --partial hostname
}

@test "namespaces: time offsets" {
	[[ -e /proc/self/ns/time ]] || skip "no time namespaces"
	cp "$PROBE" "$ROOTFS/bin/probe"
	args probe clocks
	config '.linux.timeOffsets = {monotonic: {secs: 1000000}, boottime: {secs: 2000000, nanosecs: 5}}
		| .linux.namespaces += [{type: "time"}]'
	run -0 runc run "$ID"
	read -r mono boot <<<"$output"
	((mono >= 1000000 && mono < 1000000 + $(cut -d. -f1 /proc/uptime) + 60))
	((boot >= 2000000))
	config '.linux.timeOffsets.boottime.nanosecs = 1000000000'
	run runc run "$ID"
	assert_failure
	assert_output --partial linux.timeOffsets.boottime
}

@test "namespaces: uptime counts from the start of a system container" {
	[[ -e /proc/self/ns/time ]] || skip "no time namespaces"
	run -0 run_sh 'cut -d. -f1 /proc/uptime'
	((output < 30))
}

@test "namespaces: a time namespace that the specification names has the offsets that it names, or none" {
	[[ -e /proc/self/ns/time ]] || skip "no time namespaces"
	config '.linux.namespaces += [{type: "time"}]'
	args cat /proc/self/timens_offsets
	run -0 runc run "$ID"
	assert_line --regexp '^monotonic +0 +0$'
	assert_line --regexp '^boottime +0 +0$'
}

@test "namespaces: sysctls" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net/ipv4/ip_unprivileged_port_start": "80", "kernel.shmmax": "4096", "fs.mqueue.msg_max": "11", "kernel.domainname": "d"}'
	run -0 run_sh 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname'
	assert_output $'1\n80\n4096\n11\nd'
	assert_equal "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 1024
}

@test "namespaces: sysctls of a network that the engine made, as the host's root" {
	touch "$BOX/net"
	unshare --net="$BOX/net" true
	config --arg p "$BOX/net" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
	config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77"}'
	run run_sh 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	umount "$BOX/net"
	assert_output 77
}

@test "namespaces: sysctls that are the host's, or none" {
	local k
	for k in vm.swappiness kernel.pid_max net.nosuch kernel.hostname ../../etc/passwd 'a b' ''; do
		config --arg k "$k" '.linux.sysctl = {($k): "1"}'
		run runc run "$ID"
		assert_failure
		assert_output --partial sysctl
		nothing_left
	done
}

@test "namespaces: the container's cgroup is the root of its view" {
	run -0 run_sh 'grep -v ^0:: /proc/self/cgroup | cut -d: -f3 | sort -u'
	assert_output "$(is_v2 || echo /)"
}

# An inner engine may enable controllers in a group only while no process is in it.
# bats test_tags=short
@test "namespaces: on cgroup v2, that root is left to the container's own children" {
	is_v2 || skip "cgroup v1 knows no such rule"
	start_box
	run -0 inside 'cat /proc/1/cgroup /proc/self/cgroup | sort -u; cat /sys/fs/cgroup/cgroup.procs'
	assert_output 0::/init.scope
	run -0 inside 'cd /sys/fs/cgroup; mkdir child; echo +memory +pids >cgroup.subtree_control
		echo 8192 >child/memory.max; cat child/memory.max'
	assert_output 8192
	run -0 inside 'cat /proc/self/cgroup'
	assert_output 0::/init.scope
}

# bats test_tags=short
@test "namespaces: cgroupsPath of systemd's kind is a slice and a scope" {
	[[ ${DRIVER-} == systemd ]] || skip "DRIVER is not systemd"
	config --arg p "machine.slice:oci:$ID" '.linux.cgroupsPath = $p'
	start_box
	run -0 cat "/proc/$(init_of)/cgroup"
	assert_output --partial "/machine.slice/oci-$ID.scope"
	run -0 systemctl show -p ActiveState --value "oci-$ID.scope"
	assert_output active
	runc delete -f "$ID"
	run -0 systemctl show -p ActiveState --value "oci-$ID.scope"
	assert_output inactive
	config '.linux.cgroupsPath = "/a/path"'
	run runc run "$ID"
	assert_failure
	assert_output --partial slice:prefix:name
}

# bats test_tags=short
@test "namespaces: cgroupsPath" {
	[[ ${DRIVER-} != systemd ]] || skip "systemd's names are another test's"
	config --arg p "/$ID-parent/sub" '.linux.cgroupsPath = $p'
	start_box
	run -0 cat "/proc/$(init_of)/cgroup"
	assert_output --partial ":/$ID-parent/sub"
	runc delete -f "$ID"
	run -0 find /sys/fs/cgroup -maxdepth 3 -path "*$ID-parent/sub"
	assert_output ""
	# What held it was not there before, and is not ours to judge.
	find /sys/fs/cgroup -maxdepth 2 -name "$ID-parent" -exec rmdir {} +
}

# In a network namespace that stands for the host's: SETUP there, then the container runs.
run_with_devices() { # SETUP
	unshare -n env RUNC="$RUNC" STATE="$STATE" ID="$ID" sh -euc "$1"'
		"$RUNC" --root "$STATE" run "$ID"'
}

@test "namespaces: a limit of one process leaves room for one" {
	config '.linux.resources.pids = {limit: 1}'
	run -0 run_sh 'cd /sys/fs/cgroup; [ -e pids.max ] || cd pids; read -r max <pids.max; echo "$max"'
	assert_output 1
	run run_sh 'true & wait'
	assert_failure
	assert_output --partial fork
}

@test "namespaces: network devices of the host become the container's" {
	config '.linux.netDevices = {"h0": {}, "h1": {name: "inner1"}}'
	sh_args 'cat /sys/class/net/h0/mtu /sys/class/net/h0/address; ip -o addr show h0; ip -o link show inner1; ls /sys/class/net'
	run -0 run_with_devices '
		ip link add h0 type veth peer name p0
		ip link add h1 type veth peer name p1
		ip link set h0 mtu 1400 address 02:00:00:00:00:17 up
		ip addr add 192.0.2.7/24 brd + dev h0
		ip addr add 2001:db8::7/64 dev h0 nodad
		ip addr add 198.51.100.1/24 scope link dev h0'
	assert_line --index 0 1400
	assert_line --index 1 02:00:00:00:00:17
	assert_output --partial '192.0.2.7/24 brd 192.0.2.255 scope global'
	assert_output --partial '2001:db8::7/64'
	refute_output --partial 198.51.100.1
	assert_line --regexp 'inner1.*UP'
	refute_line h1
}

@test "namespaces: a network device that is not there, or whose name is taken inside" {
	config '.linux.netDevices = {"none0": {}}'
	run run_with_devices true
	assert_failure
	assert_output --partial 'linux.netDevices: move the network device "none0"'
	config '.linux.netDevices = {"h0": {name: "lo"}}'
	run run_with_devices 'ip link add h0 type veth peer name p0'
	assert_failure
	assert_output --partial 'linux.netDevices: move the network device "h0" into the container as "lo": File exists'
}

@test "namespaces: a hostname for a uts namespace that the engine has made" {
	touch "$BOX/uts"
	unshare --uts="$BOX/uts" true
	config --arg p "$BOX/uts" '(.linux.namespaces[] | select(.type == "uts")).path = $p | .hostname = "of-a-test"'
	run run_sh hostname
	umount "$BOX/uts"
	assert_output of-a-test
	assert_not_equal "$(hostname)" of-a-test
}

@test "namespaces: a mount namespace by path is refused plainly" {
	config '(.linux.namespaces[] | select(.type == "mount")).path = "/proc/self/ns/mnt"'
	run run_sh true
	assert_failure
	assert_output --partial 'a mount namespace by path (/proc/self/ns/mnt) is not supported'
}
