#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sd_notify(3): a service manager hears of the program inside.

load helper

setup() {
	make_box
	cp "$PROBE" "$ROOTFS/bin/probe"
	manager "$BOX/notify"
}

teardown() {
	kill "$MANAGER"
	remove_box
}

manager() {
	python3 "$HELPERS/notify.py" "$1" >"$BOX/heard" 2>&1 &
	MANAGER=$!
	wait_for 5 grep -qs listening "$BOX/heard"
	export NOTIFY_SOCKET=$1
}

@test "notify: run -d returns when the container is ready" {
	sh_args 'sleep 1; touch /ready; probe notify READY=1; exec sleep 1000'
	runc run -d "$ID" </dev/null
	assert [ -e "$ROOTFS/ready" ]
	run -0 cat "$BOX/heard"
	assert_line "READY=1 MAINPID=$(init_of) fds=0"
	assert_line "BARRIER=1 fds=1"
}

@test "notify: start waits, without the container's lock" {
	sh_args 'touch /runs; until [ -e /go ]; do sleep 0.05; done; probe notify READY=1; exec sleep 1000'
	runc create "$ID" </dev/null
	runc start "$ID" &
	local pid=$!
	wait_for 5 test -e "$ROOTFS/runs"
	kill -0 $pid
	assert_equal "$(status_of)" running
	runc exec "$ID" touch /go
	wait $pid
	run -0 grep -c READY "$BOX/heard"
	assert_output 1
}

@test "notify: a foreground run passes it on and goes on" {
	sh_args 'probe notify READY=1; cat; exit 3'
	(sleep 0.5; echo text) | runc run "$ID" >out &
	local pid=$!
	status_of_job $pid
	assert_equal "$status" 3
	assert_equal "$(cat out)" text
	run -0 cat "$BOX/heard"
	assert_line --regexp '^READY=1 MAINPID=[0-9]+ fds=0'
}

@test "notify: nothing but READY passes" {
	sh_args 'probe notify STATUS=hello; probe notify MAINPID=1; probe notify "X=1
READY=1
STATUS=late"; exec sleep 1000'
	runc run -d "$ID" </dev/null
	run -0 cat "$BOX/heard"
	refute_output --partial STATUS
	refute_output --partial MAINPID=1\ 
	assert_line "READY=1 MAINPID=$(init_of) fds=0"
}

@test "notify: a container that ends without a word does not hold us" {
	sh_args 'exit 0'
	run -0 timeout 20 "$RUNC" --root "$STATE" run -d "$ID" </dev/null
	refute grep READY "$BOX/heard"
}

@test "notify: an abstract socket" {
	kill "$MANAGER"
	manager "@oci-$$-notify"
	sh_args 'probe notify READY=1; exec sleep 1000'
	runc run -d "$ID" </dev/null
	grep -q READY "$BOX/heard"
}

@test "notify: any user inside may speak; nobody may change the socket" {
	config '.process.user = {uid: 1000, gid: 1000}'
	sh_args 'rm -f /run/notify/notify.sock && exit 1; touch /run/notify/x && exit 1; probe notify READY=1; exec sleep 1000'
	runc run -d "$ID" </dev/null
	assert_equal "$(status_of)" running
	grep -q READY "$BOX/heard"
}

@test "notify: without a manager there is neither a mount nor a variable" {
	unset NOTIFY_SOCKET
	sh_args 'echo "${NOTIFY_SOCKET-unset}"; ! grep -q /run/notify /proc/mounts'
	run -0 runc run "$ID"
	assert_output unset
}

@test "notify: the manager is gone at start" {
	args sleep 1000
	runc create "$ID" </dev/null
	export NOTIFY_SOCKET=$BOX/nosuch
	run runc start "$ID"
	assert_failure
	assert_output --partial "$BOX/nosuch"
	assert_equal "$(status_of)" created
}
