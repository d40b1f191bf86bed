#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: what each action does to a program, and to the set-up before it.

load helper

setup() {
	make_box
	cp "$PROBE" "$ROOTFS/bin/probe"
	plain
}

# profile DEFAULT [NAME ACTION]...
profile() {
	config --arg d "$1" '.linux.seccomp = {defaultAction: $d, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"], syscalls: []}'
	shift
	while (($#)); do
		config --arg n "$1" --arg a "$2" '.linux.seccomp.syscalls += [{names: [$n], action: $a}]'
		shift 2
	done
}

agent() {
	rm -f "$BOX/agent" "$BOX/heard"
	python3 "$HELPERS/seccomp-agent.py" "$BOX/agent" "$@" >"$BOX/heard" 2>&1 &
	AGENT=$!
	wait_for 5 grep -qs listening "$BOX/heard"
	config --arg s "$BOX/agent" '.linux.seccomp += {listenerPath: $s, listenerMetadata: "meta \"data\""}'
}

teardown() {
	[[ -z ${AGENT-} ]] || kill "$AGENT"
	remove_box
}

@test "seccomp: errno, with and without a number" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_ERRNO mkdirat SCMP_ACT_ERRNO rmdir SCMP_ACT_ERRNO
	config '.linux.seccomp.syscalls[2].errnoRet = 28'
	run run_sh 'mkdir /tmp/x'
	assert_failure
	assert_output --partial "Operation not permitted"
	run run_sh 'rmdir /tmp'
	assert_failure
	assert_output --partial "No space left"
}

@test "seccomp: kill" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_KILL_PROCESS mkdirat SCMP_ACT_KILL_PROCESS
	run run_sh 'mkdir /tmp/x || echo $?'
	assert_output --partial 159
	refute [ -e "$ROOTFS/tmp/x" ]
}

@test "seccomp: log and trap" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_LOG mkdirat SCMP_ACT_LOG rmdir SCMP_ACT_TRAP
	run run_sh 'mkdir /tmp/x; rmdir /tmp/x || echo $?'
	assert_output --partial 159
	assert [ -d "$ROOTFS/tmp/x" ]
}

@test "seccomp: a default of its own errno" {
	profile SCMP_ACT_ERRNO
	config '.linux.seccomp += {defaultErrnoRet: 38, syscalls: [{names: ["execve", "exit_group", "write", "read", "brk", "arch_prctl", "mmap", "munmap",
		"set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "mprotect", "readlink", "readlinkat", "newfstatat", "fstat", "uname", "close", "openat", "close_range",
		"rt_sigaction", "rt_sigprocmask"], action: "SCMP_ACT_ALLOW"}]}'
	args probe syscall 39
	run -0 runc run "$ID"
	assert_output ENOSYS
}

@test "seccomp: a profile that allows next to nothing does not break the set-up" {
	local nnp
	for nnp in true false; do
		profile SCMP_ACT_ERRNO
		config --argjson n $nnp '.process.noNewPrivileges = $n | .linux.seccomp.syscalls = [{names: ["execve", "exit_group", "write", "read", "brk", "arch_prctl",
			"mmap", "munmap", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "mprotect", "readlink", "readlinkat", "newfstatat", "fstat", "close", "openat",
			"close_range", "rt_sigaction", "rt_sigprocmask", "capset", "capget"], action: "SCMP_ACT_ALLOW"}]'
		args probe syscall 39
		run -0 runc run "$ID"
		assert_output EPERM
	done
}

@test "seccomp: arguments" {
	profile SCMP_ACT_ALLOW
	# personality(PER_LINUX32) only
	config '.linux.seccomp.syscalls = [{names: ["personality"], action: "SCMP_ACT_ERRNO", errnoRet: 5, args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]}]'
	sh_args 'probe syscall 135 8; probe syscall 135 0'
	run -0 runc run "$ID"
	assert_output $'EIO\nok'
}

@test "seccomp: the filter is there for exec, too" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_ERRNO mkdirat SCMP_ACT_ERRNO
	start_box
	run inside 'mkdir /tmp/x'
	assert_failure
	assert_output --partial "Operation not permitted"
	run -0 inside 'grep Seccomp: /proc/self/status'
	assert_output --regexp '2$'
}

@test "seccomp: notify: the listener gets descriptor, state and metadata" {
	local nnp
	for nnp in true false; do
		profile SCMP_ACT_ALLOW mkdir SCMP_ACT_NOTIFY mkdirat SCMP_ACT_NOTIFY
		config --argjson n $nnp '.process.noNewPrivileges = $n'
		agent 123
		run run_sh 'mkdir /tmp/x'
		assert_failure
		assert_output --partial "No medium found"
		run -0 jq -r '.fds[0], .metadata, .state.id, .state.status, .ociVersion' <(sed -n 2p "$BOX/heard")
		assert_line --index 0 seccompFd
		assert_line --index 1 'meta "data"'
		assert_line --index 2 "$ID"
		assert_line --index 3 creating
		kill $AGENT
	done
	AGENT=
}

@test "seccomp: notify: calls that the set-up itself needs" {
	local nnp
	for nnp in true false; do
		profile SCMP_ACT_ALLOW
		config --argjson n $nnp '.process.noNewPrivileges = $n | .linux.seccomp.syscalls = [{names: ["execve", "openat", "open", "read", "close", "fcntl", "stat", "newfstatat",
			"faccessat", "faccessat2", "chdir", "getcwd", "sendmsg", "recvmsg", "mkdirat", "capset", "setresuid", "prctl"], action: "SCMP_ACT_NOTIFY"}]'
		agent
		args true
		run -0 timeout 30 "$RUNC" --root "$STATE" run "$ID"
		kill $AGENT
	done
	AGENT=
}

@test "seccomp: notify: write cannot be" {
	profile SCMP_ACT_ALLOW write SCMP_ACT_NOTIFY
	agent
	args true
	run timeout 30 "$RUNC" --root "$STATE" run "$ID"
	assert_failure
	assert_output --partial "cannot be used for the write syscall"
	nothing_left
}

@test "seccomp: notify: exec has a descriptor of its own" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_NOTIFY mkdirat SCMP_ACT_NOTIFY
	agent 123
	start_box
	run inside 'mkdir /tmp/x'
	assert_output --partial "No medium found"
	assert_equal "$(grep -c seccompFd "$BOX/heard")" 2
	run -0 jq -r '.pid != .state.pid, .state.pid, .state.status' <(grep seccompFd "$BOX/heard" | tail -n 1)
	assert_output "true"$'\n'"$(init_of)"$'\n'running
}

@test "seccomp: notify: without a listener" {
	profile SCMP_ACT_ALLOW mkdir SCMP_ACT_NOTIFY
	args true
	run runc run "$ID"
	assert_failure
	assert_output --partial listenerPath
	config --arg s "$BOX/nosuch" '.linux.seccomp.listenerPath = $s'
	run runc run "$ID"
	assert_failure
	assert_output --partial "$BOX/nosuch"
	nothing_left
}

@test "seccomp: words that mean nothing, calls that no kernel knows" {
	profile SCMP_ACT_NOPE
	args true
	run runc run "$ID"
	assert_failure
	assert_output --partial linux.seccomp.defaultAction
	profile SCMP_ACT_ALLOW
	config '.linux.seccomp.architectures = ["SCMP_ARCH_NOPE"]'
	run runc run "$ID"
	assert_failure
	assert_output --partial linux.seccomp.architectures
	profile SCMP_ACT_ALLOW nosuchcall SCMP_ACT_ERRNO
	run -0 runc run "$ID"
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_NOPE"]'
	run runc run "$ID"
	assert_failure
	assert_output --partial linux.seccomp.flags
}

@test "seccomp: a system container mounts, whatever the engine's default profile thinks" {
	config '.process.env = ["PATH=/bin"]'
	config --slurpfile d "$TOP/tests/golden/docker28-default/config.json" '.linux.seccomp = $d[0].linux.seccomp'
	run -0 run_sh 'mount -t tmpfs none /tmp && grep -c " /tmp " /proc/mounts'
	assert_output 1
}

@test "seccomp: a profile older than the calls of the set-up" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["close_range", "openat2", "prctl", "sendmsg", "recvmsg"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	start_box
	run -0 runc exec "$ID" echo here
	assert_output here
	runc exec -d "$ID" sh -c 'sleep 0.3; touch /lives; sleep 100'
	wait_for 5 test -e "$ROOTFS/lives"
}
