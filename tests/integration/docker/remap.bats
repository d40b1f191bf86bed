#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An engine that remaps users itself: the mapping of its spec wins, and its layers are owned by
# that mapping on disk.  Needs an engine started with --userns-remap.

load helper

FIRST=2100000000

setup_file() {
	load helper
	need_image busybox
}

teardown() { remove_scope test; }

IMAGE=sysbox/busybox

@test "remap: the engine's range is the container's" {
	start box $IMAGE
	run -0 inside box 'cat /proc/self/uid_map /proc/self/gid_map'
	assert_line --index 0 --regexp "^ +0 +$FIRST +65536$"
	assert_line --index 1 --regexp "^ +0 +$FIRST +65536$"
	assert_equal "$(awk '/^Uid/ { print $2 }' "/proc/$(init_pid box)/status")" $FIRST
}

@test "remap: the root file system is root's, read and written" {
	start box $IMAGE
	run -0 inside box 'stat -c %u:%g / /bin/busybox /etc/passwd; echo x >/root/x; chown 1000:1001 /root/x; stat -c %u:%g /root/x
		mkdir -p /a/b; rm -r /home; stat -c %u:%g /dev /dev/null /dev/pts /proc/self/status'
	assert_line --index 0 0:0
	assert_line --index 1 0:0
	assert_line --index 3 1000:1001
	with_runc || refute_output --partial 65534
}

@test "remap: exec, restart, logs, diff, cp, commit" {
	start box $IMAGE
	inside box 'echo x >/etc/x; chown 5:6 /etc/x'
	run -0 docker diff box
	assert_line 'A /etc/x'
	assert_equal "$(docker cp box:/etc/x - | tar -xOf -)" x
	run -0 bash -c '"$1" cli "$2" cp box:/etc/x - | tar -tvf - --numeric-owner' sh "$TOP/tests/engine/engine" "$ENGINE"
	assert_output --partial " $((FIRST + 5))/$((FIRST + 6)) " # Docker shows the ids on its disk
	docker restart -t 0 box
	assert_equal "$(inside box 'stat -c %u:%g /etc/x')" 5:6
	docker commit box sysbox-test/remap
	run -0 sc run --rm sysbox-test/remap stat -c %u:%g /etc/x
	assert_output 5:6
	docker rmi sysbox-test/remap
}

@test "remap: files copied in are seen at once" {
	start box $IMAGE
	run inside box 'cat /etc/new'
	assert_failure
	echo fresh >"$BATS_TEST_TMPDIR/new"
	tar -C "$BATS_TEST_TMPDIR" -cf - --owner=0 --group=0 new | docker cp - box:/etc
	run -0 inside box 'cat /etc/new; stat -c %u:%g /etc/new; touch /etc/other'
	assert_line --index 0 fresh
	assert_line --index 1 0:0
}

@test "remap: a volume belongs to the range on disk, to root inside" {
	start box -v remapped:/data $IMAGE
	run -0 inside box 'echo x >/data/x; stat -c %u:%g /data /data/x'
	assert_line --index 0 0:0
	assert_line --index 1 0:0
	local dir; dir=$(docker volume inspect -f '{{.Mountpoint}}' remapped)
	assert_equal "$(engine exec "$ENGINE" stat -c %u:%g "$dir/x")" $FIRST:$FIRST
	docker rm -f box
	docker volume rm remapped
}

@test "remap: a bind of the range's own files is usable as it is" {
	local dir; dir=$(scratch)/remap
	mkdir -p "$dir"; echo x >"$dir/f"; chown -R $FIRST:$FIRST "$dir"
	start box -v "$dir:/d" $IMAGE
	run -0 inside box 'stat -c %u:%g /d/f; echo y >>/d/f; touch /d/g'
	assert_line --index 0 0:0
	assert_equal "$(stat -c %u "$dir/g")" $FIRST
}

@test "remap: inner images are committed, and seen from the image" {
	sysbox_only
	need_image debian-docker-bookworm
	start box sysbox/debian-docker:bookworm
	start_dockerd box
	inside box 'docker run --name made sysbox/busybox sh -c "rm /etc/group; echo new >/new; chown 5:6 /new"
		docker commit made nasty; docker rm made' >/dev/null
	docker commit box sysbox-test/remap:inner >/dev/null
	docker rm -f box
	start box sysbox-test/remap:inner
	inside box 'rm -rf /run/docker.pid /run/docker /run/containerd'
	run_dockerd box
	run -0 inside box 'docker run --rm nasty sh -c "cat /new; stat -c %u:%g /new /bin; ls /etc/group 2>/dev/null; true"'
	assert_output $'new\n5:6\n0:0'
	run -0 inside box 'readlink /var/lib/docker/overlay2/*/diff'
	assert_output --partial '.sysbox/'
	docker rm -f box
	docker rmi sysbox-test/remap:inner
}

@test "remap: --privileged and --userns=host" {
	sysbox_only
	run sc run --rm --userns=host $IMAGE cat /proc/self/uid_map
	[ "$status" -ne 0 ] || refute_output --regexp '^ *0 +0 '
}
