#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The look of the C files is .clang-format's decision. "format.sh --fix" applies it.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"
command -v clang-format >/dev/null || exit 77

mode='--dry-run -Werror'
[ "${1-}" != --fix ] || mode=-i

# clang-format takes a macro that begins with a brace ("#define X_EMPTY {0}") for a
# block and tears it apart: only the lines between such macros are shown to it.
ranges() {
	awk '
	{ line[NR] = $0 }
	END {
		from = 1
		for (i = 1; i <= NR; i++) {
			if (line[i] !~ /^#[ \t]*define /)
				continue
			text = ""
			for (to = i; line[to] ~ /\\$/ && to < NR; to++)
				text = text line[to]
			text = text line[to]
			gsub(/\\/, " ", text)
			if (text ~ /^#[ \t]*define [A-Za-z_0-9]+(\([^)]*\))?[ \t]+\{/) {
				if (from < i)
					printf "--lines=%d:%d\n", from, i - 1
				from = to + 1
			}
			i = to
		}
		if (from <= NR)
			printf "--lines=%d:%d\n", from, NR
	}' "$1"
}

status=0
for f in $(find lib src fs tests -name '*.[ch]' | sort); do
	# shellcheck disable=SC2046,SC2086  # lists of options
	clang-format $mode $(ranges "$f") "$f" || status=1
	# Comments are not reflowed, so their width is looked at here.
	expand "$f" | awk -v f="$f" 'length > 96 { print f ":" NR ": wider than 96"; bad = 1 }
		END { exit bad }' || status=1
done
exit $status
