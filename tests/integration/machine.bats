#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A machine on which containers cannot start: one line says what is wrong and what to do, whoever
# calls the runtime, and nothing is left.

load helper

# One line, with these patterns.
says() {
	assert_failure
	assert_equal "${#lines[@]}" 1
	local pattern
	for pattern; do assert_regex "$output" "$pattern"; done
}

# with PREPARATION CMD...: in mounts of its own.
with() {
	local prepare=$1; shift
	unshare --mount sh -ec "$prepare; exec \"\$@\"" sh "$@"
}

@test "machine: not root" {
	chmod 755 "$BOX"
	run setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNC" --root "$STATE" run "$ID"
	says 'root'
}

@test "machine: a kernel that is too old" {
	run setarch x86_64 --uname-2.6 "$RUNC" --root "$STATE" run "$ID"
	says 'kernel 2\.6\.[^ ]* is too old' 'boot a newer kernel'
}

@test "machine: no /dev/fuse" {
	local n prepare="mkdir $BOX/dev; mount -t tmpfs dev $BOX/dev; ln -s /proc/self/fd $BOX/dev/fd"
	for n in null zero full random urandom tty; do prepare+="; touch $BOX/dev/$n; mount --bind /dev/$n $BOX/dev/$n"; done
	run with "$prepare; mount --rbind $BOX/dev /dev" "$RUNC" --root "$STATE" run "$ID"
	says '/dev/fuse' 'modprobe fuse'
	rmdir "$BOX/dev"
}

@test "machine: no sysbox-fs" {
	cp "$RUNC" "$BOX/sysbox-runc"
	run with 'mount -t tmpfs none /usr/local/bin' "$BOX/sysbox-runc" --root "$STATE" run "$ID"
	says 'sysbox-fs'
}

@test "machine: a full disk" {
	mkdir "$STATE"
	run with "mount -t tmpfs -o size=4k full $STATE; head -c 8k /dev/zero >$STATE/fill 2>/dev/null || true" "$RUNC" --root "$STATE" run "$ID"
	says 'No space left on device'
}
