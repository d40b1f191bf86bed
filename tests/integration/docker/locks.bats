#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One volume, one inner engine: who comes second is told so, and the volume is free again whatever
# its holder dies of.

load helper

IMAGE=sysbox/busybox
D=/var/lib/docker

setup_file() {
	load helper
	need_image busybox
}

setup() {
	sysbox_only
	mkdir -p "$(scratch)/locks/sub/deep"
}

teardown() {
	remove_scope test
	docker volume rm lock-test >/dev/null 2>&1 || true
	rm -rf "$(scratch)/locks" "$(scratch)/link"
}

# No container may start with these options as long as `first` holds.
refused() {
	local rc
	run sc run --rm "$@" $IMAGE true
	rc=$status
	((rc != 0)) || return 1
	assert_output --partial "held by container $(docker inspect -f '{{printf "%.12s" .Id}}' first)"
}

accepted() { sc run --rm "$@" $IMAGE true; }

# The keeper holds a pidfd of init, and the workers are its children.
keeper() {
	local init p
	init=$(init_pid "$1")
	for p in $(pgrep -x sysbox-fs); do
		! grep -qsxP "Pid:\t$init" /proc/"$p"/fdinfo/* || echo "$p"
	done
}

# bats test_tags=short
@test "locks: the second container of a volume is refused, in one line, and can say that it shares" {
	start first -v lock-test:$D $IMAGE
	refused -v lock-test:$D
	assert_output --regexp "lock-test/_data, to be mounted at $D, is held by container [0-9a-f]{12} since 20[0-9-]+ [0-9:]+ UTC \(at $D\)"
	assert_output --partial "SYSBOX_SHARE_VOLUMES=$D"
	# Not where no engine would use it, nor another volume.
	accepted -v lock-test:/mnt
	accepted -v lock-test-2:$D
	docker volume rm lock-test-2
	docker rm -f first
	accepted -v lock-test:$D
}

# bats test_tags=short
@test "locks: whatever path leads to it" {
	local s
	s=$(scratch)/locks
	start first -v "$s/sub:$D" $IMAGE
	ln -sfn locks/sub "$(scratch)/link"
	refused -v "$(scratch)/link:$D"
	refused -v "$s:$D"
	refused -v "$s/sub/deep:$D"
	refused -v "$s/sub:/var/lib/containerd"
	mkdir -p "$s/sub/docker"
	refused -v "$s/sub:/var/lib"
	mkdir "$s/bound"
	engine exec "$ENGINE" mount --bind "$s/sub" "$s/bound"
	run sc run --rm -v "$s/bound/deep:$D" $IMAGE true
	engine exec "$ENGINE" umount "$s/bound"
	assert_output --partial 'lies in a directory that is held'
	mkdir "$s/beside"
	accepted -v "$s/beside:$D"
}

@test "locks: shared on purpose, by all of them, or read-only" {
	start first -e SYSBOX_SHARE_VOLUMES=$D -v lock-test:$D $IMAGE
	accepted -e SYSBOX_SHARE_VOLUMES=$D -v lock-test:$D
	accepted -v lock-test:$D:ro
	run ! sc run --rm -v lock-test:$D $IMAGE true
	assert_output --partial 'is held by container'
	docker rm -f first
	start first -v "$(scratch)/locks:$D:ro" $IMAGE
	refused -v "$(scratch)/locks/sub:$D"
	accepted -v "$(scratch)/locks/sub:$D:ro"
}

# bats test_tags=short
@test "locks: restart, and a container that ends" {
	local i
	start first -v lock-test:$D $IMAGE
	for i in 1 2 3; do docker restart -t 0 first; done
	refused -v lock-test:$D
	docker kill first
	for i in 1 2 3 4 5; do accepted -v lock-test:$D; done
	docker start first
	refused -v lock-test:$D
}

@test "locks: kill -9 of init and of the runtime's parts" {
	local pid
	start first -v lock-test:$D $IMAGE
	kill -9 "$(init_pid first)"
	accepted -v lock-test:$D
	docker start first
	# The supervisor's workers may die, the lock stays.
	run -0 pgrep -P "$(keeper first)"
	kill -9 $output
	refused -v lock-test:$D
}

@test "locks: of many at once exactly one wins" {
	local i n
	for i in 1 2 3 4 5; do
		for n in a b c; do
			(sc run -d --name "race-$n" -v lock-test:$D $IMAGE sleep 1000 >/dev/null 2>&1 || true) &
		done
		wait
		run -0 docker ps -q --filter name=race-
		assert_equal "$(wc -w <<<"$output")" 1
		docker rm -f race-a race-b race-c >/dev/null
	done
}
