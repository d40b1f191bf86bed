#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd by its own client.

load helper

IMAGE=docker.io/sysbox/busybox:latest

setup_file() {
	load helper
	docker images ls -q | grep -q "$IMAGE" ||
		docker images import "$("$TOP/images/build" busybox 2>/dev/null)" >/dev/null
}

teardown() {
	local id
	for id in $(docker tasks ls -q); do docker tasks kill -s KILL "$id" >/dev/null 2>&1 || true; done
	sleep 0.3
	for id in $(docker tasks ls -q); do docker tasks rm -f "$id" >/dev/null 2>&1 || true; done
	for id in $(docker containers ls -q); do docker containers rm "$id" || true; done
}

runtime() {
	case $RUNTIME in
	runc) engine exec "$ENGINE" sh -c 'command -v runc' ;;
	*) echo "${SYSBOX_RUNC:-/usr/bin/sysbox-runc}" ;;
	esac
}

# ctr_run ID OPTION... -- CMD...
ctr_run() {
	local id=$1 options=(); shift
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	shift
	docker run --runc-binary "$(runtime)" --cgroup "$(engine cgroup "$ENGINE")/containers/$id" \
		"${options[@]}" "$IMAGE" "$id" "$@"
}

@test "ctr run: output and status" {
	run -0 ctr_run one --rm -- echo hello
	assert_output hello
	run -6 ctr_run two --rm -- sh -c 'exit 6'
}

@test "ctr run -t: a terminal" {
	run -0 on_terminal "$TOP/tests/engine/engine" cli "$ENGINE" run --rm -t --runc-binary "$(runtime)" \
		--cgroup "$(engine cgroup "$ENGINE")/containers/tty" "$IMAGE" tty sh -c 'sleep 0.5; tty; stty size'
	assert_line --regexp '/dev/(pts/0|console)'
	assert_line --regexp '^33 99'
}

@test "ctr: detached task, exec, ps, metrics, pause, kill, delete" {
	ctr_run box -d -- sleep infinity
	run -0 docker tasks exec --exec-id e1 box sh -c 'id -u; echo x >/root/x; cat /root/x'
	assert_line --index 0 0
	assert_line --index 1 x
	run -0 docker tasks ps box
	assert_line --regexp '^[0-9]+'
	run -0 docker tasks metrics box
	assert_output --partial memory
	docker tasks pause box
	run -0 docker tasks ls
	assert_line --regexp 'box .*PAUSED'
	docker tasks resume box
	docker tasks kill -s KILL box
	wait_for 5 bash -c '"$@" | grep -q "box .*STOPPED"' sh "$TOP/tests/engine/engine" cli "$ENGINE" tasks ls
	docker tasks rm box
	docker containers rm box
}

@test "ctr: memory limit, mounts, environment, working directory" {
	local dir; dir=$(scratch)/ctr
	mkdir -p "$dir"; echo x >"$dir/f"; chown 3:4 "$dir/f"
	run -0 ctr_run box --rm --memory-limit 67108864 --env A=b --cwd /tmp \
		--mount "type=bind,src=$dir,dst=/d,options=rbind:ro" \
		-- sh -c 'pwd; echo $A; stat -c %u:%g /d/f; ! echo y 2>/dev/null >/d/f; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
	assert_line --index 0 /tmp
	assert_line --index 1 b
	assert_line --index 2 3:4
	! with_runc || return 0
	assert_line --index 3 67108864
}

@test "ctr: a system container's identity" {
	sysbox_only
	run -0 ctr_run box --rm -- sh -c 'cat /proc/self/uid_map; stat -c %u:%g / /bin/busybox; mkdir /m; mount -t tmpfs none /m && echo mounted'
	refute_output --regexp '^ *0 +0 '
	assert_line --index 1 0:0
	assert_line mounted
}

@test "ctr --uidmap: the mapping given wins" {
	run -0 ctr_run box --rm --uidmap 0:400000:65536 --gidmap 0:400000:65536 -- cat /proc/self/uid_map
	assert_output --regexp '^ +0 +400000 +65536$'
}

@test "ctr: --net-host is refused" {
	sysbox_only
	run ctr_run box --rm --net-host -- true
	assert_failure
	assert_output --partial network
}

@test "ctr: twenty tasks at the same time" {
	local n
	for n in $(seq 20); do ctr_run "many$n" --rm -- echo "answer $n" >"$BATS_TEST_TMPDIR/$n" & done
	wait
	for n in $(seq 20); do assert_equal "$(cat "$BATS_TEST_TMPDIR/$n")" "answer $n"; done
}

@test "ctr: nothing is left behind" {
	ctr_run box --rm -- true
	run -0 engine check "$ENGINE"
}
