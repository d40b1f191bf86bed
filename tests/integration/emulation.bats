#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The emulated files without an engine: who decides what is emulated, and what a supervisor in
# trouble does to a container.

load helper

with_conf() { printf '%s\n' "$@" >"$BOX/conf"; }
runc() { "$RUNC" --root "$STATE" --config "$BOX/conf" "$@"; }
setup() { make_box; with_conf ''; }

emulated() { run_sh 'grep -c "fuse.sysbox-fs" /proc/self/mounts || true'; }

@test "settings: off for the host, on for one container" {
	with_conf 'emulate = off'
	assert_equal "$(emulated)" 0
	runc delete -f "$ID"
	config '.annotations["io.sysbox.emulate"] = "memory"'
	run run_sh 'grep fuse.sysbox-fs /proc/self/mounts'
	assert_output --partial ' /proc/meminfo '
	refute_output --partial ' /proc/stat '
	runc delete -f "$ID"
	config '.process.env += ["SYSBOX_EMULATE=cpu"]'
	run run_sh 'grep fuse.sysbox-fs /proc/self/mounts'
	assert_output --partial ' /proc/stat '
	refute_output --partial ' /proc/meminfo '
}

@test "settings: a typing error is a warning, not the end of all containers" {
	with_conf 'emulate = everything' 'colour = red' 'host-sysctls = kernel.nothing'
	sh_args 'echo alive'
	run runc run "$ID"
	assert_success
	assert_line alive
	assert_output --partial 'emulate = everything is ignored'
	assert_output --partial 'colour is ignored'
	assert_output --partial 'host-sysctls = kernel.nothing is ignored'
}

@test "settings: a file that is there and cannot be read is an error" {
	rm "$BOX/conf"; mkdir "$BOX/conf"
	sh_args true
	run runc run "$ID"
	assert_failure
	assert_output --partial "$BOX/conf"
}

# fs.mount-max: raising it by one does nothing to this machine, and it is put back.
@test "settings: the host's value is raised where the administrator allows it, never lowered" {
	local path=/proc/sys/fs/mount-max before; before=$(cat $path)
	with_conf 'host-sysctls = fs.mount-max'
	run_sh "echo $((before - 1)) >$path; cat $path" >"$BOX/out"
	assert_equal "$(cat "$BOX/out")" $((before - 1))
	assert_equal "$(cat $path)" "$before"
	runc delete -f "$ID"
	run_sh "echo $((before + 1)) >$path; cat $path" >"$BOX/out"
	assert_equal "$(cat "$BOX/out")" $((before + 1))
	local after; after=$(cat $path)
	echo "$before" >$path
	assert_equal "$after" $((before + 1))
}

@test "settings: without that, nothing that is written reaches the host" {
	local before; before=$(cat /proc/sys/fs/mount-max)
	run_sh "echo $((before + 1)) >/proc/sys/fs/mount-max"
	assert_equal "$(cat /proc/sys/fs/mount-max)" "$before"
}

# --- a supervisor in trouble ------------------------------------------------------------------

# in_trouble SCRIPT: create with this in place of sysbox-fs; $REAL is the real one. It must fail
# in time; sets output.
in_trouble() {
	mkdir -p "$BOX/bin"
	cp "$(dirname "$RUNC")/sysbox-runc" "$BOX/bin/"
	printf '#!/bin/bash\nREAL=%q\n%s\n' "$(dirname "$RUNC")/sysbox-fs" "$1" >"$BOX/bin/sysbox-fs"
	chmod +x "$BOX/bin/sysbox-fs"
	RUNC=$BOX/bin/sysbox-runc
	sh_args true
	SECONDS=0
	run timeout 90 "$RUNC" --root "$STATE" --config "$BOX/conf" run "$ID"
	assert_failure 1
	assert [ $SECONDS -lt 60 ]
}

# A worker's answers are writev(2): it gets as far as the two INITs, and no further.
at_first_request() {
	command -v strace >/dev/null || skip "no strace"
	in_trouble "exec strace -f -qq -o /dev/null -e trace=writev -e inject=writev:signal=$1:when=3+ \"\$REAL\""
}

@test "trouble: a worker that dies at each request ends create, with a clear error" {
	at_first_request SIGKILL
	assert_output --partial 'sysbox-fs'
}

@test "trouble: a supervisor that stops in the middle ends create, with a clear error" {
	at_first_request SIGSTOP
	assert_output --partial 'sysbox-fs does not serve /proc and /sys'
}

@test "trouble: a supervisor that never answers ends create, with a clear error" {
	in_trouble 'exec sleep 1000'
	assert_output --partial 'sysbox-fs does not answer'
}
