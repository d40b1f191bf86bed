#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The layer law: who may include whom. Includes are written from the root of the
# repository, which makes them greppable.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"

# shellcheck disable=SC2016  # the dollars are for awk
find lib src fs -name '*.[ch]' | sort | xargs awk '
# The place of a file of src/ in the one direction that data flows. A file may
# include what has the same place or one further left.
function place(file, stem)
{
	stem = file
	sub(/^src\//, "", stem)
	sub(/\.[ch]$/, "", stem)
	if (stem == "spec")
		return 1
	if (stem ~ /^spec-/)
		return 2
	if (stem ~ /^host(-|$)/)
		return 3
	if (stem ~ /^syscont(-|$)/)
		return 4
	if (stem ~ /^plan(-|$)/)
		return 5
	if (stem ~ /^(do|cgroup|cli|docker|fs-client|hooks|ids|image|layers|listener|locks|notify|passed|pidfile|resolver|rootfs|sdbus|state|store|subid|sync|volumes)(-|$)/)
		return 6
	if (stem ~ /^(launch|init|join|monitor)(-|$)/)
		return 7
	if (stem ~ /^(cmd|container|doctor|features|inspect|install|main)(-|$)/)
		return 8
	return 0
}

function bad(text)
{
	print FILENAME ":" FNR ": " text
	status = 1
}

# A library of the system has one door.
function door(header)
{
	if (header ~ /^json-c\// || header == "json.h")
		return "^lib/json-tree\\.h$"
	if (header == "sys/capability.h")
		return "^lib/caps\\.c$"
	if (header ~ /^systemd\/sd-bus/)
		return "^src/sdbus\\.h$"
	if (header ~ /^systemd\/sd-event/)
		return "^fs/(worker|keeper)\\.c$"
	return "."
}

FNR == 1 {
	layer = FILENAME
	sub(/\/.*/, "", layer)
	if (layer == "src" && !place(FILENAME))
		bad("no place for this file in tests/lint/layers.sh")
}

/^#[ \t]*include[ \t]*</ {
	header = $0
	sub(/^[^<]*</, "", header)
	sub(/>.*/, "", header)
	if (FILENAME !~ door(header))
		bad("<" header "> belongs to " door(header))
}

/^#[ \t]*include[ \t]*"/ {
	header = $0
	sub(/^[^"]*"/, "", header)
	sub(/".*/, "", header)
	target = header
	sub(/\/.*/, "", target)
	if (target != "lib" && target != layer)
		bad(layer "/ must not include " header)
	if (layer == "lib" && header == "lib/log.h" && FILENAME != "lib/log.c")
		bad("lib/ returns errors and does not log")
	if (layer == "src" && target == "src" && place(header) > place(FILENAME))
		bad(header " stands right of this file")
}

END { exit status }
'
