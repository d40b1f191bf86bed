#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the table of emulated files into emulation.md, from the table of the programs.
#
# usage: docs/emulation.sh [BUILD_DIRECTORY]    prints the whole document
set -eu
here=$(dirname "$0")
table=${1:-$here/../build}/tests/helpers/emul-table

sed '/^<!-- table: begin/q' "$here/emulation.md"
"$table"
sed -n '/^<!-- table: end/,$p' "$here/emulation.md"
