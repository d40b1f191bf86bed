# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A supervisor without a runtime: tests/helpers/fs-driver builds a container's overlay over
# an engine's as create does, with a process that only sleeps for its init.
#
#   BUILD    the build directory, with sysbox-fs and tests/helpers/fs-driver
#   MERGED   the engine's mount of the rootfs, where its view appears
#   INSIDE   the container's root in init's mount namespace (see inside)

. "$(dirname "${BASH_SOURCE[0]}")/../common.bash"

BUILD=${BUILD:-$TOP/build}

# make_layers DIR: what the engine has: two lower layers, an upper, its mount.
make_layers() {
	BOX=$1 MERGED=$1/merged INSIDE=$1/inside STATE=$1/state
	mkdir -p "$BOX"/{bin,l1/etc/sub,l1/opt,l2/etc,o/diff,o/work,merged,inside,state}
	# Root inside is an ordinary user outside: it must be able to walk to INSIDE.
	local dir=$BOX
	while [[ $dir != / ]]; do chmod a+x "$dir"; dir=$(dirname "$dir"); done
	cp "$BUILD/sysbox-fs" "$BUILD/tests/helpers/fs-driver" "$BOX/bin"
	echo lower >"$BOX/l1/etc/conf"
	echo one >"$BOX/l1/etc/sub/one"
	echo link >"$BOX/l1/opt/a"
	ln "$BOX/l1/opt/a" "$BOX/l1/opt/b"
	echo second >"$BOX/l2/etc/second"
	mount_merged
}

mount_merged() {
	mount -t overlay overlay \
		-o "lowerdir=$BOX/l2:$BOX/l1,upperdir=$BOX/o/diff,workdir=$BOX/o/work" "$MERGED"
}

# WRAP: words before the command, where a test wants the supervisor somewhere else.
driver() { "${WRAP[@]}" "$BOX/bin/fs-driver" "$@"; }
WRAP=()

# start_box [VERB]: sets INIT and KEEPER.
start_box() {
	local out
	out=$(driver "${1:-start}" "$MERGED" "$INSIDE" "$STATE") || return 1
	INIT=$(sed -n 's/.*init=\([0-9]*\).*/\1/p' <<<"$out")
	KEEPER=$(sed -n 's/.*fs=\([0-9]*\).*/\1/p' <<<"$out")
	START_US=$(sed -n 's/.*us=\([0-9]*\).*/\1/p' <<<"$out")
}

# inside COMMAND: a shell in the container's namespaces, standing in its root.
inside() { nsenter -t "$INIT" -m -U -S 0 -G 0 sh -c "cd $INSIDE && $1"; }

# inside_background COMMAND: the same, not waited for; sets BUSY to what must be killed.
inside_background() {
	nsenter -t "$INIT" -m -U -S 0 -G 0 sh -c "cd $INSIDE && $1" 3>&- &
	BUSY=$!
}

alive() { [[ -d /proc/$1 && $(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) != [ZX] ]]; }
worker() { pgrep -P "$KEEPER" -x sysbox-fs-view; }
is_view() { [[ $(findmnt -rno FSTYPE -M "$MERGED" | tail -n 1) == fuse.sysbox-fs ]]; }

gone() { ! alive "$1"; }

stop_box() {
	[[ -z ${INIT-} ]] || kill -9 "$INIT" 2>/dev/null || true
	[[ -z ${KEEPER-} ]] || wait_for 15 gone "$KEEPER" || kill -9 "$KEEPER"
	INIT='' KEEPER=''
}

# A sanitizer has memory and system calls of its own.
not_sanitized() { ! grep -q __asan_init "$BUILD/sysbox-fs" || skip "sanitized"; }

# In a file of tests that kill none, no worker may have died.
no_worker_died() { [[ ! -e $STATE/fs.log ]] || ! grep -E 'ended \(|worker of|died' "$STATE/fs.log"; }

remove_layers() {
	# mountpoint(1) does not see a dead one.
	while findmnt -rn -M "$MERGED" >/dev/null; do umount -l "$MERGED"; done
	rm -rf --one-file-system "$BOX"
}
