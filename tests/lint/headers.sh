#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, a .c file includes its own header first, and each of them is in the
# list of sources that the tarball is made of.
set -eu
build=$(pwd)
cd "${srcdir:-$(dirname "$0")/../..}"
[ -f "$build/config.h" ] || { echo "run this by make check"; exit 77; }

status=0
for h in $(find lib src fs -name '*.h' | sort); do
	# shellcheck disable=SC2086  # a command and a list of options
	echo "#include \"$h\"" | ${CC:-cc} ${LINT_CFLAGS-} -include "$build/config.h" -I. \
		-fsyntax-only -Werror -x c - || status=1
	grep -q '^#pragma once' "$h" || { echo "$h: no #pragma once"; status=1; }
done
for c in $(find lib src fs -name '*.c' | sort); do
	own=${c%.c}.h
	[ -f "$own" ] || continue
	first=$(sed -n 's/^#include ["<]\(.*\)[">].*/\1/p' "$c" | head -n 1)
	[ "$first" = "$own" ] || { echo "$c: the first include is not $own"; status=1; }
done
for f in $(find lib src fs -name '*.[ch]' | sort); do
	grep -q "%D%/${f#*/}\$" "${f%%/*}/local.mk" || { echo "$f: not in ${f%%/*}/local.mk"; status=1; }
done
exit $status
