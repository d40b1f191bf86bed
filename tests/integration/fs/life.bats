#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A supervisor's life: it begins quickly, costs little, and ends with its container.

load helper

setup() {
	make_layers "$BATS_TEST_TMPDIR/box"
	FDS=$(ls "/proc/$$/fd" | wc -l)
}

teardown() {
	stop_box
	no_worker_died
	remove_layers
}

children_of() { pgrep -P "$1" | wc -l; }

@test "life: the end of init takes the view off and both processes away" {
	start_box
	local w; w=$(worker)
	is_view
	echo x >"$MERGED/etc/x"
	kill "$INIT"
	wait_for 5 gone "$KEEPER"
	refute alive "$w"
	refute is_view
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	# What was written through the view is there, also what this mount had looked up before.
	assert_equal "$(cat "$MERGED/etc/x")" x
}

@test "life: the engine's mount beneath forgets what it knew" {
	refute [ -e "$MERGED/etc/later" ]
	cat "$MERGED/etc/conf"
	start_box
	inside 'echo now >etc/later; echo changed >etc/conf'
	stop_box
	assert_equal "$(cat "$MERGED/etc/later")" now
	assert_equal "$(cat "$MERGED/etc/conf")" changed
}

@test "life: SIGTERM ends it in order" {
	start_box
	kill "$KEEPER"
	wait_for 5 gone "$KEEPER"
	refute is_view
	alive "$INIT"
}

@test "life: a user of the view may finish after the end of init" {
	start_box
	dd if=/dev/urandom of="$MERGED/opt/big" bs=1M count=20 status=none
	local sum; sum=$(sha256sum <"$MERGED/opt/big")
	(for _ in $(seq 20); do head -c 1M; sleep 0.05; done <"$MERGED/opt/big" >"$BOX/copy") &
	sleep 0.3
	kill "$INIT"
	wait $!
	assert_equal "$(sha256sum <"$BOX/copy")" "$sum"
	wait_for 5 gone "$KEEPER"
}

@test "life: an idle user of the view does not keep it" {
	start_box
	sleep 60 <"$MERGED/etc/conf" 3>&- &
	local sleeper=$!
	kill "$INIT"
	wait_for 5 gone "$KEEPER"
	kill $sleeper
	refute is_view
}

@test "life: aborted before it was told anything" {
	driver abort "$MERGED" "$INSIDE" "$STATE"
	refute is_view
	refute [ -e "$STATE/fs.log" ]
}

@test "life: without a view there is a keeper and no worker" {
	start_box quiet
	refute is_view
	alive "$KEEPER"
	assert_equal "$(children_of "$KEEPER")" 0
	kill "$INIT"
	wait_for 5 gone "$KEEPER"
}

@test "life: what cannot be mounted is an error with a name, and nothing stays" {
	rm -r "$INSIDE"
	run driver start "$MERGED" "$INSIDE" "$STATE"
	assert_failure
	refute is_view
	mkdir "$INSIDE"
	rm "$BOX/bin/sysbox-fs"
	if [[ ! -e $(command -v sysbox-fs) ]]; then
		run driver start "$MERGED" "$INSIDE" "$STATE"
		assert_failure
		assert_output --partial sysbox-fs
	fi
	refute is_view
}

@test "life: a supervisor that cannot be loaded, or dies at once, is named with its end" {
	printf '#!/bin/sh\nexit 127\n' >"$BOX/bin/sysbox-fs"
	run driver start "$MERGED" "$INSIDE" "$STATE"
	assert_failure
	assert_output --partial "sysbox-fs cannot be loaded: a shared library is missing"
	printf '#!/bin/sh\nkill -ABRT $$\n' >"$BOX/bin/sysbox-fs"
	run driver start "$MERGED" "$INSIDE" "$STATE"
	assert_failure
	assert_output --partial "sysbox-fs was killed by signal 6"
	refute is_view
}

@test "life: a state directory that is gone" {
	rmdir "$STATE"
	run driver start "$MERGED" "$INSIDE" "$STATE"
	assert_failure
	refute is_view
}

@test "life: cleanup takes a dead view off, and only that" {
	driver cleanup "$MERGED"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	start_box
	local w; w=$(worker)
	kill -9 "$KEEPER"
	wait_for 5 gone "$w"
	run cat "$MERGED/etc/conf"
	assert_output --partial "not connected"
	driver cleanup "$MERGED"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	assert_equal "$(cat "$MERGED/etc/conf")" lower
	driver cleanup "$MERGED"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	driver cleanup "$BOX/absent"
}

@test "life: cleanup and the supervisor at once never hit the engine's mount" {
	for _ in $(seq 15); do
		start_box
		kill "$INIT"
		for _ in 1 2 3; do driver cleanup "$MERGED"; done
		assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
		wait_for 5 gone "$KEEPER"
		assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	done
}

@test "life: a mount that somebody put on the view is left alone" {
	start_box
	mount -t tmpfs strange "$MERGED"
	stop_box
	assert_equal "$(findmnt -rno SOURCE -M "$MERGED" | tail -n 1)" strange
	driver cleanup "$MERGED"
	assert_equal "$(findmnt -rno SOURCE -M "$MERGED" | tail -n 1)" strange
	umount "$MERGED"
	driver cleanup "$MERGED"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
}

@test "life: taken off late, when what covered it goes" {
	start_box
	mount -t tmpfs strange "$MERGED"
	kill "$INIT"
	sleep 2
	umount "$MERGED"
	wait_for 5 gone "$KEEPER"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
}

# best_us COMMAND...: of ten runs.
best_us() {
	local best=1000000 begin us
	for _ in $(seq 10); do
		begin=${EPOCHREALTIME/./}
		"$@"
		us=$((${EPOCHREALTIME/./} - begin))
		((us >= best)) || best=$us
	done
	echo "$best"
}

@test "life: ready in a few milliseconds" {
	local best=1000000 limit yardstick
	for _ in $(seq 10); do
		start_box
		((START_US >= best)) || best=$START_US
		stop_box
	done
	# An emulated machine is slower: there, what ten programs take to start.
	yardstick=$(best_us /bin/true)
	limit=$((yardstick * 10 > 5000 ? yardstick * 10 : 5000))
	echo "# best of ten: $best us; /bin/true: $yardstick us" >&3
	((best < limit))
}

private_kib() { awk '/^Private/ { n += $2 } END { print n }' "$@"; }

@test "life: keeper and worker together have less than 1.5 MiB of their own" {
	not_sanitized
	start_box
	"$TOP/tests/helpers/nasty-tree.py" "$BOX/tree"
	cp -a "$BOX/tree" "$MERGED/opt/"
	cp -a "$MERGED/opt/tree" "$BOX/back"
	local kib
	kib=$(private_kib "/proc/$KEEPER/smaps_rollup" "/proc/$(worker)/smaps_rollup")
	echo "# $kib KiB after work" >&3
	((kib < 1536))
}

@test "life: nothing wakes it when nobody asks" {
	# A mount namespace of its own: of changes to its mounts the keeper wants to hear. A
	# directory that is removed outside takes the copies of its mounts along, hence two tries.
	WRAP=(unshare -m --propagation private)
	start_box
	nsenter -t "$KEEPER" -m ls "$MERGED" >/dev/null
	quiet_for 10 || quiet_for 10
}

quiet_for() {
	local before
	sleep 0.5
	before=$(switches)
	sleep "$1"
	assert_equal "$(switches)" "$before"
}

switches() { grep -h ctxt_switches "/proc/$KEEPER/status" "/proc/$(worker)/status"; }

@test "life: the worker has given up what it can" {
	not_sanitized
	start_box
	local w; w=$(worker)
	run -0 cat "/proc/$w/status"
	assert_line --regexp '^NoNewPrivs:.1$'
	assert_line --regexp '^Seccomp:.2$'
	assert_line --regexp '^CapPrm:.00000000880000df$'
	assert_line --regexp '^Groups:.*$'
	# No path leads to the host: its root is its own fd directory.
	assert_equal "$(readlink "/proc/$w/root")" "$(readlink "/proc/$w/cwd")"
	refute [ -e "/proc/$w/root/etc" ]
	# Neither the engine's mount nor the container's process, nor the keeper's things.
	run -0 ls -l "/proc/$w/fd"
	refute_output --partial "$MERGED"
	refute_output --partial pidfd
}

@test "life: the descriptors of the runtime do not reach it" {
	exec 9<"$MERGED/etc/conf"
	start_box
	exec 9<&-
	run -0 ls -l "/proc/$KEEPER/fd"
	refute_output --partial /etc/conf
	assert_equal "$(ps -o sess= -p "$KEEPER" | tr -d ' ')" "$KEEPER"
	assert_equal "$(readlink "/proc/$KEEPER/cwd")" /
}

@test "life: fifty times over, nothing left" {
	local before
	before=$(grep -c "$BOX" /proc/self/mountinfo)
	for _ in $(seq 50); do
		start_box
		echo x >"$MERGED/etc/x"
		stop_box
	done
	assert_equal "$(grep -c "$BOX" /proc/self/mountinfo)" "$before"
	assert_equal "$(ls "/proc/$$/fd" | wc -l)" "$FDS"
}
