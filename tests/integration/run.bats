#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run, in the foreground and detached.

load helper

# bats test_tags=short
@test "run: output, errors and input are the caller's" {
	sh_args 'cat; echo to stderr >&2'
	run --separate-stderr -0 runc run "$ID" <<<"from stdin"
	assert_output "from stdin"
	assert_equal "$stderr" "to stderr"
	nothing_left
}

@test "run: exit status, and of death by a signal" {
	local n
	for n in 0 1 42 255; do
		run run_sh "exit $n"
		assert_equal "$status" "$n"
	done
	# The kernel keeps a pid namespace's init from killing itself; its child can die.
	run run_sh 'sh -c "kill -9 \$\$" || exit $?'
	assert_equal "$status" 137
}

@test "run: init killed from outside" {
	args sleep 1000
	runc run "$ID" </dev/null &
	local pid=$!
	wait_for 5 runc state "$ID" >/dev/null
	wait_for 5 is_running
	runc kill "$ID" KILL
	status_of_job $pid
	assert_equal "$status" 137
	nothing_left
}

@test "run: signals reach the program" {
	sh_args 'trap "echo got TERM; exit 3" TERM; trap "echo got USR1" USR1; echo ready; while :; do sleep 0.05; done'
	runc run "$ID" </dev/null >out &
	local pid=$! child
	wait_for 5 grep -qs ready out
	child=$(pgrep -P $pid -f "run $ID" || echo $pid)
	kill -USR1 "$child"
	wait_for 5 grep -q "got USR1" out
	kill -TERM "$child"
	status_of_job $pid
	assert_equal "$status" 3
	grep -q "got TERM" out
}

@test "run: a signal before the program is watched reaches it all the same" {
	hook poststart "touch $BOX/here; sleep 1"
	sh_args 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	"$RUNC" --root "$STATE" run "$ID" </dev/null &
	local pid=$!
	wait_for 5 test -e "$BOX/here"
	kill -TERM $pid
	status_of_job $pid
	assert_equal "$status" 3
	nothing_left
}

@test "run: what a hook leaves in the background is reaped" {
	hook poststart '(sleep 0.2 >/dev/null 2>&1 & echo $! >'"$BOX"'/left) &'
	args sleep 1000
	"$RUNC" --root "$STATE" run "$ID" </dev/null &
	local pid=$!
	wait_for 5 test -s "$BOX/left"
	wait_for 5 test ! -e "/proc/$(cat "$BOX/left")"
	runc kill "$ID" KILL
	status_of_job $pid
	assert_equal "$status" 137
}

@test "run: deleted from elsewhere, it ends once, and leaves the next of its name alone" {
	hook poststop "echo >>$BOX/ended; sleep 0.5"
	args sleep 1000
	"$RUNC" --root "$STATE" run "$ID" </dev/null &
	local pid=$!
	wait_for 5 is_running 2>/dev/null
	runc delete -f "$ID"
	start_box
	status_of_job $pid
	assert_equal "$status" 137
	assert_equal "$(wc -l <"$BOX/ended")" 1
	assert_equal "$(status_of)" running
}

@test "run: --keep leaves a stopped container" {
	args true
	runc run --keep "$ID"
	assert_equal "$(status_of)" stopped
	runc delete "$ID"
	nothing_left
}

@test "run: --detach returns while the program runs" {
	start_box
	assert_equal "$(status_of)" running
	assert_equal "$(ps -o comm= -p "$(init_of)")" sleep
}

@test "run: --pid-file" {
	args sleep 1000
	runc run -d --pid-file pid "$ID" </dev/null
	assert_equal "$(cat pid)" "$(init_of)"
}

@test "run: a program that is not there" {
	args nosuch
	run -1 runc run "$ID"
	assert_failure
	assert_output --partial 'exec: "nosuch": executable file not found in $PATH'
	args /nosuch
	run runc run "$ID"
	assert_failure
	assert_output --partial "/nosuch"
	assert_output --partial "no such file or directory"
	args /etc/passwd
	run runc run "$ID"
	assert_failure
	assert_output --partial "permission denied"
	nothing_left
}

@test "run: an interpreter that is not there" {
	printf '#!/nosuch\n' >"$ROOTFS/script"
	chmod +x "$ROOTFS/script"
	args /script
	run -127 runc run "$ID"
	assert_output "exec /script: no such file or directory"
	nothing_left
}

@test "run: --preserve-fds, and not one descriptor more" {
	sh_args 'ls /proc/self/fd | tr "\n" " "; cat <&3; cat <&4'
	# The last one is the directory that ls reads.
	assert_equal "$(runc run --preserve-fds 2 "$ID" 3<<<three 4<<<four 5<<<five </dev/null)" \
		$'0 1 2 3 4 5 three\nfour'
	sh_args 'ls /proc/self/fd | tr "\n" " "'
	assert_equal "$(runc run "$ID" 3<<<three 4<<<four 5<<<five </dev/null)" "0 1 2 3 "
}

@test "run: sockets of socket activation come before --preserve-fds" {
	sh_args 'echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4'
	run -0 bash -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<<<socket 4<<<other' - \
		"$RUNC" --root "$STATE" run --preserve-fds 1 "$ID"
	assert_output $'1 1\nsocket\nother'
	sh_args 'echo ${LISTEN_FDS-none}; ls /proc/self/fd | tr "\n" " "'
	run -0 bash -c 'LISTEN_FDS=1 LISTEN_PID=1 exec "$@" 3<<<socket' - "$RUNC" --root "$STATE" run "$ID"
	assert_output $'none\n0 1 2 3 '
}

@test "run: closed standard descriptors are /dev/null, also to hooks" {
	local fd
	hook poststart "cat >$BOX/state.json"
	args sleep 1000
	runc run -d "$ID" <&- >&- 2>&-
	for fd in 0 1 2; do
		assert_equal "$(readlink "/proc/$(init_of)/fd/$fd")" /dev/null
	done
	assert_equal "$(jq -r .id "$BOX/state.json")" "$ID"
	run -255 bash -c '"$@" 2>&- 1>&-' - "$RUNC" --root "$STATE" exec "$ID" nosuch
}

@test "run: --pidfd-socket" {
	cat >"$BOX/take.py" <<-'P'
		import os, signal, socket, sys
		l = socket.socket(socket.AF_UNIX); l.bind(sys.argv[1]); l.listen(1)
		print("listening", flush=True)
		c, _ = l.accept()
		_, fds, _, _ = socket.recv_fds(c, 100, 1)
		signal.pidfd_send_signal(fds[0], signal.SIGKILL)
	P
	python3 "$BOX/take.py" "$BOX/pidfd" >"$BOX/listening" &
	wait_for 5 grep -qs listening "$BOX/listening"
	args sleep 1000
	runc create --pidfd-socket "$BOX/pidfd" "$ID" </dev/null
	wait_for 5 is_stopped
}

@test "run: the id is taken" {
	start_box
	run runc run "$ID"
	assert_failure
	assert_output --partial "already exists"
	assert_equal "$(status_of)" running
}

@test "run: a caller that ignores SIGCHLD" {
	hook poststart true
	args sh -c 'exit 4'
	run -4 env --ignore-signal=CHLD "$RUNC" --root "$STATE" run "$ID" </dev/null
	assert_output ""
}

@test "run: what is blocked or ignored in the caller is not so inside" {
	args grep -E "Sig(Blk|Ign)" /proc/self/status
	run -0 env --ignore-signal=TERM,INT,PIPE --block-signal=USR1,CHLD "$RUNC" --root "$STATE" run "$ID"
	assert_line --regexp 'SigBlk:\s+0000000000000000'
	assert_line --regexp 'SigIgn:\s+0000000000000000'
}
