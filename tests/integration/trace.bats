#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/trace.md is made from a real start: its table of meanings has to fit the calls.

load common

@test "trace: every row of docs/trace.patterns fits a call" {
	command -v strace >/dev/null || skip "no strace"
	[[ ! -e /sys/fs/cgroup/cgroup.controllers ]] || skip "it describes a cgroup v1 host"
	! grep -q __asan_init "${BUILD:-$TOP/build}/sysbox-runc" || skip "the sanitizer makes calls of its own"
	run -0 --separate-stderr "$TOP/docs/trace.sh" "${BUILD:-$TOP/build}"
	assert_line --partial '## INIT: '
	assert_equal "$stderr" ''
}
