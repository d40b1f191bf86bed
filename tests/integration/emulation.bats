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

# Of busybox: its cat goes by the size that the kernel remembers, and does not ask for it.
@test "values: one that is refused leaves what was there, also for who reads by sendfile(2)" {
	run run_sh 'echo 10 >/proc/sys/vm/swappiness; echo x >/proc/sys/vm/swappiness || cat /proc/sys/vm/swappiness'
	assert_output --partial 'Invalid argument'
	assert_line 10
}

# For packages that contain /sys, and for those in containers within: /proc of those, too.
@test "chown: what no container's root can own is no error, where that is asked for" {
	local chowns='cd /; for c in "chown 0:0 /sys" "chown -h 0:0 sys" "chown 0 /sys/kernel" "chown 5 /proc/sys/kernel"; do
		$c 2>/dev/null && echo done || echo refused
	done
	touch /tmp/f; ln -s /sys /tmp/link; chown 7:8 /tmp/f; chown -h 9:9 /tmp/link; stat -c %u:%g /tmp/f /tmp/link /sys
	chown 0:0 /tmp/missing'
	config '.process.env += ["SYSBOX_IGNORE_SYSFS_CHOWN=TRUE"]'
	run run_sh "$chowns"
	assert_output --partial "/tmp/missing: No such file or directory"
	assert_equal "$(grep -v missing <<<"$output")" "$(printf '%s\n' done done done done 7:8 9:9 65534:65534)"
	runc delete -f "$ID"
	config '.process.env -= ["SYSBOX_IGNORE_SYSFS_CHOWN=TRUE"]'
	run run_sh "$chowns"
	assert_equal "$(grep -c refused <<<"$output")" 4
}

@test "chown: also of processes that come in later, and of nobody without the capability" {
	config '.process.env += ["SYSBOX_IGNORE_SYSFS_CHOWN=TRUE"] | .process.args = ["sleep", "100"]'
	runc run -d "$ID" </dev/null >/dev/null 2>&1
	run -0 runc exec "$ID" chown 0:0 /sys
	run runc exec -u 5:5 "$ID" chown 5:5 /sys
	assert_failure
	assert_output --partial "Operation not permitted"
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

# A worker's answers are writev(2): it gets as far as INIT, and no further.
at_first_request() {
	command -v strace >/dev/null || skip "no strace"
	in_trouble "exec strace -f -qq -o /dev/null -e trace=writev -e inject=writev:signal=$1:when=2+ \"\$REAL\""
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

# --- a listener of somebody else's --------------------------------------------------------------

# Everything but views for containers within: the figures, and mounts as the kernel makes them.
works_without_listener() {
	config '.linux.resources.memory = {limit: 268435456}'
	sh_args 'grep MemTotal /proc/meminfo; echo 3 >/proc/sys/vm/swappiness; cat /proc/sys/vm/swappiness
		unshare -m -p -f sh -c "mount -t proc none /tmp && ls -d /tmp/self && umount /tmp && ls /tmp | wc -l"'
	run timeout 60 "$@" "$RUNC" --root "$STATE" --log "$BOX/log" run "$ID"
	assert_success
	assert_line --index 0 --regexp ' 262144 kB$'
	assert_line --index 1 3
	assert_line --index 2 /tmp/self
	assert_line --index 3 0
}

@test "listener: a profile that has one: all but nested views works, and the log says so" {
	config --arg s "$BOX/agent" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $s,
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	python3 "$HELPERS/seccomp-agent.py" "$BOX/agent" >"$BOX/heard" 2>&1 3>&- &
	AGENT=$!
	wait_for 5 grep -qs listening "$BOX/heard"
	works_without_listener env
	kill "$AGENT"
	assert grep -q 'containers inside this one see the host.s figures.*the seccomp profile has a listener' "$BOX/log"
}

@test "listener: a runtime below one (nested): all but nested views works, and the log says so" {
	works_without_listener python3 "$HELPERS/listened.py"
	assert grep -q 'containers inside this one see the host.s figures.*no seccomp listener is to be had' "$BOX/log"
}

@test "listener: exec in a container without, from below a listener and from elsewhere" {
	local below=(python3 "$HELPERS/listened.py")
	args sleep 1000
	"${below[@]}" "$RUNC" --root "$STATE" --log "$BOX/log" run -d "$ID" </dev/null 3>&-
	run -0 timeout 20 "${below[@]}" "$RUNC" --root "$STATE" exec "$ID" grep -c MemTotal /proc/meminfo
	assert_output 1
	run -0 timeout 20 "$RUNC" --root "$STATE" exec "$ID" sh -c 'mount -t proc none /tmp && ls -d /tmp/self; umount /tmp'
	assert_output /tmp/self
}
