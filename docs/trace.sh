#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Write docs/trace.md: the system calls of `sysbox-runc create` and `start` on a busybox bundle,
# process by process and step by step, each with its meaning out of docs/trace.patterns.
#
# usage: docs/trace.sh [BUILD-DIR] >docs/trace.md      (root; strace, jq, mmdebstrap)

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$HERE")
BUILD=$(cd "${1:-$TOP/build}" && pwd)
ID=demo
DIR=$(mktemp -d /var/tmp/sysbox-trace.XXXXXX)
chmod 711 "$DIR"

finish() {
	"$BUILD/sysbox-runc" --root "$DIR/state" delete --force "$ID" >/dev/null 2>&1 || true
	! mountpoint -q "$DIR/bundle/rootfs" || umount "$DIR/bundle/rootfs"
	rm -rf --one-file-system "$DIR"
}
trap finish EXIT

# What an engine prepares: an overlay of the image's layer, and a config.json.
make_bundle() {
	local layer
	layer=$("$TOP/images/build" --rootfs busybox 2>/dev/null)
	mkdir -p "$DIR/layers/1" "$DIR/container/diff" "$DIR/container/work" "$DIR/bundle/rootfs"
	cp -a "$layer/." "$DIR/layers/1"
	mount -t overlay overlay "$DIR/bundle/rootfs" -o \
		"lowerdir=$DIR/layers/1,upperdir=$DIR/container/diff,workdir=$DIR/container/work"
	(cd "$DIR/bundle" && "$BUILD/sysbox-runc" spec)
	jq '.process.args = ["true"] | .process.terminal = false' "$DIR/bundle/config.json" >"$DIR/config.json"
	mv "$DIR/config.json" "$DIR/bundle/config.json"
}

# The meanings name descriptors by number: none is inherited.
run_traced() {
	cd "$DIR/bundle"
	# shellcheck disable=SC2016
	strace -ff -y -qq -s 100 -e signal=none -o "$DIR/tr" sh -c '
		exec 2>"$4" </dev/null >/dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
		"$1" --debug --root "$2" create "$3" && "$1" --debug --root "$2" start "$3"' \
		sh "$BUILD/sysbox-runc" "$DIR/state" "$ID" "$DIR/log" || { tail -n 3 "$DIR/log" >&2; exit 1; }
	cd "$TOP"
}

# The process whose trace has this pattern, the first one if there are several.
who() {
	grep -lE -- "$1" "$DIR"/tr.* | sort -t. -k3n | head -n 1 | sed 's/.*\.//'
}
# child_of PID PATTERN [N]: the child that the first, or Nth, call of this pattern in PID's trace has made.
child_of() { sed -nE "s/^$2.* = ([0-9]+)\$/\\1/p" "$DIR/tr.$1" | sed -n "${3:-1}p"; }

find_processes() {
	CREATE=$(who '^execve.*"create", "demo"')
	START=$(who '^execve.*"start", "demo"')
	KEEPER=$(who '^execve.*"sysbox-fs"\]')
	MAPS=$(who '^unshare\(CLONE_NEWUSER\)')
	BUILDER=$(child_of "$CREATE" 'clone3\(\{flags=CLONE_NEWNS')
	INIT=$(child_of "$BUILDER" 'clone3\(\{flags=CLONE_PARENT')
	KERNELFS=$(child_of "$CREATE" 'clone\(child_stack=NULL, flags=CLONE_CHILD')
	KERNELFS2=$(child_of "$KERNELFS" 'clone\(child_stack=NULL, flags=CLONE_CHILD')
	VIEWER=$(child_of "$KEEPER" 'clone\(child_stack=NULL, flags=CLONE_CHILD')
	FAST=$(child_of "$KEEPER" 'clone\(child_stack=NULL, flags=CLONE_CHILD' 2)
	PLAIN=$(child_of "$KEEPER" 'clone\(child_stack=NULL, flags=CLONE_CHILD' 3)
	TRAPPER=$(child_of "$KEEPER" 'clone\(child_stack=NULL, flags=CLONE_CHILD' 4)
}

# The words of src/sync.h and lib/proto.h in place of bytes: a sed script.  Bytes as strace writes them.
messages() {
	local bytes=('\\0' '\\1' '\\2' '\\3' '\\4' '\\5' '\\6' '\\7' '\\10' '\\t' '\\n' '\\v' '\\f' '\\r')
	local name n=0 rest='(\\0){3}.*'
	for name in $(sed -n '/^enum sync_step/,/^}/s/^\tSYNC_\([A-Z_]*\),.*/\1/p' "$TOP/src/sync.h"); do
		# An error has a text; bare zeros are somebody else's.
		((n > 0)) || { n=1; continue; }
		echo 's#(sendmsg|recvmsg)\(([0-9]+)<socket>, .*iov_base="'"${bytes[n]}$rest"'#\1(\2<socket>, '"$name)#"
		echo 's#(write|read)\(([0-9]+)<socket>, "'"${bytes[n]}$rest"'#\1(\2<socket>, '"$name)#"
		n=$((n + 1))
	done
	n=1
	for name in $(sed -n '/^enum proto_kind/,/^}/s/^\t\(PROTO_[A-Z_]*\)[, ].*/\1/p' "$TOP/lib/proto.h"); do
		echo 's#(sendmsg|recvmsg)\(([0-9]+)<socket>, .*"ysbx\\[0-9]\\0'"${bytes[n]}"'\\0.*#\1(\2<socket>, '"$name)#"
		n=$((n + 1))
	done
}

# Names in place of what is different in every run and on every machine.
normalize() {
	local base
	base=$(jq -r '.uidMappings[0].hostID' "$DIR/state/$ID/state.json" 2>/dev/null || true)
	[[ -n $base && $base != null ]] || base=$(grep -oE '^setfsuid\([0-9]{6,}' "$DIR/tr.$BUILDER" | head -n 1 | tr -dc 0-9)
	sed -E -e "s#$DIR/layers/1#LAYER#g; s#$DIR/container#CONTAINER#g; s#$DIR/bundle#BUNDLE#g" \
		-e "s#$DIR/state#STATE#g; s#$DIR#DIR#g; s#$BUILD/#/usr/bin/#g" \
		-e "s#\\b$base\\b#BASE#g" \
		-e "s#\\b$CREATE\\b#CREATE#g; s#\\b$KEEPER\\b#KEEPER#g; s#\\b$MAPS\\b#MAPS#g" \
		-e "s#\\b$BUILDER\\b#BUILDER#g; s#\\b$INIT\\b#INIT#g; s#\\b$FAST\\b#FAST#g; s#\\b$PLAIN\\b#PLAIN#g" \
		-e "s#\\b$VIEWER\\b#VIEWER#g; s#\\b${TRAPPER:-none}\\b#TRAPPER#g" \
		-e "s#\\b$KERNELFS\\b#KERNELFS#g; s#\\b$KERNELFS2\\b#KERNELFS2#g; s#\\b$START\\b#START#g" \
		-e 's#:\[[0-9]+\]>#>#g; s#(socket|pipe):\[[0-9]+\]#\1#g; s#0x[0-9a-f]{6,}#PTR#g' \
		-e 's#\.[0-9a-f]{16}"#.RANDOM"#g; s#\.[0-9a-f]{16}>#.RANDOM>#g' \
		-e 's#AT_FDCWD<[^>]*>#AT_FDCWD#g; s#<anon_inode:\[?([a-z_]+)\]?>#<\1>#g' \
		-e 's# +\) = # ) = #; s#\)  += #) = #' -f "$DIR/messages.sed"
}

# section PID TITLE
section() {
	printf '\n## %s\n' "$2"
	normalize <"$DIR/tr.$1" | awk -v process="${2%%:*}" -v patterns="$HERE/trace.patterns" -v used="$DIR/used" -f "$HERE/trace.awk"
}

make_bundle
run_traced
find_processes
messages >"$DIR/messages.sed"
cat <<'END'
# Every start, call by call

Made by `docs/trace.sh`; not edited by hand. The system calls that `sysbox-runc create` and `sysbox-runc
start` make for a container of one layer that executes `true`, on a cgroup v1 host. Each process has its
section, in the order of their births; headings below are the steps as `--debug` names them. Calls of the C
library, allocations and closing are left out, and what repeats is counted.

`BASE` is the first id of the container's range, `STATE` its state directory's parent, `BUNDLE` the bundle,
`LAYER` and `CONTAINER` are the engine's directories of the image's layer and of the container's upper layer; names
in capitals in place of numbers are processes.
END
section "$CREATE" "CREATE: \`sysbox-runc create\`"
section "$KEEPER" "KEEPER: \`sysbox-fs\`, from birth to the end of the container"
section "$MAPS" "MAPS: holds a new user namespace while its maps are written"
section "$BUILDER" "BUILDER: the child, with the host's powers, in a private mount namespace"
section "$INIT" "INIT: inside; becomes the container's program"
section "$KERNELFS" "KERNELFS: enters the container's namespaces for its procfs and sysfs"
section "$KERNELFS2" "KERNELFS2: its child, in the pid namespace"
section "$FAST" "FAST: of the supervisor, for the figures in procfs; PLAIN, for sysctls, is the same"
section "$VIEWER" "VIEWER: its worker for the engine's view of the rootfs"
section "$START" "START: \`sysbox-runc start\`"

# Rows that fit nothing any more.
stale=$(grep -vE '^#|^$' "$HERE/trace.patterns" | awk -F '\t' -v used="$DIR/used" '
	BEGIN { while ((getline n < used) > 0) is_used[n] = 1 }
	$4 != "-" && !(NR in is_used)')
[[ -z $stale ]] || { printf 'trace.sh: these rows of trace.patterns fit nothing:\n%s\n' "$stale" >&2; exit 1; }
