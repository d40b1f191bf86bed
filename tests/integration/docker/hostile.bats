#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A tenant who owns his image and all that is within, and the administrator who runs `docker` on
# it.  Each attempt is such that it does no harm where the runtime under test lets it succeed.

load helper

IMAGE=sysbox/debian-docker:bookworm

setup_file() {
	load helper
	need_image debian-docker-bookworm
}

setup() {
	sysbox_only
	OUTSIDE=$(scratch)/hostile
	rm -rf "$OUTSIDE"
	mkdir -p "$OUTSIDE"
}

teardown() {
	remove_scope test
	docker rmi -f sysbox-test/hostile >/dev/null 2>&1 || true
	rm -rf "$OUTSIDE"
}

# --- what the host writes -------------------------------------------------------------------

# bats test_tags=short
@test "hostile: links in a store lead no writer of the host out of it" {
	echo "host's" >"$OUTSIDE/victim"
	start box "$IMAGE"
	# Something that a pause and an end write down, and links by the names that they may take, each
	# alone in its store: another entry might be flushed by the same name.
	inside box "set -- .sysbox-new .sysbox-meta .sysbox-failed
		for s in docker containerd containers; do
			cd /var/lib/\$s && mknod gone c 0 0 && ln -s $OUTSIDE/victim \$1 && shift
		done
		cd /var/lib/buildkit && mknod gone c 0 0 && ln -s $OUTSIDE/made .sysbox-new"
	docker pause box
	docker unpause box
	docker stop -t 0 box
	assert_equal "$(<"$OUTSIDE/victim")" "host's"
	run ls -A "$OUTSIDE"
	assert_output victim
	docker start box
}

@test "hostile: what lies in a store keeps nobody waiting" {
	start box "$IMAGE"
	inside box 'cd /var/lib/containers && mknod gone c 0 0 && mkfifo .sysbox-new &&
		cd ../buildkit && mknod gone c 0 0 && mkdir .sysbox-new .sysbox-meta && mkfifo .sysbox-meta/x x'
	run timeout 20 "$TOP/tests/engine/engine" cli "$ENGINE" pause box
	assert_success
	docker unpause box
	run timeout 20 "$TOP/tests/engine/engine" cli "$ENGINE" stop -t 0 box
	assert_success
}

# --- what all share -------------------------------------------------------------------------

# Has who runs the command a file watcher left?  (On an overlay tail(1) would not ask for one.)
watches() { "$@" sh -c 'f=$(mktemp -p /dev/shm); timeout 1 tail -f $f 2>&1 >/dev/null; rm $f'; }

# bats test_tags=short
@test "hostile: who uses up all inotify instances has used up his own" {
	local n; n=$(</proc/sys/fs/inotify/max_user_instances)
	((n <= 1024)) || skip "there are $n of them"
	start box "$IMAGE"
	start other "$IMAGE"
	inside box "touch /dev/shm/f; for i in \$(seq $((n + 5))); do tail -f /dev/shm/f >/dev/null 2>>/tail & done"
	wait_for 20 inside box 'grep -q inotify /tail'
	run watches docker exec other
	refute_output --partial inotify
	run watches env
	refute_output --partial inotify
}
