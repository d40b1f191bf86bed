#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The list of emulated files in the documents is the table of the programs, and says a word on
# each file that has a meaning of its own. In a build directory.
set -eu
top=${srcdir:-$(dirname "$0")/../..}
[ -x tests/helpers/emul-table ] || exit 77
status=0
"$top/docs/emulation.sh" . | diff "$top/docs/emulation.md" - || {
	echo "docs/emulation.md is not of this table: make emulation-update"
	status=1
}
prose=$(sed '/^<!-- table: begin/q' "$top/docs/emulation.md")
tests/helpers/emul-table | awk -F '[`|]' '/\| the container.s \|/ { print $3 }' | {
	while read -r path; do
		case $prose in
		*"\`$path\`"* | *"\`${path##*/}\`"* | *"\`${path%/*}\`"*) ;;
		*) echo "docs/emulation.md: no word on $path"; status=1 ;;
		esac
	done
	exit $status
} || status=1
exit $status
