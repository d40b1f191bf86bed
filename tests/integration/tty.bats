#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Terminals: handed to an engine's socket, or kept by a runtime in the foreground.

load helper

setup() {
	make_box
	config '.process.terminal = true'
}

# recvtty [ROWS COLUMNS [INPUT]]: an engine that waits for a terminal; its words go to $BOX/tty.out.
recvtty() {
	python3 "$HELPERS/recvtty.py" "$BOX/tty.sock" "$@" >"$BOX/tty.out" 2>&1 &
	RECVTTY=$!
	wait_for 5 test -S "$BOX/tty.sock"
}
tty_ended() { ! kill -0 "$RECVTTY" 2>/dev/null; }
tty_output() { wait_for 10 tty_ended; tr -d '\r' <"$BOX/tty.out"; }

# on_terminal COMMAND...: on a terminal of 33 rows and 99 columns.
on_terminal() {
	local cmd
	printf -v cmd '%q ' "$@"
	script -qec "stty rows 33 cols 99; $cmd" /dev/null </dev/null
}

@test "tty: a console socket receives it" {
	recvtty
	sh_args 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; ls -l /proc/self/fd/0 | sed "s/.*-> //"'
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line --index 0 --partial name=
	assert_line --index 1 /dev/pts/0
	assert_line --index 2 all
	assert_line --index 3 /dev/pts/0
}

@test "tty: it is the controlling one, of a session of its own" {
	recvtty
	sh_args 'cut -d" " -f1,5,6 </proc/self/stat >/dev/null; echo to-tty >/dev/tty; cut -d" " -f6 </proc/1/stat'
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line to-tty
	assert_line 1
}

@test "tty: what is typed arrives" {
	recvtty 0 0 $'hello\n'
	sh_args 'read x; echo "got $x"'
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line "got hello"
}

@test "tty: ^C interrupts" {
	recvtty 0 0 $'\x03' ready
	sh_args 'trap "echo interrupted; exit" INT; echo ready; while :; do sleep 0.1; done'
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line --partial interrupted
}

@test "tty: consoleSize" {
	recvtty
	config '.process.consoleSize = {height: 12, width: 34}'
	args stty size
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line "12 34"
}

@test "tty: /dev/console is this terminal, and belongs to the user" {
	recvtty
	config '.process.user = {uid: 1000, gid: 1000}'
	sh_args 'stat -c "%t,%T" /dev/console /dev/pts/0; stat -c %u:%g /dev/pts/0; echo here >/dev/console'
	config '.mounts |= map(select(.type != "devpts"))'
	runc run -d --console-socket "$BOX/tty.sock" "$ID"
	run tty_output
	assert_line 1000:5
	assert_line here
	assert_equal "${lines[1]}" "${lines[2]}"
}

@test "tty: in the foreground, with the size of the caller's" {
	args stty size
	run -0 on_terminal "$RUNC" --root "$STATE" run "$ID"
	assert_line --partial "33 99"
}

@test "tty: in the foreground, exit status" {
	args sh -c 'exit 9'
	run -9 on_terminal "$RUNC" --root "$STATE" run "$ID"
}

@test "tty: output into a pipe has no carriage returns" {
	sh_args 'echo one; echo two; test -t 1'
	run -0 runc run "$ID" </dev/null
	assert_output $'one\ntwo'
	refute_output --partial $'\r'
}

@test "tty: all that was written last arrives" {
	sh_args 'head -c 200000 /dev/zero | tr "\0" x; echo end'
	run -0 runc run "$ID" </dev/null
	assert_equal "${#output}" 200003
}

@test "tty: the caller's terminal is as before" {
	args true
	run -0 on_terminal bash -c 'a=$(stty -g); "$@"; b=$(stty -g); [[ $a == "$b" ]] && echo same' - "$RUNC" --root "$STATE" run "$ID"
	assert_output --partial same
}

# bats test_tags=short
@test "tty: exec, with and without a socket" {
	config '.process.terminal = false'
	start_box
	run -0 on_terminal "$RUNC" --root "$STATE" exec -t "$ID" sh -c 'tty; stty size'
	assert_line --index 0 --partial /dev/pts/0
	assert_line --index 1 --partial "33 99"
	run -0 runc exec "$ID" tty -s <<<x || true
	recvtty
	runc exec -d -t --console-socket "$BOX/tty.sock" "$ID" sh -c 'tty; echo $((6*7))'
	run tty_output
	assert_line /dev/pts/0
	assert_line 42
}

@test "tty: input and output that outrun each other" {
	config '.process.terminal = false'
	start_box
	{
		yes 0123456789012345678901234567890123456789 | head -n 5000
		printf '\004'
	} >in
	run -0 timeout -k 1 20 "$RUNC" --root "$STATE" exec -t "$ID" sh -c 'cat; echo end' <in
	assert_equal "${lines[-1]}" end
}

@test "tty: a program that lets go of its terminal, and takes it again" {
	sh_args 'exec </dev/null >/dev/null 2>&1; sleep 0.5; echo back >/dev/console; sleep 0.2'
	run -0 on_terminal "$RUNC" --root "$STATE" run "$ID"
	assert_line --partial back
}

@test "tty: a socket where none fits, and the other way round" {
	run runc create "$ID"
	assert_failure
	assert_output --partial "without setting console socket"
	run runc run -d "$ID"
	assert_failure
	run runc create --console-socket "$BOX/nosuch" "$ID"
	assert_failure
	assert_output --partial "$BOX/nosuch"
	config '.process.terminal = false'
	run runc create --console-socket "$BOX/nosuch" "$ID"
	assert_failure
	assert_output --partial "cannot use console socket"
	nothing_left
}
