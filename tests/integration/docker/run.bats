#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The everyday life of one container: every verb that people type.

load helper

setup_file() {
	load helper
	need_image busybox
}

teardown() { remove_scope test; }

IMAGE=sysbox/busybox

# bats test_tags=short
@test "run: output and exit status come back" {
	run -0 sc run --rm $IMAGE echo hello
	assert_output hello
	run -7 sc run --rm $IMAGE sh -c 'exit 7'
}

@test "run: death by a signal is 128 and the signal" {
	run -137 sc run --rm --init $IMAGE sh -c 'kill -KILL $$'
	run -143 sc run --rm --init $IMAGE sh -c 'kill -TERM $$'
}

# bats test_tags=short
@test "run: a missing program is 127, a file that is not executable 126, with its name" {
	run -127 sc run --rm $IMAGE /no/such/program
	assert_output --partial /no/such/program
	run -126 sc run --rm $IMAGE /etc/passwd
	assert_output --partial /etc/passwd
}

@test "run: stdin is passed on and ends" {
	run -0 bash -c 'echo "some words here" | "$@"' sh "$TOP/tests/engine/engine" cli "$ENGINE" \
		run --rm -i $(runtime_options) $IMAGE wc -w
	assert_output 3
}

@test "run: stdout and stderr stay apart" {
	sc run --rm $IMAGE sh -c 'echo out; echo err >&2' >"$BATS_TEST_TMPDIR/o" 2>"$BATS_TEST_TMPDIR/e"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/o")" out
	assert_equal "$(cat "$BATS_TEST_TMPDIR/e")" err
}

# bats test_tags=short
@test "run -it: a terminal with the caller's size, owned by the user" {
	run -0 docker_on_terminal run --rm -it $(runtime_options) $IMAGE \
		sh -c 'sleep 0.5; tty; stty size; stat -c %u:%a $(tty)'
	assert_line --regexp '/dev/(pts/0|console)'
	assert_line --regexp '^33 99'
	assert_line --regexp '^0:6[0-9]0'
}

@test "run -it: the exit status comes through a terminal" {
	run -9 docker_on_terminal run --rm -it $(runtime_options) $IMAGE sh -c 'exit 9'
}

# bats test_tags=short
@test "exec: output, status, user, directory, environment" {
	start box $IMAGE
	run -0 docker exec box echo there
	assert_output there
	run -5 docker exec box sh -c 'exit 5'
	run -0 docker exec -u 1000:1001 -w /tmp -e COLOUR=blue box sh -c 'id -u; id -g; pwd; echo $COLOUR'
	assert_line --index 0 1000
	assert_line --index 1 1001
	assert_line --index 2 /tmp
	assert_line --index 3 blue
}

@test "exec: a missing program or directory is refused with its name" {
	start box $IMAGE
	run docker exec box /no/such/program
	assert [ "$status" -eq 126 -o "$status" -eq 127 ]
	assert_output --partial /no/such/program
	run docker exec -w /no/such/directory box true
	assert_failure
	assert_output --partial /no/such/directory
}

# bats test_tags=short
@test "exec -it: a second terminal, with a size" {
	start box $IMAGE
	run -0 docker_on_terminal exec -it box sh -c 'sleep 0.5; tty; stty size'
	assert_line --regexp '/dev/pts/[0-9]+'
	assert_line --regexp '^33 99'
}

@test "exec: enters all namespaces and the cgroup of the container" {
	start box $IMAGE
	run -0 inside box 'for n in cgroup ipc mnt net pid user uts; do
		[ "$(readlink /proc/self/ns/$n)" = "$(readlink /proc/1/ns/$n)" ] || echo differs: $n
	done
	[ "$(cat /proc/self/cgroup)" = "$(cat /proc/1/cgroup)" ] || echo differs: cgroup path'
	refute_output
}

@test "exec: a process left behind by exec is reaped by pid 1 and seen by top" {
	start box --init $IMAGE
	inside box '(sleep 4321 & echo $! >/tmp/pid)'
	run -0 docker top box $(top_columns)
	assert_output --partial 'sleep 4321'
	inside box 'kill $(cat /tmp/pid); sleep 0.5'
	run -0 docker top box $(top_columns)
	refute_output --partial sleep\ 4321
	refute_output --partial defunct
}

@test "exec: thirty at the same time" {
	start box $IMAGE
	local n
	for n in $(seq 30); do docker exec box echo "answer $n" >"$BATS_TEST_TMPDIR/$n" & done
	wait
	for n in $(seq 30); do assert_equal "$(cat "$BATS_TEST_TMPDIR/$n")" "answer $n"; done
}

# bats test_tags=short
@test "logs: everything that pid 1 wrote, also after its end" {
	sc run -d --name box $IMAGE sh -c 'echo one; echo two >&2; echo three' >/dev/null
	docker wait box
	run -0 docker logs box
	assert_line one
	assert_line two
	assert_line three
}

@test "logs -f: follows and ends with the container" {
	sc run -d --name box $IMAGE sh -c 'for i in 1 2 3; do echo tick $i; sleep 0.3; done' >/dev/null
	run -0 timeout 20 "$TOP/tests/engine/engine" cli "$ENGINE" logs -f box
	assert_line 'tick 3'
}

# bats test_tags=short
@test "stats: memory in use and its limit" {
	start box --memory 64m $IMAGE
	run -0 docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' box
	assert_output --regexp '^[1-9][0-9.]*[kMK]i?B / 6[47](MiB|\.11MB) 1$'
}

@test "top: the processes of the container and no others" {
	start box $IMAGE
	docker exec -d box sleep 9876
	run -0 docker top box $(top_columns)
	assert_output --partial 'sleep infinity'
	assert_output --partial 'sleep 9876'
	assert_equal "${#lines[@]}" 3
}

# bats test_tags=short
@test "update --memory: takes effect and is seen inside" {
	start box --memory 64m $IMAGE
	assert_equal "$(cgroup_value box memory)" 67108864
	docker update --memory 96m --memory-swap 96m box
	assert_equal "$(cgroup_value box memory)" 100663296
}

@test "update --pids-limit: takes effect" {
	docker_only
	start box --pids-limit 50 $IMAGE
	assert_equal "$(cgroup_value box pids)" 50
	docker update --pids-limit 20 box
	assert_equal "$(cgroup_value box pids)" 20
	run docker exec box sh -c 'for i in $(seq 30); do sleep 3 & done; wait'
	assert_output --partial "can't fork"
}

# bats test_tags=short
@test "pause: stands still, and goes on" {
	start box $IMAGE
	docker exec -d box sh -c 'while :; do echo >>/tmp/ticks; sleep 0.1; done'
	wait_for 5 docker exec box test -s /tmp/ticks
	docker pause box
	assert_equal "$(docker inspect -f '{{.State.Status}}' box)" paused
	run docker exec box true
	assert_failure
	docker unpause box
	local before
	before=$(inside box 'wc -l </tmp/ticks')
	sleep 1
	assert [ "$(inside box 'wc -l </tmp/ticks')" -gt "$before" ]
}

@test "pause: nothing runs meanwhile" {
	docker_only
	local dir; dir=$(scratch)/$BATS_TEST_NUMBER
	mkdir -p "$dir"; chmod 777 "$dir"
	start box -v "$dir:/d" $IMAGE
	docker exec -d box sh -c 'while :; do echo >>/d/ticks; sleep 0.1; done'
	wait_for 5 test -s "$dir/ticks"
	docker pause box
	sleep 0.3
	local before; before=$(stat -c %s "$dir/ticks")
	sleep 1
	assert_equal "$(stat -c %s "$dir/ticks")" "$before"
	docker unpause box
}

@test "pause: a paused container can be removed" {
	start box $IMAGE
	docker pause box
	docker rm -f box
	run -0 docker ps -aq --filter name=^box$
	refute_output
}

# bats test_tags=short
@test "stop: SIGTERM first; the status is the program's" {
	sc run -d --name box $IMAGE sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	sleep 0.5
	docker stop -t 10 box
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' box)" 3
}

@test "stop: SIGKILL after the time of grace" {
	start box $IMAGE
	docker stop -t 1 box
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' box)" 137
}

@test "stop: --stop-signal is honoured" {
	sc run -d --name box --stop-signal USR1 $IMAGE \
		sh -c 'trap "exit 4" USR1; while :; do sleep 0.1; done' >/dev/null
	sleep 0.5
	docker stop -t 10 box
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' box)" 4
}

@test "kill: any signal reaches pid 1" {
	sc run -d --name box $IMAGE sh -c 'trap "echo got it" USR2; while :; do sleep 0.1; done' >/dev/null
	sleep 0.5
	docker kill -s USR2 box
	wait_for 5 bash -c '"$@" | grep -q "got it"' sh "$TOP/tests/engine/engine" cli "$ENGINE" logs box
	docker kill box
	assert_equal "$(docker inspect -f '{{.State.ExitCode}}' box)" 137
}

# bats test_tags=short
@test "restart: what was written stays, with its owner" {
	start box $IMAGE
	inside box 'echo kept >/root/file; echo 1000 >/tmp/mine; chown 1000:1001 /tmp/mine; mkdir /var/new'
	docker restart -t 1 box
	run -0 inside box 'cat /root/file; stat -c %u:%g /root/file /tmp/mine /var/new'
	assert_line --index 0 kept
	assert_line --index 1 0:0
	assert_line --index 2 1000:1001
	assert_line --index 3 0:0
}

@test "restart: five times in a row, and the container is as new each time" {
	start box $IMAGE
	local n
	for n in 1 2 3 4 5; do
		inside box "echo $n >>/root/count; mkdir -p /mnt/a; mount -t tmpfs none /mnt/a 2>/dev/null; true"
		docker restart -t 0 box
	done
	run -0 inside box 'wc -l </root/count; grep -c /mnt/a /proc/mounts || true'
	assert_line --index 0 5
	assert_line --index 1 0
}

@test "restart policy: the engine starts it again" {
	sc run -d --name box --restart on-failure:2 $IMAGE sh -c 'echo try; exit 1' >/dev/null
	wait_for 15 bash -c '[ "$("$@")" = 2 ]' sh "$TOP/tests/engine/engine" cli "$ENGINE" \
		inspect -f '{{.RestartCount}}' box
	wait_for 15 bash -c '[ "$("$@" | grep -c try)" = 3 ]' sh "$TOP/tests/engine/engine" cli "$ENGINE" logs box
}

# bats test_tags=short
@test "diff: added, changed and deleted, and nothing else" {
	start box $IMAGE
	inside box 'echo x >/root/new; echo x >>/etc/group; rm /etc/passwd; mkdir /home/dir'
	run -0 docker diff box
	assert_line 'A /root/new'
	assert_line 'C /etc/group'
	assert_line 'D /etc/passwd'
	assert_line 'A /home/dir'
	refute_line --regexp '^[ACD] /(proc|sys|dev/|run/|tmp|bin|usr)'
}

@test "diff: a container that did nothing shows nothing of its own" {
	start box $IMAGE
	local theirs ours
	ours=$(docker diff box | sort)
	docker rm -f box
	docker run -d --name box --label scope=test $IMAGE sleep infinity >/dev/null
	theirs=$(docker diff box | sort)
	assert_equal "$ours" "$theirs"
}

# bats test_tags=short
@test "commit: the image has the files, their owners, modes and times" {
	start box $IMAGE
	inside box 'echo data >/root/f; touch -d "2001-02-03 04:05:06" /root/f
		mkdir -m 700 /home/u; echo y >/home/u/g; chown -R 1000:1001 /home/u; chmod 4711 /home/u/g
		ln -s /root/f /home/u/link; rm /etc/group'
	docker commit box sysbox-test/commit:1
	docker rm -f box
	run -0 sc run --rm sysbox-test/commit:1 sh -c 'cat /root/f
		stat -c "%u:%g %a %Y" /root/f; stat -c "%u:%g %a" /home/u /home/u/g; readlink /home/u/link
		ls /etc/group 2>&1 || true'
	assert_line --index 0 data
	assert_line --index 1 '0:0 644 981173106'
	assert_line --index 2 '1000:1001 700'
	assert_line --index 3 '1000:1001 4711'
	assert_line --index 4 /root/f
	assert_line --index 5 --partial 'No such file'
	docker rmi sysbox-test/commit:1
}

@test "commit: the image works with runc as well, with the same owners" {
	start box $IMAGE
	inside box 'echo a >/root/a; echo b >/home/b; chown 1000:1000 /home/b'
	docker commit box sysbox-test/commit:2
	run -0 docker run --rm $([[ $(family) == podman ]] || echo --runtime=runc) sysbox-test/commit:2 \
		stat -c %u:%g /root/a /home/b
	assert_line --index 0 0:0
	assert_line --index 1 1000:1000
	docker rmi -f sysbox-test/commit:2
}

@test "export: owners in the tar are the image's" {
	start box $IMAGE
	inside box 'echo a >/root/a; echo b >/home/b; chown 1000:1001 /home/b'
	docker export box >"$BATS_TEST_TMPDIR/x.tar"
	run -0 tar -tvf "$BATS_TEST_TMPDIR/x.tar" --numeric-owner
	assert_line --regexp '^-rw-r--r-- 0/0 .* root/a$'
	assert_line --regexp '^-rw-r--r-- 1000/1001 .* home/b$'
	assert_line --regexp '^-rwxr-xr-x 0/0 .* bin/busybox$'
}

@test "inspect: the pid is that of the container's first process" {
	start box $IMAGE
	local pid; pid=$(init_pid box)
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep infinity "
}

@test "attach: what is typed reaches pid 1" {
	docker_only
	sc run -d -i --name box $IMAGE sh -c 'read line; echo "read: $line"; sleep 1' >/dev/null
	run -0 bash -c '(echo typed; sleep 1) | timeout 20 "$@"' sh "$TOP/tests/engine/engine" cli "$ENGINE" attach box
	assert_output 'read: typed'
}

@test "rename and wait" {
	sc run -d --name box $IMAGE sh -c 'sleep 1; exit 6' >/dev/null
	docker rename box other
	run -0 docker wait other
	assert_output 6
}

# bats test_tags=short
@test "memory: the limit kills, and the engine says so" {
	# Pid 1 lives on for a moment: the engine may miss the news of a cgroup that is gone.
	run sc run --name box --memory 24m --memory-swap 24m $IMAGE \
		sh -c 'sh -c "x=\$(head -c 100m /dev/zero | tr \"\\0\" x); echo survived"; s=$?; sleep 1; exit $s'
	assert_failure 137
	refute_output --partial survived
	docker_only
	assert_equal "$(docker inspect -f '{{.State.OOMKilled}}' box)" true
}

@test "cpuset and cpu quota are seen inside" {
	start box --cpuset-cpus 0 --cpus 0.5 $IMAGE
	run -0 inside box 'nproc; cat /sys/fs/cgroup/cpu.max 2>/dev/null ||
		cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us'
	assert_line --index 0 1
	assert_line --index 1 --regexp '^50000'
}

@test "health check: exec'd by the engine" {
	docker_only
	start box --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 2 $IMAGE
	wait_for 20 bash -c '[ "$("$@")" = unhealthy ]' sh "$TOP/tests/engine/engine" cli "$ENGINE" \
		inspect -f '{{.State.Health.Status}}' box
	inside box 'touch /tmp/well'
	wait_for 20 bash -c '[ "$("$@")" = healthy ]' sh "$TOP/tests/engine/engine" cli "$ENGINE" \
		inspect -f '{{.State.Health.Status}}' box
}

# bats test_tags=short
@test "create and start are two steps" {
	sc create --name box $IMAGE echo later
	assert_equal "$(docker inspect -f '{{.State.Status}}' box)" created
	run -0 docker start -a box
	assert_output later
	run -0 docker start -a box
	assert_output later
}

@test "ten containers at the same time" {
	local n
	for n in $(seq 10); do sc run --rm $IMAGE sh -c "echo $n; hostname" >"$BATS_TEST_TMPDIR/$n" & done
	wait
	for n in $(seq 10); do assert_equal "$(head -n 1 "$BATS_TEST_TMPDIR/$n")" "$n"; done
}

# bats test_tags=short
@test "rm: nothing is left behind: no mount, process, cgroup or state" {
	start box $IMAGE
	inside box 'mkdir -p /a/b; mount -t tmpfs none /a/b 2>/dev/null; sleep 1000 & true'
	docker rm -f box
	sc run --rm $IMAGE true
	run -127 sc run --rm $IMAGE /no/such/program
	run -0 engine check "$ENGINE"
}
