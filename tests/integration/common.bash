# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What all bats files start with.
#
#   TOP    the source tree

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# wait_for SECONDS COMMAND...: until it succeeds; its output is dropped.
wait_for() {
	local end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS <= end)) || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.05
	done
}
