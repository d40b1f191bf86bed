#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All scripts pass shellcheck.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"
command -v shellcheck >/dev/null || exit 77

find . \( -path ./.git -o -path './build*' \) -prune -o -name '*.sh' -print | sort |
	xargs shellcheck
