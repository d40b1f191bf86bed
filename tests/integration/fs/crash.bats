#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A worker that dies is replaced: nobody hangs, nothing is taken for something else.

load helper

setup() {
	make_layers "$BATS_TEST_TMPDIR/box"
	start_box
}

teardown() {
	stop_box
	remove_layers
	! mountpoint -q "$BATS_TEST_TMPDIR/disk" || umount "$BATS_TEST_TMPDIR/disk"
}

kill_worker() { kill -9 "$(worker)" 2>/dev/null || true; }
# Any answer will do, but one must come.
answered() {
	timeout 15 "$@"
	(($? != 124))
}
# Kill until a process ends.
kill_during() {
	while alive "$1"; do
		kill_worker
		sleep "0.0$((RANDOM % 9 + 1))"
	done
}

@test "crash: the next access is served" {
	local old; old=$(worker)
	kill_worker
	assert_equal "$(timeout 5 cat "$MERGED/etc/conf")" lower
	refute [ "$(worker)" = "$old" ]
	assert_equal "$(inside 'cat etc/conf')" lower
}

@test "crash: a file held open is lost with an error, a new open works" {
	exec 5<>"$MERGED/etc/conf"
	kill_worker
	run timeout 5 cat <&5
	assert_failure
	assert_output --partial "tale file handle"
	exec 5>&-
	assert_equal "$(timeout 5 cat "$MERGED/etc/conf")" lower
}

@test "crash: a directory that somebody stands in" {
	cd "$MERGED/etc/sub"
	kill_worker
	run timeout 5 cat one
	cd /
	assert_equal "$(timeout 5 cat "$MERGED/etc/sub/one")" one
}

@test "crash: requests in flight are answered" {
	local w pids=()
	w=$(worker)
	kill -STOP "$w"
	for n in 1 2 3 4 5; do
		timeout 20 cat "$MERGED/etc/conf" >"$BOX/out$n" & pids+=($!)
		timeout 20 mkdir "$MERGED/opt/dir$n" & pids+=($!)
	done
	sleep 0.3
	kill -9 "$w"
	for p in "${pids[@]}"; do wait "$p"; done
	for n in 1 2 3 4 5; do
		assert_equal "$(cat "$BOX/out$n")" lower
		[ -d "$BOX/o/diff/opt/dir$n" ]
	done
}

# in_hand SYSCALL COMMAND...: the worker is killed when it is about to make this call for it.
in_hand() {
	local w call=$1; shift
	w=$(worker)
	strace -qq -o /dev/null -p "$w" -e "trace=$call" -e "inject=$call:delay_enter=30000000" 3>&- &
	local tracer=$!
	wait_for 5 grep -q '^TracerPid:.[1-9]' "/proc/$w/status"
	timeout 15 "$@" &
	local command=$!
	wait_for 5 grep -q "^$(syscall_number "$call") " "/proc/$w/syscall"
	sleep 0.1
	# The tracer too: until it has heard of the death, nobody else does.
	kill -9 "$w" "$tracer"
	wait "$command"
}
syscall_number() {
	case $(uname -m):$1 in
	x86_64:mkdirat) echo 258 ;;
	x86_64:openat2) echo 437 ;;
	x86_64:linkat) echo 265 ;;
	*) skip "numbers of $(uname -m)" ;;
	esac
}

@test "crash: a request in hand that may have taken effect: an error, at once" {
	command -v strace || skip "no strace"
	run in_hand mkdirat mkdir "$MERGED/opt/dir"
	assert_failure 1
	assert_output --partial "Input/output error"
	assert_equal "$(grep -c 'died in request 9"' "$STATE/fs.log")" 1 # FUSE_MKDIR
	mkdir -p "$MERGED/opt/dir"
}

@test "crash: a request in hand that changes nothing: made again, nobody notices" {
	command -v strace || skip "no strace"
	run -0 in_hand openat2 stat -c %s "$MERGED/etc/conf"
	assert_line 6
	assert_equal "$(grep -c 'died in request 1"' "$STATE/fs.log")" 1 # FUSE_LOOKUP
}

@test "crash: readers under fire, never a wrong byte, never a hang" {
	for n in $(seq 20); do head -c 100000 /dev/urandom >"$MERGED/opt/f$n"; done
	(cd "$BOX/o/diff/opt" && sha256sum f*) >"$BOX/sums"
	(
		cd /
		for _ in $(seq 8); do
			for n in $(seq 20); do
				r=0
				timeout 15 cp "$MERGED/opt/f$n" "$BOX/copy" 2>/dev/null || r=$?
				((r != 124)) || echo hang
				((r != 0)) || [[ $(sha256sum <"$BOX/copy" | cut -d' ' -f1) == "$(awk -v f="f$n" '$2 == f { print $1 }' "$BOX/sums")" ]] || echo "wrong f$n"
				((r != 0)) || echo good
			done
		done
	) >"$BOX/results" &
	kill_during $!
	wait $! || true
	run -0 sort "$BOX/results"
	refute_output --partial hang
	refute_output --partial wrong
	assert_output --partial good
}

# Errors are as may be.
in_time() {
	local r=0
	timeout 120 "$@" 2>/dev/null || r=$?
	((r != 124)) || echo hang
}

@test "crash: writers under fire, whole trees, never a hang" {
	"$TOP/tests/helpers/nasty-tree.py" "$BOX/tree" 2
	(
		for n in 1 2 3; do
			in_time cp -a "$BOX/tree" "$MERGED/opt/t$n"
			in_time tar -C "$MERGED" -cf /dev/null opt
			in_time rm -rf "$MERGED/opt/t$n"
		done
	) >"$BOX/results" &
	kill_during $!
	wait $! || true
	assert_equal "$(cat "$BOX/results")" ''
	# And afterwards everything is as always.
	timeout 60 rm -rf "$MERGED"/opt/t?
	timeout 60 cp -a "$BOX/tree" "$MERGED/opt/last"
	diff <("$TOP/tests/helpers/tree-digest.py" "$BOX/tree") \
		<("$TOP/tests/helpers/tree-digest.py" "$BOX/o/diff/opt/last")
}

@test "crash: a worker that dies again and again does not burn the machine" {
	for _ in $(seq 10); do kill_worker; sleep 0.02; done
	wait_for 5 worker
	run -0 cat "$STATE/fs.log"
	assert_output --partial "signal 9"
	assert_output --regexp 'the next in [1-9][0-9]* ms'
	assert_equal "$(timeout 5 cat "$MERGED/etc/conf")" lower
}

@test "crash: keeper and container end as ever after many workers" {
	for _ in 1 2 3 4 5; do kill_worker; timeout 5 ls "$MERGED" >/dev/null; done
	kill "$INIT"
	wait_for 5 gone "$KEEPER"
	refute is_view
}

@test "crash: without its keeper the view is dead at once, and says so" {
	local w; w=$(worker)
	kill -9 "$KEEPER"
	wait_for 5 gone "$w"
	run timeout 5 ls "$MERGED"
	assert_failure 2
	assert_output --partial "not connected"
}

# make_disk: the layers are on a disk of their own, the state is not.
make_disk() {
	local dir=$BATS_TEST_TMPDIR
	truncate -s 64M "$dir/image"
	mkfs.ext4 -q "$dir/image"
	mkdir "$dir/disk"
	mount -o loop "$dir/image" "$dir/disk" || skip "no loop devices"
	make_layers "$dir/disk/box"
	STATE=$dir/state
	mkdir "$STATE"
}

waits_for_disk() { [[ $(awk '/^State:/ { print $2 }' "/proc/$1/status") == D ]]; }

@test "crash: a worker that no signal reaches keeps nobody: the supervisor ends" {
	stop_box
	remove_layers
	make_disk
	start_box
	local w; w=$(worker)
	fsfreeze -f "$BATS_TEST_TMPDIR/disk"
	mkdir "$MERGED/opt/dir" 2>/dev/null &
	wait_for 5 waits_for_disk "$w"
	kill "$INIT"
	run wait_for 20 gone "$KEEPER"
	fsfreeze -u "$BATS_TEST_TMPDIR/disk"
	wait_for 5 gone "$w"
	wait || true
	assert_success
}
