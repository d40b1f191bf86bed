#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the runtime at any step: the next command goes on from there, and nothing stays behind.
#
# strace kills at the entry of the Nth call that leaves a trace somewhere; what lies between two
# such calls changes nothing that could be found later.
#
#   KILL_STRIDE   only every so many steps (1: all of them)

load helper

# Calls that change files, mounts, cgroups, processes, or speak to another process.
MARKS=mkdir,mkdirat,mknodat,symlinkat,linkat,unlinkat,renameat,renameat2,write,fchownat,flock
MARKS+=,clone,clone3,wait4,sendmsg,recvmsg,connect,mount,umount2,move_mount,open_tree,fsconfig
MARKS+=,mount_setattr,pivot_root,setns,unshare,seccomp,poll,ppoll,pidfd_send_signal,execve
KILL_STRIDE=${KILL_STRIDE:-12}

# Everything that a creation makes: an overlay below the root, a view above it, stores, a lock.
setup() {
	make_box
	LAYER=$BOX/layer
	mkdir "$BOX/volume" "$LAYER" "$LAYER"/{upper,work}
	mv "$ROOTFS" "$LAYER/lower"
	mkdir "$ROOTFS"
	mount -t overlay overlay -o "lowerdir=$LAYER/lower,upperdir=$LAYER/upper,workdir=$LAYER/work" "$ROOTFS"
	mount_row /var/lib/docker bind "$BOX/volume" rbind
	args sleep 1000
}

teardown() {
	cd /
	delete_all
	umount "$ROOTFS"
	remove_box
}

# The root file system's own mount is the test's.
mounts() { grep -F -e " $BOX" /proc/self/mountinfo | grep -v " $ROOTFS .* - overlay "; }

traced() { # STRACE OPTION... -- VERB...
	local options=()
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	timeout 30 strace -qq "${options[@]}" "$RUNC" --root "$STATE" --log "$BOX/log" "${@:2}" </dev/null
}

# n_steps [-f] VERB...: how many calls may be the last one.
n_steps() {
	local follow=()
	[[ $1 != -f ]] || { follow=(-f -b execve); shift; }
	traced "${follow[@]}" -e trace="$MARKS" -o "$BOX/trace" -- "$@" >&2 || return
	awk '{ n[$1 ~ /^[0-9]+$/ ? $1 : 0]++ } END { for (p in n) if (n[p] > max) max = n[p]; print max }' "$BOX/trace"
}

# killed_at N [-f] VERB...: kill the runtime, with -f whichever of its processes gets so far.
killed_at() {
	local n=$1 follow=()
	shift
	[[ $1 != -f ]] || { follow=(-f -b execve); shift; }
	traced "${follow[@]}" -e inject="$MARKS:signal=KILL:when=$n" -o /dev/null -- "$@" >/dev/null 2>&1 ||
		true
}

steps() { seq "$((1 + BATS_TEST_NUMBER % KILL_STRIDE))" "$KILL_STRIDE" "$1"; }

is_alone() { [[ $(runc ps --format json "$ID" | jq length) == 1 ]]; }

clean() {
	run -0 runc delete --force "$ID"
	wait_for 5 nothing_left 2>/dev/null || nothing_left
	refute [ -e "$LAYER/sysbox-work" ]
}

@test "kill -9 of create: delete --force removes all" {
	local n last
	last=$(n_steps create "$ID")
	runc delete -f "$ID"
	assert [ "$last" -gt 50 ]
	for n in $(steps "$last"); do
		echo "killed at $n: $(sed -n "${n}p" "$BOX/trace")"
		killed_at "$n" create "$ID"
		clean
	done
}

@test "kill -9 of create: the same id can be created again, with the same volume" {
	local n last
	last=$(n_steps create "$ID")
	runc delete -f "$ID"
	for n in $(steps "$last"); do
		echo "killed at $n: $(sed -n "${n}p" "$BOX/trace")"
		killed_at "$n" create "$ID"
		# Its last words were written: it was made.
		[[ -d $STATE/$ID && $(status_of 2>/dev/null) == created ]] || runc create "$ID" </dev/null
		runc start "$ID"
		assert_equal "$(status_of)" running
		clean
	done
}

@test "kill -9 of any process of run: delete --force removes all" {
	local n last
	last=$(n_steps -f run -d "$ID")
	runc delete -f "$ID"
	for n in $(steps "$last"); do
		echo "killed at $n"
		killed_at "$n" -f run -d "$ID"
		clean
	done
}

@test "kill -9 of start: start again, or delete --force" {
	local n last
	runc create "$ID" </dev/null
	last=$(n_steps start "$ID")
	runc delete -f "$ID"
	for n in $(seq 1 "$last"); do
		echo "killed at $n: $(sed -n "${n}p" "$BOX/trace")"
		runc create "$ID" </dev/null
		killed_at "$n" start "$ID"
		[[ $(status_of) == running ]] || runc start "$ID"
		assert_equal "$(status_of)" running
		clean
	done
}

@test "kill -9 of exec: the container goes on, and the next exec is served" {
	local n last
	start_box
	last=$(n_steps -f exec "$ID" true)
	for n in $(seq 1 "$last"); do
		echo "killed at $n"
		killed_at "$n" -f exec "$ID" true
		run -0 runc exec "$ID" echo served
		assert_output served
	done
	wait_for 5 is_alone
	clean
}

@test "kill -9 of delete: delete again removes the rest" {
	local n last
	start_box
	last=$(n_steps delete -f "$ID")
	for n in $(steps "$last"); do
		echo "killed at $n: $(sed -n "${n}p" "$BOX/trace")"
		start_box
		killed_at "$n" delete -f "$ID"
		clean
	done
}

@test "kill -9 of delete: the same id can be created again" {
	local n last
	start_box
	last=$(n_steps delete -f "$ID")
	for n in $(steps "$last"); do
		echo "killed at $n: $(sed -n "${n}p" "$BOX/trace")"
		start_box
		killed_at "$n" delete -f "$ID"
		# It may be a container yet, and says so.
		if ! runc create "$ID" </dev/null >"$BOX/out" 2>&1; then
			assert_regex "$(<"$BOX/out")" 'already exists'
			runc delete -f "$ID"
			runc create "$ID" </dev/null
		fi
		clean
	done
}
