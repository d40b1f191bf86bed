#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The man page and --help say the same: each command has a section and each section a command; each
# option of a command is in its section, and no section has one that is not an option of it, unless
# it refers to one of another command by a sentence.
set -eu
build=$(pwd)
cd "${srcdir:-$(dirname "$0")/../..}"
[ -x "$build/sysbox-runc" ] || { echo "run this by make check"; exit 77; }
page=docs/man/sysbox-runc.8
status=0
bad() { echo "$page: $*"; status=1; }

runc() { "$build/sysbox-runc" "$@" --help; }
# The long options of a help text; of a man page's text on stdin.
of_help() { sed -n 's/^  \(-., \|    \)--\([a-z0-9-]*\).*/\2/p' | sort; }
of_page() { sed 's/\\-/-/g' | grep -o -e '--[a-z][a-z0-9-]*' | sed 's/^--//' | sort -u; }
section() { awk -v s="$1" '/^\.S[SH] / { on = ($0 == s) } on && !/^\.S[SH]/' "$page"; }

hidden="checkpoint restore"
listed=$(runc | sed -n '/^COMMANDS:/,/^$/s/^  \([a-z]*\) .*/\1/p')
sections=$(sed -n 's/^\.SS //p' "$page")
for verb in $listed; do
	echo "$sections" | grep -qx "$verb" || bad "no section on $verb"
done
for verb in $sections; do
	echo "$listed $hidden" | tr ' ' '\n' | grep -qx "$verb" || bad "there is no command $verb"
done
compare() {
	name=$1 want=$2 got=$3
	for o in $want; do
		echo "$got" | grep -qx "$o" || bad "$name: no word on --$o"
	done
	for o in $got; do
		echo "$want" | grep -qx "$o" || bad "$name: there is no option --$o"
	done
}
for verb in $listed; do
	compare "$verb" "$(runc "$verb" | of_help)" "$(section ".SS $verb" | of_page)"
done
# What the options of other runtimes are is said behind these.
compare OPTIONS "$(runc | of_help)" \
	"$(section '.SH OPTIONS' | sed '/^Other runtimes/,$d' | of_page)"
for v in $(grep -o 'SYSBOX_[A-Z_]*' src/syscont-env.c | sort -u | grep -vx SYSBOX_); do
	grep -q "$v" "$page" || bad "no word on the variable $v"
done
sandbox=docs/man/sysbox-sandbox.1
want=$(sandbox/sysbox-sandbox --help | sed -n 's/^  --\([a-z]*\).*/\1/p' | sort)
got=$(awk '/^\.SH / { on = ($0 == ".SH OPTIONS") } on && /^\.B/' $sandbox | of_page)
page=$sandbox
compare OPTIONS "$want" "$got"
for f in docs/man/*.[18]; do
	[ -s "$f" ] || bad "$f is empty"
	command -v man >/dev/null || continue
	found=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$f" 2>&1 >/dev/null)
	[ -z "$found" ] || bad "$f: $found"
done
exit $status
