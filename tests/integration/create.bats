#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# create, start, state, list, kill, delete: the life of a container, command by command.

load helper

@test "create: the program has not run; start runs it" {
	sh_args 'touch /ran; exec sleep 1000'
	runc create "$ID" </dev/null
	assert_equal "$(status_of)" created
	refute [ -e "$ROOTFS/ran" ]
	runc start "$ID"
	assert_equal "$(status_of)" running
	wait_for 5 test -e "$ROOTFS/ran"
}

ls_has() { [[ $(ls -l "$1") == *"$2"* ]]; }
not() { ! "$@"; }

# bats test_tags=short
@test "create: init is the runtime's own until start, and holds nothing of the host" {
	args sleep 1000
	runc create "$ID" </dev/null
	local pid; pid=$(init_of)
	run readlink "/proc/$pid/cwd" "/proc/$pid/root"
	assert_output "/"$'\n'"/"
	run ls -l "/proc/$pid/fd"
	refute_output --partial "$BOX/bundle"
	refute_output --partial /sys/fs/cgroup
	# The handshake's, to be closed at once.
	wait_for 5 not ls_has "/proc/$pid/fd" socket:
}

# bats test_tags=short
@test "state: what runtime-spec asks for" {
	config '.annotations = {"org.example.key": "value"}'
	start_box
	run -0 runc state "$ID"
	assert_equal "$(jq -r .id <<<"$output")" "$ID"
	assert_equal "$(jq -r .status <<<"$output")" running
	assert_equal "$(jq -r .bundle <<<"$output")" "$BUNDLE"
	assert_equal "$(jq -r '.annotations["org.example.key"]' <<<"$output")" value
	assert_regex "$(jq -r .ociVersion <<<"$output")" '^1\.[0-9]+\.[0-9]+'
	assert [ -d "/proc/$(jq .pid <<<"$output")" ]
	kill -9 "$(init_of)"
	wait_for 5 is_stopped
	assert_equal "$(init_of)" 0
}

@test "state, start, exec, kill, delete: no such container" {
	local verb
	for verb in state start kill delete ps pause resume update "exec"; do
		run runc $verb nosuch $([[ $verb != exec ]] || echo true)
		assert_failure
		assert_output --partial "does not exist"
	done
	run -0 runc delete --force nosuch
	assert_output ""
}

@test "list: table, json, quiet; ids in order" {
	start_box
	sed "s/$ID/b-$ID/" config.json >/dev/null
	runc run -d "b-$ID" </dev/null
	run -0 runc list
	assert_line --index 0 --regexp '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
	assert_line --index 1 --regexp "^b-$ID +[0-9]+ +running +$BUNDLE +20"
	assert_line --index 2 --regexp "^$ID +[0-9]+ +running"
	run -0 runc list -q
	assert_output "b-$ID"$'\n'"$ID"
	run -0 runc list --format json
	assert_equal "$(jq -r '.[1].id' <<<"$output")" "$ID"
	assert_equal "$(jq -r '.[0].status' <<<"$output")" running
	run runc list --format xml
	assert_failure
}

@test "create: a relative --root is the same from everywhere, and the range is taken" {
	args sleep 1000
	cd "$BOX"
	"$RUNC" --root ./state run -d -b "$BUNDLE" "$ID" </dev/null
	cd /
	assert_equal "$(status_of)" running
	runc run -d -b "$BUNDLE" "b-$ID" </dev/null
	assert_not_equal "$(base_of "b-$ID")" "$(base_of)"
	runc delete -f "$ID"
	runc delete -f "b-$ID"
	nothing_left
}

@test "list: no containers, no directory" {
	run "$RUNC" --root "$BOX/nowhere" list
	assert_failure
	mkdir "$BOX/empty"
	run -0 "$RUNC" --root "$BOX/empty" list --format json
	assert_output "[]"
}

@test "create: the same id twice" {
	start_box
	run runc create "$ID" </dev/null
	assert_failure
	assert_output --partial "already exists"
	assert_equal "$(status_of)" running
}

@test "create: ids that are no file names" {
	local id
	for id in "" . .. a/b ../a "a b" $'a\nb' 'a*' "$(printf 'x%.0s' {1..1100})"; do
		run runc create "$id" </dev/null
		assert_failure
		assert_output --partial "container id"
	done
	refute [ -e "$BOX/a" ]
}

@test "create: --pid-file holds the pid of init" {
	args sleep 1000
	runc create --pid-file pid "$ID" </dev/null
	assert_equal "$(cat pid)" "$(init_of)"
	runc delete -f "$ID"
	run runc create --pid-file /nowhere/pid "$ID" </dev/null
	assert_failure
	assert_output --partial /nowhere/pid
}

@test "create: --bundle, absolute and relative; without a config.json" {
	args sleep 1000
	cd "$BOX"
	runc create --bundle bundle "$ID" </dev/null
	assert_equal "$(runc state "$ID" | jq -r .bundle)" "$BUNDLE"
	run runc create -b "$BOX/state" other </dev/null
	assert_failure
	assert_output --partial "config.json not found"
	run runc create -b "$BOX/nowhere" other </dev/null
	assert_failure
	assert_output --partial "$BOX/nowhere"
}

@test "start: twice, and after the end" {
	args true
	runc create "$ID" </dev/null
	runc start "$ID"
	wait_for 5 is_stopped
	run runc start "$ID"
	assert_failure
	assert_output --partial "cannot start a container that has stopped"
	runc delete "$ID"
	start_box
	run runc start "$ID"
	assert_failure
	assert_output --partial "running state"
}

@test "start: init was killed after create" {
	args sleep 1000
	runc create "$ID" </dev/null
	kill -9 "$(init_of)"
	wait_for 5 is_stopped
	run runc start "$ID"
	assert_failure
	runc delete "$ID"
}

@test "kill: signals by name and number" {
	args sh -c 'trap "echo usr1 >/got" USR1; trap "echo hup >/got" HUP; touch /ready; while :; do sleep 0.05; done'
	runc run -d "$ID" </dev/null
	wait_for 5 test -e "$ROOTFS/ready"
	runc kill "$ID" SIGUSR1
	wait_for 5 grep -qs usr1 "$ROOTFS/got"
	runc kill "$ID" 1
	wait_for 5 grep -q hup "$ROOTFS/got"
	runc kill "$ID" usr1
	wait_for 5 grep -q usr1 "$ROOTFS/got"
	run runc kill "$ID" SIGNOPE
	assert_failure
	assert_output --partial SIGNOPE
	runc kill "$ID" KILL
	wait_for 5 is_stopped
	run runc kill "$ID" KILL
	assert_failure
	assert_output --partial "container not running"
}

# What an engine sends whose image names no stop signal.
@test "kill: SIGTERM asks systemd to shut down, also one that a script has become" {
	local program=/usr/lib/systemd/systemd word='trap "echo term >/got" TERM; trap "echo halt >/got" 37; touch /ready; while :; do sleep 0.05; done'
	mkdir -p "$ROOTFS${program%/*}"
	cp "$BUSYBOX" "$ROOTFS$program"
	args sh -c "exec -a sh $program -c '$word'"
	runc run -d "$ID" </dev/null
	wait_for 5 test -e "$ROOTFS/ready"
	runc kill "$ID" TERM
	wait_for 5 test -s "$ROOTFS/got"
	run cat "$ROOTFS/got"
	assert_output halt
}

@test "kill: a created container" {
	args sleep 1000
	runc create "$ID" </dev/null
	runc kill "$ID" KILL
	wait_for 5 is_stopped
	runc delete "$ID"
}

@test "kill: SIGKILL ends a paused container" {
	start_box
	runc pause "$ID"
	runc kill "$ID" KILL
	wait_for 5 is_stopped
	runc delete "$ID"
	nothing_left
}

@test "kill: SIGKILL of one that shares a pid namespace reaches every process" {
	start_box
	local box="$ID" init other
	init=$(init_of)
	ID=b-$box
	config --arg p "/proc/$init/ns" '.linux.namespaces |= map(if .type == "pid" then .path = $p + "/pid" else . end
		| select(.type != "user")) + [{type: "user", path: ($p + "/user")}]'
	start_box
	runc exec -d --pid-file "$BOX/pid" "$ID" sleep 1001 </dev/null >/dev/null 2>&1
	other=$(cat "$BOX/pid")
	runc kill "$ID" TERM || true
	assert [ -e "/proc/$other" ]
	runc kill "$ID" KILL
	wait_for 5 test ! -e "/proc/$other"
	runc delete "$ID"
	ID=$box
	assert_equal "$(status_of)" running
}

@test "kill: --all reaches every process" {
	sh_args 'sleep 1001 & sleep 1002 & touch /ready; wait'
	runc run -d "$ID" </dev/null
	wait_for 5 test -e "$ROOTFS/ready"
	local pids; pids=$(pgrep -f '^sleep 100[12]$' --ns "$(init_of)" --nslist pid)
	assert_equal "$(wc -w <<<"$pids")" 2
	runc kill --all "$ID" KILL
	wait_for 5 is_stopped
}

@test "delete: only what has stopped, or by force" {
	start_box
	run runc delete "$ID"
	assert_failure
	assert_output --partial "not stopped"
	assert_equal "$(status_of)" running
	runc delete --force "$ID"
	run runc state "$ID"
	assert_failure
	nothing_left
}

@test "delete: a created container" {
	args sleep 1000
	runc create "$ID" </dev/null
	runc delete "$ID"
	nothing_left
}

# bats test_tags=short
@test "delete: after the end nothing is left, and the id is free" {
	args true
	local i
	for i in 1 2 3; do
		runc create "$ID" </dev/null
		runc start "$ID"
		wait_for 5 is_stopped
		runc delete "$ID"
		nothing_left
	done
}

@test "create: two containers have ranges of their own" {
	start_box
	runc run -d "b-$ID" </dev/null
	local a b
	a=$(base_of) b=$(ID=b-$ID base_of)
	((a > 0 && b > 0 && (a - b >= 65536 || b - a >= 65536)))
}

owned_by() { [[ $(stat -c %u:%g "$2" 2>/dev/null) == "$1" ]]; }

@test "create: files keep the image's ids on disk" {
	chown 1000:1000 "$ROOTFS/home"
	sh_args 'stat -c %u:%g /home / >/ids; touch /mine; chown 5:6 /mine; exec sleep 1000'
	runc run -d "$ID" </dev/null
	wait_for 5 owned_by 5:6 "$ROOTFS/mine"
	assert_equal "$(tr '\n' ' ' <"$ROOTFS/ids")" "1000:1000 0:0 "
}

@test "checkpoint, restore: refused in words" {
	start_box
	local verb
	for verb in checkpoint restore; do
		run runc $verb "$ID"
		assert_failure
		assert_output --partial "not supported"
	done
	assert_equal "$(status_of)" running
}
