#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Stores and the layers of an image, as an engine has them, without one: an overlay that it mounts,
# unmounts, and makes the lower layer of the next.

load helper

setup() {
	make_box
	LAYER=$BOX/layer
	mkdir -p "$LAYER/0"
	mv "$ROOTFS" "$LAYER/0/diff"
	mkdir -p "$ROOTFS" "$LAYER/0/diff/var/lib"
	lay 1 0
}

teardown() {
	cd /
	delete_all
	umount "$ROOTFS" 2>/dev/null || true
	[[ ! -d $BOX/xfs ]] || umount "$BOX/xfs" 2>/dev/null || true
	remove_box
}

# lay UPPER LOWER...: layers are numbers.
lay() {
	local upper=$1 lower
	shift
	mkdir -p "$LAYER/$upper"/{diff,work}
	lower=$(printf ":$LAYER/%s/diff" "$@")
	mount -t overlay overlay -o "lowerdir=${lower#:},upperdir=$LAYER/$upper/diff,workdir=$LAYER/$upper/work" "$ROOTFS"
}

# What an inner Docker has of a plain layer, of one with a whiteout, and of its own.
# shellcheck disable=SC2016
POPULATE='cd /var/lib/docker; for i in plain marked; do
	mkdir -p image/overlay2/layerdb/sha256/$i overlay2/$i/diff/dir
	echo -n $i >image/overlay2/layerdb/sha256/$i/cache-id; echo $i >overlay2/$i/diff/dir/file
done; mknod overlay2/marked/diff/gone c 0 0; echo {} >image/repositories.json'

# The engine's mount is the last one there, and the image has all, in files of one name.
assert_left() {
	assert_equal "$(grep -c " $ROOTFS " /proc/self/mountinfo)" 1
	umount "$ROOTFS"
	cd "$LAYER/$1/diff/var/lib/docker"
	assert_equal "$(cat overlay2/{plain,marked}/diff/dir/file image/repositories.json)" $'plain\nmarked\n{}'
	assert_equal "$(find . -type f -links +1)" ''
	assert_equal "$(find . -type c)" ''
	test -s overlay2/marked/.sysbox-meta
	cd "$BUNDLE"
	assert_equal "$(ls "$LAYER/$1")" "$(ls "$LAYER/$1" | grep -x 'diff\|work\|sysbox-work')"
}

# As BuildKit does: what has ended is unmounted and becomes a layer, and is deleted later.
@test "stores: run --keep leaves all in the upper layer, for the next one" {
	sh_args "$POPULATE"
	runc run --keep "$ID"
	assert_left 1
	find "$LAYER/1/diff" | sort >before
	runc delete "$ID"
	find "$LAYER/1/diff" | sort | diff before -
	lay 2 1 0
	sh_args 'cd /var/lib/docker; readlink overlay2/plain/diff; echo more >image/more; cd /tmp; mkdir base merged
		echo >base/gone; mount -t overlay -o userxattr,lowerdir=/var/lib/docker/overlay2/marked/diff:base overlay merged; ls merged'
	run -0 runc run --keep "$ID"
	assert_line --index 0 --partial '.sysbox/'
	assert_line --index 1 dir
	refute_line gone
	runc delete "$ID"
	umount "$ROOTFS"
	assert_equal "$(cd "$LAYER/2/diff/var/lib" && find . -type f)" ./docker/image/more
}

@test "stores: after run --keep the same layer can be run again" {
	sh_args "$POPULATE"
	runc run --keep "$ID"
	runc delete "$ID"
	sh_args 'cd /var/lib/docker; stat -c %F overlay2/marked/diff/gone; cat overlay2/plain/diff/dir/file; rm image/repositories.json'
	run -0 runc run --keep "$ID"
	assert_output $'character special file\nplain'
	assert [ ! -e "$LAYER/1/diff/var/lib/docker/image/repositories.json" ]
	assert_equal "$(cat "$LAYER/1/diff/var/lib/docker/overlay2/plain/diff/dir/file")" plain
}

# Linux before 6.7: an overlay cannot be told of whiteouts by attributes.
@test "stores: without marks a layer that needs any is copied, with them" {
	sh_args "$POPULATE"
	runc run --keep "$ID"
	runc delete "$ID"
	umount "$ROOTFS"
	lay 2 1 0
	sh_args 'cd /var/lib/docker/overlay2; readlink plain/diff; test -L marked/diff || stat -c %F marked/diff/gone; cat marked/diff/dir/file'
	run -0 strace -f -qq -o "$BOX/trace" -P m -e inject=mount:error=EINVAL "$RUNC" --root "$STATE" run --keep "$ID"
	assert_line --index 0 --partial '.sysbox/'
	assert_line --index 1 'character special file'
	assert_line --index 2 marked
	runc delete "$ID"
	umount "$ROOTFS"
	assert_equal "$(cd "$LAYER/2/diff/var/lib/docker" 2>/dev/null && find . -type f)" ''
}

@test "stores: run --keep fails when they cannot be shown" {
	local stuck=$LAYER/1/sysbox-store/docker/stuck pid
	sh_args 'touch /var/lib/docker/stuck; until [ -e /var/lib/docker/end ]; do sleep 0.1; done'
	"$RUNC" --root "$STATE" run --keep "$ID" 2>err &
	pid=$!
	wait_for 5 test -e "$stuck"
	chattr +i "$stuck"
	runc exec "$ID" touch /var/lib/docker/end
	status_of_job $pid
	chattr -i "$stuck"
	assert_equal "$status" 1
	grep -q 'flush stuck: Operation not permitted' err
	assert_equal "$(ls -A "$LAYER/1/diff/var/lib/docker")" .sysbox-failed
	umount "$ROOTFS"
}

xfs() { xfs_io -c "$1" "$2"; }

# Docker's --storage-opt size= and containerd's quotas are a project of the layer's directory.
@test "stores: belong to the project of the layer, and count against its quota" {
	local dir=$BOX/xfs quota='' store
	command -v xfs_quota >/dev/null || skip "no xfsprogs"
	truncate -s 400M "$BOX/image"
	mkfs.xfs -q "$BOX/image"
	mkdir "$dir"
	if mount -o loop,pquota "$BOX/image" "$dir" 2>/dev/null; then
		quota=yes
	else
		mount -o loop "$BOX/image" "$dir" || skip "no XFS here"
	fi
	umount "$ROOTFS"
	mkdir "$dir/1"
	xfs 'chproj 42' "$dir/1"
	xfs 'chattr +P' "$dir/1"
	[[ -z $quota ]] || xfs_quota -x -c 'limit -p bhard=20m 42' "$dir"
	ln -s "$LAYER/0" "$dir/0"
	LAYER=$dir lay 1 0
	sh_args "$POPULATE; sleep 1000"
	runc run -d "$ID" </dev/null
	store=$dir/1/sysbox-store/docker
	wait_for 5 test -e "$store/image/repositories.json"
	run -0 xfs stat "$store/overlay2/plain/diff/dir/file"
	assert_line 'fsxattr.projid = 42'
	runc pause "$ID"
	test -e "$dir/1/diff/var/lib/docker/overlay2/plain/diff/dir/file"
	runc resume "$ID"
	run -0 xfs stat "$store/overlay2/plain/diff/dir/file"
	assert_line 'fsxattr.projid = 42'
	if [[ -n $quota ]]; then
		run inside 'head -c 30000000 /dev/zero >/var/lib/docker/big'
		assert_output --partial 'No space left'
	fi
	runc delete -f "$ID"
	wait_for 5 no_process
	umount "$ROOTFS" "$dir"
	[[ -n $quota ]] || skip "ids only: this kernel has no quotas for XFS"
}
