#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The engine's view: what the engine does at its own mount point goes through the container's
# overlay, with the ids of the image.

load helper

setup() {
	make_layers "$BATS_TEST_TMPDIR/box"
	start_box
}

teardown() {
	stop_box
	no_worker_died
	remove_layers
}

digest() { "$TOP/tests/helpers/tree-digest.py" "$@"; }
# Readers of it above all must not hang: then the test fails instead of waiting.
within() { timeout 120 "$@"; }

@test "view: on top of the engine's mount, with the container's id" {
	is_view
	run -0 findmnt -rno SOURCE,FSTYPE -M "$MERGED"
	assert_line "driver fuse.sysbox-fs"
	assert_equal "$(stat -f -c %T "$MERGED")" fuseblk
}

@test "view: shows the image's owners, inside and outside alike" {
	inside 'echo x >etc/mine; chown 1000:1001 etc/mine'
	assert_equal "$(stat -c %u:%g "$MERGED/etc/mine" "$BOX/o/diff/etc/mine" | sort -u)" 1000:1001
	assert_equal "$(stat -c %u:%g "$MERGED/etc/conf")" 0:0
	echo y >"$MERGED/etc/theirs"
	chown 5:6 "$MERGED/etc/theirs"
	assert_equal "$(inside 'stat -c %u:%g etc/theirs')" 5:6
	assert_equal "$(stat -c %u:%g "$BOX/o/diff/etc/theirs")" 5:6
}

@test "view: an id that the container does not have" {
	touch "$MERGED/etc/f"
	run -1 chown 70000 "$MERGED/etc/f"
	assert_output --partial "Value too large"
	run -0 stat -c %u "$MERGED/etc/f"
	assert_output 0
}

@test "view: a difficult tree in and out again, nothing changed" {
	"$TOP/tests/helpers/nasty-tree.py" "$BOX/tree"
	digest "$BOX/tree" >"$BOX/expected"
	within cp -a "$BOX/tree" "$MERGED/opt/"
	digest "$MERGED/opt/tree" | diff "$BOX/expected" -
	digest "$BOX/o/diff/opt/tree" | diff "$BOX/expected" -
	within cp -a "$MERGED/opt/tree" "$BOX/back"
	digest "$BOX/back" | diff "$BOX/expected" -
	within rm -r "$MERGED/opt/tree"
	refute [ -e "$BOX/o/diff/opt/tree" ]
}

@test "view: the same through tar, as the engine does" {
	"$TOP/tests/helpers/nasty-tree.py" "$BOX/tree"
	rm "$BOX/tree/socket" # tar has no type for it
	digest "$BOX/tree" >"$BOX/expected"
	tar -C "$BOX" --xattrs --xattrs-include='*' --acls -S -cf "$BOX/in.tar" tree
	within tar -C "$MERGED/opt" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf "$BOX/in.tar"
	digest "$MERGED/opt/tree" | diff "$BOX/expected" -
	mkdir "$BOX/back"
	within tar -C "$MERGED/opt" --xattrs --xattrs-include='*' --acls -S -cf "$BOX/out.tar" tree
	tar -C "$BOX/back" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf "$BOX/out.tar"
	digest "$BOX/back/tree" | diff "$BOX/expected" -
}

@test "view: capabilities of a file are the container root's inside, the image's outside" {
	command -v setcap || skip "no setcap"
	cp /bin/true "$MERGED/opt/from-engine"
	setcap cap_net_raw+ep "$MERGED/opt/from-engine"
	cp /bin/true "$MERGED/opt/from-inside"
	inside 'setcap cap_net_raw+ep opt/from-inside'
	for f in from-engine from-inside; do
		assert_equal "$(inside "getcap opt/$f")" "opt/$f cap_net_raw=ep"
		assert_equal "$(cd "$MERGED" && getcap -n "opt/$f")" "opt/$f cap_net_raw=ep"
		assert_equal "$(cd "$BOX/o/diff" && getcap -n "opt/$f")" "opt/$f cap_net_raw=ep"
	done
}

@test "stale: a path that was looked up inside before it existed" {
	run -1 inside 'cat etc/new'
	echo fresh >"$MERGED/etc/new"
	assert_equal "$(inside 'cat etc/new')" fresh
}

@test "stale: a path that the engine looked up before it existed" {
	refute [ -e "$MERGED/etc/new" ]
	inside 'echo fresh >etc/new'
	assert_equal "$(cat "$MERGED/etc/new")" fresh
	inside 'rm etc/new'
	refute [ -e "$MERGED/etc/new" ]
}

@test "stale: a file of the image, read by both before it changes" {
	assert_equal "$(inside 'cat etc/conf')" lower
	assert_equal "$(cat "$MERGED/etc/conf")" lower
	inside 'echo longer than before >etc/conf'
	assert_equal "$(cat "$MERGED/etc/conf")" "longer than before"
	echo short >"$MERGED/etc/conf"
	assert_equal "$(inside 'cat etc/conf')" short
}

@test "stale: creates inside after the engine's create in a directory not copied up" {
	inside 'ls etc/sub'
	echo fresh >"$MERGED/etc/sub/new"
	inside 'touch etc/sub/mine && mkdir etc/sub/dir && mv etc/sub/mine etc/sub/yours'
	assert_equal "$(inside 'ls etc/sub')" $'dir\nnew\none\nyours'
	assert_equal "$(ls "$MERGED/etc/sub")" $'dir\nnew\none\nyours'
}

@test "stale: the same while a process stands in that directory" {
	inside_background 'cd etc/sub; until [ -e go ]; do sleep 0.05; done; touch made'
	sleep 0.2
	touch "$MERGED/etc/sub/go"
	wait "$BUSY"
	[ -e "$MERGED/etc/sub/made" ]
}

@test "stale: a file held open inside keeps its content, its name has the new one" {
	inside_background 'exec 4<etc/conf; until [ -e etc/go ]; do sleep 0.05; done; cat <&4; cat etc/conf' >"$BOX/out"
	sleep 0.2
	echo new >"$BOX/new"
	cp --remove-destination "$BOX/new" "$MERGED/etc/conf"
	touch "$MERGED/etc/go"
	wait "$BUSY"
	assert_equal "$(cat "$BOX/out")" $'lower\nnew'
}

@test "stale: appended inside while the engine has it open" {
	inside 'echo one >etc/log'
	exec 5<"$MERGED/etc/log"
	read -r line <&5
	assert_equal "$line" one
	inside 'echo two >>etc/log'
	read -r line <&5
	exec 5<&-
	assert_equal "$line" two
}

mounts_at() { findmnt -rno FSTYPE -M "$MERGED" | grep -c .; }
has_mounts() { (($(mounts_at) == $1)); }

# What dockerd does for each `docker cp` after it was restarted while the container ran.
@test "stale: an engine that mounts its overlay once more, over the view" {
	run -1 inside 'cat etc/new'
	inside_background 'cd etc/sub; until [ -e go ]; do sleep 0.05; done; touch made'
	for n in 1 2 3; do
		mount_merged
		wait_for 5 has_mounts 4
		is_view
		echo "fresh $n" >"$MERGED/etc/new"
		echo "fresh $n" >"$MERGED/etc/sub/new"
		umount -l "$MERGED"
		wait_for 5 has_mounts 2
		is_view
		assert_equal "$(inside 'cat etc/new etc/sub/new')" "fresh $n"$'\n'"fresh $n"
	done
	inside 'touch etc/sub/mine etc/sub/go'
	wait "$BUSY"
	[ -e "$MERGED/etc/sub/made" ]
}

@test "stale: the same with a volume that the engine has mounted there already" {
	mkdir "$BOX/vol" "$MERGED/opt/data"
	kill -STOP "$KEEPER"
	mount_merged
	mount --bind "$BOX/vol" "$MERGED/opt/data"
	kill -CONT "$KEEPER"
	wait_for 5 has_mounts 4
	wait_for 5 mountpoint -q "$MERGED/opt/data"
	echo v >"$MERGED/opt/data/file"
	assert_equal "$(cat "$BOX/vol/file")" v
	umount "$MERGED/opt/data"
	umount -l "$MERGED"
	wait_for 5 has_mounts 2
	assert_equal "$(grep -c "$MERGED/opt" /proc/self/mountinfo)" 0
}

@test "stale: the container ends while the engine's overlay is mounted twice" {
	mount_merged
	wait_for 5 has_mounts 4
	echo x >"$MERGED/etc/x"
	kill "$INIT"
	wait_for 5 gone "$KEEPER"
	assert_equal "$(findmnt -rno FSTYPE -M "$MERGED")" overlay
	assert_equal "$(cat "$MERGED/etc/x")" x
}

@test "view: what else is mounted on it, and goes, is nobody's business" {
	mount -t tmpfs strange "$MERGED"
	sleep 0.2
	assert_equal "$(mounts_at)" 3
	umount "$MERGED"
	sleep 0.2
	assert_equal "$(mounts_at)" 2
	assert_equal "$(cat "$MERGED/etc/conf")" lower
}

# With index=off two links of a lower layer are one number and two files.
@test "view: a write to one of two links of a lower layer leaves the other alone" {
	[ "$(stat -c %i "$MERGED/opt/a")" = "$(stat -c %i "$MERGED/opt/b")" ]
	echo changed >>"$MERGED/opt/b"
	assert_equal "$(inside 'cat opt/a; cat opt/b')" $'link\nlink\nchanged'
	assert_equal "$(cat "$MERGED/opt/a")" link
}

@test "view: symlinks are the engine's to follow, never the supervisor's" {
	inside 'ln -s /etc/hostname opt/abs; ln -s ../../../../../../etc opt/up'
	assert_equal "$(readlink "$MERGED/opt/abs")" /etc/hostname
	# A chroot into the view, as the engine makes one, stays in the container.
	assert_equal "$(cd / && chroot_cat "$MERGED" /opt/up/conf)" lower
}

chroot_cat() { python3 -c 'import os, sys; os.chroot(sys.argv[1]); os.chdir("/"); print(open(sys.argv[2]).read().rstrip())' "$@"; }

@test "view: mounts inside the container are not seen" {
	inside 'mkdir opt/m && mount -t tmpfs none opt/m && touch opt/m/hidden' ||
		nsenter -t "$INIT" -m mount -t tmpfs none "$INSIDE/opt"
	run -0 ls "$MERGED/opt/m"
	refute_output --partial hidden
}

@test "view: a volume of the engine can be mounted in it" {
	mkdir "$BOX/vol" "$MERGED/opt/data"
	echo v >"$BOX/vol/file"
	mount --bind "$BOX/vol" "$MERGED/opt/data"
	ls "$MERGED/opt" "$MERGED" >/dev/null
	assert_equal "$(cat "$MERGED/opt/data/file")" v
	umount "$MERGED/opt/data"
	rmdir "$MERGED/opt/data"
}

@test "view: another user of the host acts as that user" {
	chmod 1777 "$MERGED/opt"
	mkdir -m 700 "$MERGED/opt/private"
	setpriv --reuid 1000 --regid 1001 --clear-groups touch "$MERGED/opt/mine"
	assert_equal "$(stat -c %u:%g "$MERGED/opt/mine")" 1000:1001
	run -1 setpriv --reuid 1000 --regid 1001 --clear-groups touch "$MERGED/opt/private/x"
	run -1 setpriv --reuid 1000 --regid 1001 --clear-groups chown 0 "$MERGED/opt/mine"
	run -1 setpriv --reuid 1000 --regid 1001 --clear-groups rm "$MERGED/etc/conf"
	# And the supervisor has root's rights again.
	touch "$MERGED/opt/private/y"
	assert_equal "$(stat -c %u:%g "$MERGED/opt/private/y")" 0:0
}

@test "view: set-id bits go as anywhere else" {
	cp /bin/true "$MERGED/opt/suid"
	chmod 4755 "$MERGED/opt/suid"
	chown 1000 "$MERGED/opt/suid"
	assert_equal "$(stat -c %a "$MERGED/opt/suid")" 755
	chmod 6777 "$MERGED/opt/suid"
	setpriv --reuid 1001 --regid 1001 --clear-groups sh -c "echo x >>$MERGED/opt/suid"
	assert_equal "$(stat -c %a "$MERGED/opt/suid")" 777
	chmod 4755 "$MERGED/opt/suid"
	echo x >>"$MERGED/opt/suid"
	assert_equal "$(stat -c %a "$MERGED/opt/suid")" 4755
}

@test "view: the default ACL of a directory, and the umask without one" {
	mkdir "$MERGED/opt/acl" "$MERGED/opt/plain"
	python3 - "$MERGED/opt/acl" <<-'END'
	import os, struct, sys
	no = 0xFFFFFFFF
	acl = b"".join(struct.pack("<HHI", *e) for e in ((1, 7, no), (2, 7, 7), (4, 5, no), (16, 7, no), (32, 0, no)))
	os.setxattr(sys.argv[1], "system.posix_acl_default", struct.pack("<I", 2) + acl)
	END
	(umask 077 && touch "$MERGED/opt/acl/f" "$MERGED/opt/plain/f")
	assert_equal "$(stat -c %a "$MERGED/opt/acl/f")" 660
	assert_equal "$(stat -c %a "$MERGED/opt/plain/f")" 600
	setpriv --reuid 7 --regid 7 --clear-groups sh -c "echo x >$MERGED/opt/acl/f"
	run -2 setpriv --reuid 8 --regid 8 --clear-groups sh -c "echo x >$MERGED/opt/acl/f"
}

@test "view: open files stay what they are when their names go" {
	exec 5<>"$MERGED/etc/conf"
	rm "$MERGED/etc/conf"
	echo new >"$MERGED/etc/conf"
	assert_equal "$(cat <&5)" lower
	assert_equal "$(cat "$MERGED/etc/conf")" new
	exec 5>&-
}

@test "view: renames, also over files, with and without a trace" {
	cd "$MERGED/opt"
	echo 1 >one; echo 2 >two
	mv one two
	assert_equal "$(cat two; ls)" $'1\na\nb\ntwo'
	mkdir -p d/e; echo f >d/e/f
	mv d g
	assert_equal "$(cat g/e/f)" f
	cd g/e && mv ../../g ../../h && assert_equal "$(cat f)" f
	cd /
	python3 - "$MERGED/opt" <<-'END'
	import ctypes, os, sys
	os.chdir(sys.argv[1])
	libc = ctypes.CDLL(None, use_errno=True)
	assert libc.renameat2(-100, b"two", -100, b"a", 2) == 0, os.strerror(ctypes.get_errno())
	assert open("a").read() == "1\n" and open("two").read() == "link\n"
	assert libc.renameat2(-100, b"two", -100, b"a", 1) == -1 and ctypes.get_errno() == 17
	END
}

@test "view: truncation, holes, preallocation, big offsets" {
	python3 - "$MERGED/opt/f" <<-'END'
	import os, sys
	fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
	os.pwrite(fd, b"x", 5 << 30)
	assert os.fstat(fd).st_size == (5 << 30) + 1
	assert os.lseek(fd, 0, os.SEEK_DATA) == 5 << 30
	assert os.pread(fd, 4, 1 << 30) == b"\0" * 4
	os.ftruncate(fd, 10)
	os.posix_fallocate(fd, 0, 100000)
	assert os.fstat(fd).st_blocks * 512 >= 100000
	os.truncate(sys.argv[1], 3)
	assert os.read(os.open(sys.argv[1], os.O_RDONLY), 100) == b"\0\0\0"
	os.close(os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC))
	assert os.stat(sys.argv[1]).st_size == 0
	END
}

@test "view: two appenders, one inside, lose nothing" {
	inside_background 'for n in $(seq 500); do echo inside $n >>opt/log; done'
	for n in $(seq 500); do echo "outside $n" >>"$MERGED/opt/log"; done
	wait "$BUSY"
	assert_equal "$(wc -l <"$BOX/o/diff/opt/log")" 1000
	assert_equal "$(sort -u "$MERGED/opt/log" | wc -l)" 1000
}

@test "view: directories of many entries are read whole while they change" {
	mkdir "$MERGED/opt/many"
	(cd "$MERGED/opt/many" && seq 5000 | xargs touch)
	assert_equal "$(inside 'ls opt/many | wc -l')" 5000
	inside_background 'while :; do touch opt/many/x; rm opt/many/x; done'
	for _ in $(seq 20); do
		assert_equal "$(find "$MERGED/opt/many" -name '[0-9]*' | wc -l)" 5000
	done
	kill "$BUSY"
	wait "$BUSY" || true
	sleep 0.3 # its last touch
	within rm -r "$MERGED/opt/many"
}

@test "view: a walk over many files leaves few descriptors in the supervisor" {
	(mkdir "$BOX/l1/big" && cd "$BOX/l1/big" && seq 20000 | xargs touch)
	stop_box
	umount "$MERGED"
	mount_merged
	start_box
	assert_equal "$(find "$MERGED/big" -type f -size 0 | wc -l)" 20000
	wait_for 5 few_descriptors
}

few_descriptors() { (($(find "/proc/$(worker)/fd" -type l | wc -l) < 3000)); }
