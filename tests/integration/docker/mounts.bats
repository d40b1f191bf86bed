#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Volumes, binds and tmpfs: who owns what on both sides, and what read-only means.

load helper

setup_file() {
	load helper
	need_image busybox
	need_image debian-docker-bookworm
}

setup() {
	DATA=$(scratch)/mounts-$BATS_TEST_NUMBER
	rm -rf --one-file-system "$DATA"
	mkdir -p "$DATA"
}

teardown() {
	remove_scope test
	rm -rf --one-file-system "$DATA"
}

IMAGE=sysbox/busybox
DEBIAN=sysbox/debian-docker:bookworm

# bats test_tags=short
@test "volume: root inside owns it; files are stored as with runc" {
	start box -v vol1:/data $IMAGE
	run -0 inside box 'echo a >/data/a; echo b >/data/b; chown 1000:1001 /data/b; stat -c %u:%g /data /data/a /data/b'
	assert_line --index 0 0:0
	assert_line --index 1 0:0
	assert_line --index 2 1000:1001
	local dir; dir=$(docker volume inspect -f '{{.Mountpoint}}' vol1)
	assert_equal "$(engine exec "$ENGINE" stat -c %u:%g "$dir/a")" 0:0
	assert_equal "$(engine exec "$ENGINE" stat -c %u:%g "$dir/b")" 1000:1001
	docker rm -f box
	docker volume rm vol1
}

# bats test_tags=short
@test "volume: survives its container, and two containers share it" {
	start one -v vol2:/data $IMAGE
	inside one 'echo first >/data/f; chown 5:6 /data/f'
	start two -v vol2:/elsewhere $IMAGE
	run -0 inside two 'cat /elsewhere/f; stat -c %u:%g /elsewhere/f; echo second >>/elsewhere/f'
	assert_line --index 0 first
	assert_line --index 1 5:6
	docker rm -f one two
	start three -v vol2:/data $IMAGE
	run -0 inside three 'cat /data/f'
	assert_line --index 1 second
	docker rm -f three
	docker volume rm vol2
}

@test "volume: shared between a system container and one of runc" {
	docker_only
	start ours -v vol3:/data $IMAGE
	inside ours 'echo ours >/data/ours; chown 1000:1000 /data/ours'
	docker run --rm --runtime=runc -v vol3:/data $IMAGE sh -c 'stat -c %u:%g /data/ours; echo theirs >/data/theirs' \
		>"$BATS_TEST_TMPDIR/o"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/o")" 1000:1000
	run -0 inside ours 'stat -c %u:%g /data/theirs; rm /data/theirs'
	assert_output 0:0
	docker rm -f ours
	docker volume rm vol3
}

@test "volume: a new one is filled from the image, with owners" {
	run -0 sc run --rm -v /etc $DEBIAN sh -c 'stat -c "%n %u:%g %a" /etc/passwd /etc/shadow; cat /etc/debian_version'
	assert_line --index 0 '/etc/passwd 0:0 644'
	assert_line --index 1 --regexp '/etc/shadow 0:42 640'
}

@test "--volumes-from" {
	start one -v vol4:/data $IMAGE
	inside one 'echo x >/data/x'
	run -0 sc run --rm --volumes-from one $IMAGE cat /data/x
	assert_output x
	docker rm -f one
	docker volume rm vol4
}

# bats test_tags=short
@test "bind: owners are the same on both sides" {
	touch "$DATA/root" "$DATA/user"; chown 1000:1001 "$DATA/user"; chmod 600 "$DATA/user"
	start box -v "$DATA:/d" $IMAGE
	run -0 inside box 'stat -c "%n %u:%g %a" /d/root /d/user; echo x >/d/made; mkdir /d/dir; chown 7:8 /d/dir'
	assert_line --index 0 '/d/root 0:0 644'
	assert_line --index 1 '/d/user 1000:1001 600'
	assert_equal "$(stat -c %u:%g "$DATA/made")" 0:0
	assert_equal "$(stat -c %u:%g "$DATA/dir")" 7:8
}

# bats test_tags=short
@test "bind: changes on either side are seen on the other at once" {
	start box -v "$DATA:/d" $IMAGE
	inside box 'ls /d/later 2>/dev/null || true'
	echo out >"$DATA/later"
	assert_equal "$(inside box 'cat /d/later')" out
	inside box 'echo in >/d/later; echo new >/d/new'
	assert_equal "$(cat "$DATA/later" "$DATA/new" | xargs)" "in new"
	rm "$DATA/later"
	run inside box 'cat /d/later'
	assert_failure
}

@test "bind: a user who is not root writes where he may" {
	chown 1000:1000 "$DATA"; chmod 700 "$DATA"
	run -0 sc run --rm --user 1000:1000 -v "$DATA:/d" $IMAGE sh -c 'echo x >/d/x; stat -c %u:%g /d/x'
	assert_output 1000:1000
	run sc run --rm --user 1001:1001 -v "$DATA:/d" $IMAGE ls /d
	assert_failure
}

# bats test_tags=short
@test "bind: one file" {
	echo content >"$DATA/file"
	start box -v "$DATA/file:/etc/motd" $IMAGE
	run -0 inside box 'cat /etc/motd; echo more >>/etc/motd; stat -c %u:%g /etc/motd'
	assert_line --index 0 content
	assert_line --index 1 0:0
	assert_equal "$(tail -n 1 "$DATA/file")" more
}

# bats test_tags=short
@test "bind ro: no write, by no means" {
	echo content >"$DATA/file"
	start box -v "$DATA:/d:ro" $IMAGE
	run inside box 'echo x >/d/x'
	assert_failure
	assert_output --partial 'Read-only file system'
	! with_runc || return 0
	run inside box 'mount -o remount,bind,rw /d && echo x >/d/x'
	assert_failure
	run inside box 'mount -o remount,rw /d && echo x >/d/x'
	assert_failure
	run inside box 'mkdir -p /e; mount --bind /d /e && mount -o remount,bind,rw /e && echo x >/e/x'
	assert_failure
	run inside box 'unshare -Urm sh -c "mount -o remount,bind,rw /d && echo x >/d/x"'
	assert_failure
	refute [ -e "$DATA/x" ]
	run -0 inside box 'cat /d/file'
	assert_output content
}

@test "bind ro: unmounting it reveals the container's own directory only" {
	sysbox_only
	echo content >"$DATA/file"
	start box -v "$DATA:/d:ro" $IMAGE
	run inside box 'umount /d; ls /d; echo own >/d/own; cat /d/own'
	refute_line file
	refute [ -e "$DATA/own" ]
}

@test "bind ro: one file" {
	echo content >"$DATA/file"
	start box -v "$DATA/file:/etc/motd:ro" $IMAGE
	run inside box 'echo x >>/etc/motd'
	assert_failure
	assert_output --partial 'Read-only file system'
	assert_equal "$(cat "$DATA/file")" content
}

# bats test_tags=short
@test "a system container may bind and mount as it likes inside" {
	sysbox_only
	start box -v "$DATA:/d" $IMAGE
	run -0 inside box 'set -e; mkdir /x /y; mount --bind /d /x; echo hi >/x/hi; cat /d/hi
		mount -t tmpfs none /y; mount --bind / /mnt 2>/dev/null || { mkdir -p /mnt; mount --bind / /mnt; }
		ls /mnt/bin/busybox; mount -o remount,bind,ro /x; ! echo no >/x/no 2>/dev/null
		umount /x /y; ! test -e /x/hi'
	assert_line hi
}

@test "binds: one below the other, in either order" {
	mkdir "$DATA/outer" "$DATA/inner"; touch "$DATA/outer/o" "$DATA/inner/i"
	run -0 sc run --rm -v "$DATA/inner:/a/b" -v "$DATA/outer:/a" $IMAGE ls /a /a/b
	assert_line o
	assert_line i
}

@test "binds: the source's own submounts come along" {
	docker_only
	mkdir "$DATA/sub"
	engine exec "$ENGINE" mount -t tmpfs -o size=1m tmpfs "$DATA/sub"
	engine exec "$ENGINE" touch "$DATA/sub/file"
	run sc run --rm -v "$DATA:/d" $IMAGE ls /d/sub
	engine exec "$ENGINE" umount "$DATA/sub"
	assert_success
	assert_output file
}

@test "binds: a tmpfs of the host as source" {
	docker_only
	mkdir "$DATA/t"
	engine exec "$ENGINE" mount -t tmpfs -o size=1m tmpfs "$DATA/t"
	run sc run --rm -v "$DATA/t:/d" $IMAGE sh -c 'echo x >/d/x; stat -c %u:%g /d/x'
	local owner; owner=$(engine exec "$ENGINE" stat -c %u:%g "$DATA/t/x" || true)
	engine exec "$ENGINE" umount "$DATA/t"
	assert_success
	assert_output 0:0
	assert_equal "$owner" 0:0
}

@test "binds: a unix socket can be talked to" {
	docker_only
	start server -v "$DATA:/d" $DEBIAN
	docker exec -d server perl -MIO::Socket::UNIX -e '
		umask 0; $s = IO::Socket::UNIX->new(Local => "/d/sock", Listen => 1) or die;
		$c = $s->accept; print $c "hello\n"; close $c'
	wait_for 5 test -S "$DATA/sock"
	run -0 sc run --rm -v "$DATA/sock:/run/sock" $DEBIAN perl -MIO::Socket::UNIX -e '
		$s = IO::Socket::UNIX->new(Peer => "/run/sock") or die "$!"; print <$s>'
	assert_output hello
}

@test "binds: --mount, with spaces in the path" {
	mkdir "$DATA/with space"; echo x >"$DATA/with space/f"
	run -0 sc run --rm --mount "type=bind,source=$DATA/with space,target=/a b" $IMAGE cat '/a b/f'
	assert_output x
}

@test "binds: over a symlink in the image that leads out, ends inside" {
	docker_only
	start box $IMAGE
	inside box 'ln -s /../../../../../../tmp/sysbox-link /link'
	docker commit box sysbox-test/link
	docker rm -f box
	touch "$DATA/f"
	run -0 sc run --rm -v "$DATA:/link" sysbox-test/link ls /link
	assert_output f
	refute [ -e /tmp/sysbox-link ]
	docker rmi sysbox-test/link
}

@test "binds: a missing source is refused with its name" {
	run sc run --rm --mount "type=bind,source=$DATA/none,target=/d" $IMAGE true
	assert_failure
	assert_output --partial "$DATA/none"
}

@test "binds: many at once" {
	local n args=()
	for n in $(seq 40); do
		mkdir "$DATA/$n"; touch "$DATA/$n/file$n"
		args+=(-v "$DATA/$n:/m/$n$( ((n % 2)) || echo :ro)")
	done
	run -0 sc run --rm "${args[@]}" $IMAGE sh -c 'ls -d /m/*/file* | wc -l; touch /m/1/x; ! touch /m/2/x'
	assert_line --index 0 40
}

@test "bind propagation: rslave sees later mounts of the host" {
	docker_only
	mkdir "$DATA/late"
	start box -v "$DATA:/d:rslave" $IMAGE
	engine exec "$ENGINE" mount -t tmpfs -o size=1m tmpfs "$DATA/late"
	engine exec "$ENGINE" touch "$DATA/late/file"
	run inside box 'ls /d/late'
	docker rm -f box
	engine exec "$ENGINE" umount "$DATA/late"
	assert_output file
}

# bats test_tags=short
@test "/var/lib/docker as a volume: root's, mode kept, no overlayfs" {
	start_syscont box -v store1:/var/lib/docker $DEBIAN
	run -0 inside box 'stat -c %u:%g /var/lib/docker; stat -f -c %T /var/lib/docker; mkdir -p /var/lib/docker/a
		cd /var/lib/docker/a && mkdir l u w m && mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m &&
		touch m/x && ls u && umount m'
	assert_line --index 0 0:0
	refute_line --index 1 overlayfs
	assert_line --index 2 x
	docker rm -f box
	docker volume rm store1
}
