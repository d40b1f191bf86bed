#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd as pid 1 of a system container.
#
#   INNER    the Debian inside: bookworm (systemd 252), trixie (257) or unstable (262)   (bookworm)

load helper

INNER=${INNER:-bookworm}

setup_file() {
	load helper
	sysbox_only
	docker_only
	need_image "debian-systemd-docker-$INNER"
	docker volume create "systemd-$INNER" >/dev/null
	SCOPE="file" sc create --name systemd -v "systemd-$INNER:/var/lib/docker" -P \
		"sysbox/debian-systemd-docker:$INNER"
	nat_files | docker cp - systemd:/
	docker start systemd
}

teardown_file() {
	load helper
	remove_scope file
	docker volume rm "systemd-$INNER" >/dev/null 2>&1 || true
}

is_up() { [[ $(docker exec "${1:-systemd}" systemctl is-system-running) =~ ^(running|degraded)$ ]]; }

# bats test_tags=short
@test "systemd: boots to running, with no failed unit" {
	wait_for 90 is_up
	run docker exec systemd systemctl --failed --no-legend --plain
	assert_output ""
	run docker exec systemd systemctl is-system-running
	assert_output running
}

@test "systemd: the inner engine was started by it, and runs a container" {
	wait_for 60 docker exec systemd docker info
	docker exec systemd docker load -q -i /usr/share/sysbox/busybox.tar
	run docker exec systemd docker run --rm sysbox/busybox echo inner
	assert_output inner
}

@test "systemd: the tree of cgroups is its own, and limits of units hold" {
	[[ -e /sys/fs/cgroup/cgroup.controllers ]] || skip "this machine has cgroup v1"
	docker exec systemd systemd-run --quiet --unit=limited -p MemoryMax=24M -p TasksMax=11 sleep 1000
	run docker exec systemd systemctl show -p MemoryMax -p TasksMax -p ControlGroup limited
	assert_line MemoryMax=25165824
	assert_line TasksMax=11
	assert_line ControlGroup=/system.slice/limited.service
	run docker exec systemd cat /sys/fs/cgroup/system.slice/limited.service/memory.max
	assert_output 25165824
	docker exec systemd systemctl stop limited
}

@test "systemd: what a unit runs, and where, as on any machine" {
	run docker exec systemd systemctl status --no-pager --full docker.service
	assert_success
	assert_output --partial "Active: active (running)"
	assert_output --regexp "Main PID: [0-9]+ \(dockerd\)"
	assert_output --partial "CGroup: /system.slice/docker.service"
}

@test "systemd: the journal has the boot" {
	run docker exec systemd journalctl -b --no-pager -u docker.service
	assert_success
	assert_output --partial "Docker Application Container Engine"
}

@test "systemd: sshd answers on the published port" {
	local port
	port=$(docker port systemd 22 | sed -n 's/.*://p;q')
	run engine exec "$ENGINE" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && head -c 4 <&3"
	assert_output "SSH-"
}

@test "systemd: uptime and boot time are the container's" {
	has_own_time || skip "this kernel has no time namespaces"
	run docker exec systemd cut -d. -f1 /proc/uptime
	((output < 600))
}

@test "systemd: a stop is a clean shutdown within the grace time" {
	local start=$SECONDS
	docker stop -t 30 systemd
	((SECONDS - start < 15))
	run docker inspect -f '{{.State.ExitCode}}' systemd
	assert_output 130 # SIGRTMIN+3: halt.target, and systemd's own status
	docker start systemd
	wait_for 90 is_up
}

# --- the end, and what the engine makes of it -----------------------------------------------

# More machines, without an engine of their own in use: machine NAME OPTION...
machine() {
	local name=$1; shift
	SCOPE=test sc create -t --name "$name" "$@" "sysbox/debian-systemd-docker:$INNER"
	nat_files | docker cp - "$name:/"
	docker start "$name"
}

is_running() { [[ $(docker exec "$1" systemctl is-system-running) == running ]]; }
has_ended() { [[ $(docker inspect -f '{{.State.Status}}' "$1") == exited ]]; }
has_restarted() { [[ $(docker inspect -f '{{.RestartCount}}' "$1") == "$2" ]]; }

teardown() { remove_scope test; }

@test "systemd: a login waits on the console" {
	machine console
	wait_for 120 is_running console
	run docker exec console systemctl show --value -p ActiveState -p NRestarts console-getty
	assert_output --regexp $'active\n0|0\nactive'
	# The line above the prompt, which is none yet and so in no log.
	wait_for 30 sh -c "'$TOP/tests/engine/engine' cli '$ENGINE' logs console | grep -aE 'GNU/Linux .* console'"
}

@test "systemd: reboot and poweroff inside end it or boot it again, as the restart policy says" {
	local policy
	for policy in no on-failure always; do machine "$policy" --restart=$policy; done
	for policy in no on-failure always; do wait_for 120 is_running $policy; done
	for policy in no on-failure always; do docker exec -d $policy reboot; done
	wait_for 60 has_ended no
	assert_equal "$(docker inspect -f '{{.State.ExitCode}} {{.RestartCount}}' no)" "129 0"
	for policy in on-failure always; do
		wait_for 60 has_restarted $policy 1
		wait_for 120 is_running $policy
	done
	docker exec -d always poweroff
	wait_for 60 has_restarted always 2
	wait_for 120 is_running always
	# What the user of the engine stops stays so.
	docker stop -t 30 on-failure always
	sleep 2
	for policy in on-failure always; do assert_equal "$(docker inspect -f '{{.State.Status}}' $policy)" exited; done
}

# Not a word of a service that had to be killed on the console.
@test "systemd: a shutdown with containers inside takes less than 10 seconds, and kills no service" {
	local start
	machine stops
	wait_for 120 is_running stops
	docker exec stops docker load -q -i /usr/share/sysbox/busybox.tar
	docker exec stops docker run -d sysbox/busybox sh -c 'trap exit TERM; while :; do sleep 0.1; done'
	start=$SECONDS
	docker stop -t 60 stops
	((SECONDS - start < 10))
	run docker logs stops
	assert_output --partial "Reached target"
	refute_output --regexp "[Kk]illing process|timed out|Failed with result"
}

# Without what systemd is given as process 1, the newer ones are degraded.
@test "systemd: after an entry script it is the same" {
	printf '%s\n' '#!/bin/sh' 'exec /sbin/init' >"$BATS_TEST_TMPDIR/entry"
	chmod 755 "$BATS_TEST_TMPDIR/entry"
	docker stop -t 30 systemd
	SCOPE=test sc create --name entry "sysbox/debian-systemd-docker:$INNER" /entry
	docker cp "$BATS_TEST_TMPDIR/entry" entry:/entry
	nat_files | docker cp - entry:/
	docker start entry
	wait_for 90 is_up entry
	run docker exec entry systemctl --failed --no-legend --plain
	assert_output ""
	run docker exec entry stat -f -c %T /run
	assert_output tmpfs
}
