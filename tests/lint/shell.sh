#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All scripts pass shellcheck, whatever they are called.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"
command -v shellcheck >/dev/null || exit 77

# SC2154: it does not see what a sourced file or "read" assigns.
find autogen.sh quickstart run-tests packaging lib src fs tests images docs .ci -path '*/corpus' -prune -o -type f -print \
	2>/dev/null | sort |
	xargs awk 'FNR == 1 && /^#! ?\/(usr\/)?bin\/(env )?(ba|da)?sh/ { print FILENAME }' |
	xargs shellcheck -S warning -e SC2154
