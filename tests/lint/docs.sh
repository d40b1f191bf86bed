#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the documents name is there: files of the tree, links, options of our programs and scripts.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"
status=0
bad() { echo "$*"; status=1; }

for d in README.md CONTRIBUTING.md SECURITY.md NEWS docs/*.md docs/uses/*.md images/README.md tests/*/README.md; do
	[ -e "$d" ] || continue
	# Paths in backquotes: `src/init.c`, `tests/golden/CASE` (capitals stand for a name), `src/plan-*.c`.
	for f in $(grep -oE '`(\./)?(lib|src|fs|tests|images|docs|packaging)/[A-Za-z0-9_./*-]*' "$d" | tr -d '`' | sort -u); do
		f=$(printf %s "$f" | sed 's|/[A-Z][A-Z-]*.*$|/|; s|-[A-Z]*\(\.[ch]\)*$|-*|')
		# A program stands beside its source.
		# shellcheck disable=SC2086  # a pattern
		ls -d $f >/dev/null 2>&1 || [ -e "$f.c" ] || bad "$d: $f is not there"
	done
	dir=$(dirname "$d")
	for f in $(grep -oE '\]\([^)#:]+\)' "$d" | sed 's/^](//; s/)$//' | sort -u); do
		[ -e "$dir/$f" ] || bad "$d: the link to $f leads nowhere"
	done
done
for part in $(sed -n "s/^| \`\([a-z]*\)\` | .*| \(yes\|no\) |\$/\1/p" docs/testing.md); do
	./run-tests --list | grep -q "^$part " || bad "docs/testing.md: there is no part $part"
done
for part in $(./run-tests --list | awk '{ print $1 }'); do
	grep -q "^| \`$part\` |" docs/testing.md || bad "docs/testing.md: no word on the part $part"
done
# Every pass, in its order; syscont-env.c runs before them.
for f in src/syscont-*.c; do
	grep -q "$f" docs/design.md || bad "docs/design.md: no word on $f"
done
told=$(sed -n 's/^| `src\/syscont-\([a-z]*\)\.c`.*/\1/p' docs/design.md | grep -vx env)
run=$(sed -n 's/^	{"[a-z ]*", syscont_\([a-z]*\), .*/\1/p' src/syscont-passes.c)
[ "$told" = "$run" ] || bad "docs/design.md: the passes run in another order:" $run
# Pages that are followed are written in the grammar for that.
if command -v python3 >/dev/null; then
	tests/uses/follow --list docs/uses/*.md >/dev/null || bad "docs/uses: see above"
fi
exit $status
