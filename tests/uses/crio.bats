#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Specifications as CRI-O writes them for a pod with io.kubernetes.cri-o.userns-mode, or with
# hostUsers: false: it makes the pod's namespaces before any container (user, network, ipc, uts), pins
# them as files, names them by path in the specification of each, and has chowned the root file systems
# to the ids of the pod.

load ../integration/helper

FIRST=1879048192

setup() {
	make_box
	PINS=$BOX/pins
	mkdir "$PINS"
	mount -t tmpfs none "$PINS"
	mount --make-private "$PINS"
	pin_namespaces
	chown -R $FIRST:$FIRST "$ROOTFS"
	pod_config
}

teardown() {
	cd /
	delete_all
	umount "$PINS"/* "$PINS" 2>/dev/null || umount -l "$PINS"
	remove_box
}

# A process makes them; the files keep them.
pin_namespaces() {
	local pid n
	unshare --user --net --ipc --uts sleep 1000 &
	pid=$!
	wait_for 5 test "$(readlink /proc/self/ns/uts)" != "$(readlink /proc/$pid/ns/uts)"
	echo "0 $FIRST 65536" >"/proc/$pid/uid_map"
	echo "0 $FIRST 65536" >"/proc/$pid/gid_map"
	for n in user net ipc uts; do
		touch "$PINS/$n"
		mount --bind "/proc/$pid/ns/$n" "$PINS/$n"
	done
	kill $pid
	wait $pid 2>/dev/null || true
}

pod_config() {
	config --arg d "$PINS" --argjson id $FIRST 'del(.hostname)
		| .annotations = {"io.kubernetes.cri-o.userns-mode": "auto:size=65536", "io.kubernetes.cri-o.ContainerType": "container"}
		| .linux.namespaces = [{type: "pid"}, {type: "mount"}, {type: "cgroup"}]
			+ [["user", "user"], ["network", "net"], ["ipc", "ipc"], ["uts", "uts"] | {type: .[0], path: "\($d)/\(.[1])"}]
		| .linux.uidMappings = [{containerID: 0, hostID: $id, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
}

@test "cri-o: a container joins the pinned namespaces" {
	local n
	run run_sh 'for n in user net ipc uts; do readlink /proc/self/ns/$n; done'
	assert_success
	for n in user net ipc uts; do
		assert_line "$n:[$(stat -Lc %i "$PINS/$n")]"
	done
}

@test "cri-o: pause and program share them; each has its own processes" {
	start_box
	sh_args 'pidof sleep || echo alone; for n in user net ipc uts; do readlink /proc/self/ns/$n; done'
	run -0 runc run "b-$ID"
	assert_line --index 0 alone
	local n
	for n in user net ipc uts; do assert_line "$n:[$(stat -Lc %i "/proc/$(init_of)/ns/$n")]"; done
}

@test "cri-o: ids and files are as in the image, the network is the pod's" {
	run run_sh 'id -u; stat -c %u:%g /bin/busybox; ip link set lo up && ip addr show lo | grep -c "state UNKNOWN\|UP"; echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward'
	assert_success
	assert_line --index 0 0
	assert_line --index 1 0:0
	assert_line --index 2 1
	assert_line --index 3 1
}

@test "cri-o: namespaces of two pods are not mixed" {
	local pid
	unshare --user --map-root-user --net sleep 1000 &
	pid=$!
	sleep 0.3
	config --arg p "/proc/$pid/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
	run run_sh 'ip link set lo up'
	kill $pid
	# The kernel lets nobody into a network that is another's.
	assert_failure
}
