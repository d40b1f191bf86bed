#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A tenant who owns his image and all that is within, and the administrator who runs `docker` on
# it.  Each attempt is such that it does no harm where the runtime under test lets it succeed.

load helper

IMAGE=sysbox/debian-docker:bookworm

setup_file() {
	load helper
	need_image debian-docker-bookworm
	need_image busybox
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

# soon CMD...: `docker CMD` ends, well or not.
soon() {
	run timeout 60 "$TOP/tests/engine/engine" cli "$ENGINE" "$@"
	assert_not_equal "$status" 124
}

@test "hostile: a file system of the container's own, frozen with it, holds up no pause and no end" {
	start box "$IMAGE"
	start_stalled box
	# Of the root directory, as the host sees it: an overlay asks in the name of who has mounted it.
	inside box 'touch /var/lib/docker/x; mount -t overlay none -o lowerdir=/stalled:/opt /'
	soon pause box
	soon unpause box
	soon commit box sysbox-test/hostile
	soon exec box true
	soon cp box:/etc/hostname -
	soon rm -f box
	run -0 docker ps -aq --filter label=scope=test
	assert_output ""
}

# start_stalled BOX [NAME]: its file system on /stalled.
start_stalled() {
	gcc -O1 -static -pthread -o "$BATS_TEST_TMPDIR/fuse" "$BATS_TEST_DIRNAME/stalled-fuse.c"
	docker exec -i "$1" sh -c 'cat >/fuse; chmod 755 /fuse; mkdir /stalled' <"$BATS_TEST_TMPDIR/fuse"
	docker exec -d "$1" /fuse /stalled "${@:2}"
	wait_for 5 inside "$1" 'grep -q " /stalled " /proc/self/mountinfo'
}

# The kernel ends a connection with its last descriptor, which a thread holds that waits for it.
@test "hostile: a container that waits for a file system of its own is killed and removed all the same" {
	local verb
	for verb in kill "stop -t 0" "rm -f"; do
		start box "$IMAGE"
		start_stalled box x
		# shellcheck disable=SC2086
		soon $verb box
		soon rm -f box
		run -0 docker ps -aq --filter label=scope=test
		assert_output ""
	done
}

# The first cannot be killed as long as the second serves nothing and lives, whose ids it does not have.
@test "hostile: two containers that wait for each other's file systems are killed and removed all the same" {
	docker_only
	local dir n
	dir=$(mktemp -d "$(scratch)/tenants.XXXXXX")
	chmod 777 "$dir"
	gcc -O1 -static -o "$dir/tenants" "$BATS_TEST_DIRNAME/fuse-tenants.c"
	start one -v "$dir:/shared" "$IMAGE"
	start two -v "$dir:/shared" "$IMAGE"
	docker exec -d one sh -c 'exec /shared/tenants /mnt /shared/socket listen >/one'
	docker exec -d two sh -c 'exec /shared/tenants /mnt /shared/socket connect >/two'
	for n in one two; do
		wait_for 10 inside $n "grep ready /$n"
	done
	soon rm -f one
	soon rm -f two
	soon rm -f one
	soon rm -f two
	rm -rf "$dir"
	run -0 docker ps -aq --filter label=scope=test
	assert_output ""
}

# For the engine that means a lock of its own, held as long as the request takes.
@test "hostile: who holds the lock of a directory inside does not hold that of the engine" {
	docker_only
	start box "$IMAGE"
	gcc -O1 -static -o "$BATS_TEST_TMPDIR/held" "$BATS_TEST_DIRNAME/held-lock.c"
	docker exec -i box sh -c 'cat >/held; chmod 755 /held; touch /file; mkdir /dir' <"$BATS_TEST_TMPDIR/held"
	docker exec -d box /held /dir /file
	wait_for 10 inside box 'grep -q filename_create /proc/[1-9]*/wchan'
	soon cp box:/dir/nonesuch -
	assert_failure
	run timeout 5 "$TOP/tests/engine/engine" cli "$ENGINE" inspect box
	assert_success
	soon cp box:/etc/hostname -
	assert_success
	soon rm -f box
	run -0 docker ps -aq --filter label=scope=test
	assert_output ""
}

# Its first process, in a group that is its own to freeze.  (On v1 nobody frozen dies.)
@test "hostile: a container that has frozen itself is killed and removed all the same" {
	local verb
	for verb in kill "rm -f"; do
		start box "$IMAGE"
		inside box 'cd /sys/fs/cgroup
			if test -d freezer; then
				mkdir freezer/x && echo 1 >freezer/x/tasks && echo FROZEN >freezer/x/freezer.state
			else
				mkdir x && echo 1 >x/cgroup.procs && echo 1 >x/cgroup.freeze
			fi'
		# shellcheck disable=SC2086
		run timeout 60 "$TOP/tests/engine/engine" cli "$ENGINE" $verb box
		assert_success
		soon rm -f box
	done
}

# On v1 such a limit is of one group, and not of those below.
@test "hostile: a limit on a disk that the kernel does not hand down is not left behind" {
	local device; device=$(df --output=source "$(engine dir "$ENGINE")" | tail -n 1)
	[[ -b $device ]] || skip "no disk"
	grep -q :blkio: /proc/self/cgroup || skip "v2 hands it down"
	start box --device-write-bps "$device:1mb" "$IMAGE"
	run -0 grep -h . /sys/fs/cgroup/blkio"$(sed -n 's/.*:blkio://p' "/proc/$(init_pid box)/cgroup")"/blkio.throttle.write_bps_device
	assert_output --partial " 1048576"
	run inside box 'mkdir /sys/fs/cgroup/blkio/x'
	assert_failure
	run inside box 'mkdir /m && mount -t cgroup -o blkio none /m && mkdir /m/x'
	assert_failure
	run -0 inside box 'mkdir /sys/fs/cgroup/memory/x; cat /proc/self/mountinfo'
	refute_output --partial /sys/fs/cgroup/blkio
}

# --- docker exec ----------------------------------------------------------------------------

@test "hostile: no descriptor of the runtime leads an exec to the host's files" {
	local n up=../../../../../../../../../../../..
	chmod 755 "$OUTSIDE"
	echo 'x:x:4242:4242::/of-the-host:/bin/sh' >"$OUTSIDE/passwd"
	printf '#!/bin/sh\necho of the host\n' >"$OUTSIDE/program"
	chmod 755 "$OUTSIDE/program"
	run setpriv --reuid=4242 --regid=4242 --clear-groups cat "$OUTSIDE/passwd"
	assert_success
	start box "$IMAGE"
	for n in {3..14}; do
		inside box "ln -sf /proc/self/fd/$n/$up$OUTSIDE/passwd /etc/passwd
			printf '#!/proc/self/fd/%s\\n' $n/$up$OUTSIDE/program >/run-it; chmod 755 /run-it"
		run docker exec -u 4242 box sh -c 'echo $HOME'
		refute_output --partial of-the-host
		run docker exec box /run-it
		refute_output --partial 'of the host'
	done
}

# The same for its first process, with the image's own words.
@test "hostile: no descriptor of the runtime leads an entry point to the host's files" {
	local n up=../../../../../../../../../../../..
	chmod 755 "$OUTSIDE"
	echo 'x:x:4242:4242::/of-the-host:/bin/sh' >"$OUTSIDE/passwd"
	# It prepares its next start by itself.
	printf 'FROM sysbox/busybox\nRUN rm -f /etc/passwd; chmod 777 /etc; echo 3 >/etc/n; chmod 666 /etc/n\nUSER 4242\n' |
		docker build -q -t sysbox-test/hostile - >/dev/null
	sc create --name box sysbox-test/hostile sh -c "echo \$HOME; read n </etc/n
		ln -sfn /proc/self/fd/\$n/$up$OUTSIDE/passwd /etc/passwd; echo \$((n + 1)) >/etc/n; echo next" >/dev/null
	for n in {2..24}; do
		run docker start -a box
		assert_line next
		refute_output --partial of-the-host
	done
}

# While an exec holds the shim, the container cannot even be removed.
@test "hostile: who stops what enters his container does not keep the host waiting" {
	local failed=0
	start box "$IMAGE"
	docker exec -d box sh -c 'while :; do for p in /proc/[0-9]*; do
		p=${p#/proc/}; test $p -le $$ || kill -STOP $p 2>/dev/null; done; done'
	for _ in {1..5}; do
		((failed)) || timeout 60 "$TOP/tests/engine/engine" cli "$ENGINE" exec -d box true || failed=$?
	done
	# It may become a program before it is stopped.
	((failed)) || skip "all were too fast"
	assert_not_equal "$failed" 124
	soon rm -f box
}

@test "hostile: a list of users without end does not keep an exec waiting" {
	start box "$IMAGE"
	inside box 'rm /etc/passwd; truncate -s 100G /etc/passwd'
	run -0 timeout 15 "$TOP/tests/engine/engine" cli "$ENGINE" exec box sh -c 'echo $HOME'
	assert_output /
}

@test "hostile: a terminal is taken from a devpts and from nothing else" {
	start box "$IMAGE"
	inside box 'mount -t tmpfs none /dev/pts; touch /dev/pts/ptmx'
	run docker_on_terminal exec -it box true
	assert_failure
	assert_output --partial /dev/pts/ptmx
	inside box 'rm /dev/pts/ptmx; mkfifo /dev/pts/ptmx'
	run docker_on_terminal exec -it box true
	assert_failure
	assert_output --partial /dev/pts/ptmx
	inside box 'umount /dev/pts'
	run docker_on_terminal exec -it box tty
	assert_output --partial /dev/pts/
}

# runc quotes such names.
@test "hostile: no name in an image drives the terminal of who reads the error" {
	local word
	for word in '["a\u001b]0;x\u0007b"]' '["/a\u001b[2Jb"]' '["a\u009b2Jb"]' '["a\rb\nc"]'; do
		printf 'FROM sysbox/busybox\nENTRYPOINT %s\n' "$word" |
			docker build -q -t sysbox-test/hostile - >/dev/null
		run -127 sc run --rm sysbox-test/hostile
		assert_output --partial exec:
		refute_output --regexp $'[\e\a\r]|\u9b|b\nc'
	done
}

# --- devices --------------------------------------------------------------------------------

# secret_device: one that the host's root can open, and nobody else may.
secret_device() {
	local d
	for d in /dev/{hwrng,btrfs-control,loop-control,tty0,ttyS0}; do
		[[ -c $d && $(stat -c %a "$d") == *0 ]] && (: <"$d") 2>/dev/null || continue
		stat -c 'c %Hr %Lr' "$d"
		return
	done
}

@test "hostile: a node of the image's own opens no device of the host, also with --privileged" {
	local device; device=$(secret_device)
	docker_only
	[[ $device ]] || skip "no such device"
	printf 'FROM sysbox/busybox\nRUN mknod /node %s && chmod 666 /node\n' "$device" |
		docker build -q -t sysbox-test/hostile - >/dev/null
	run sc run --rm --privileged sysbox-test/hostile sh -c ': </node'
	assert_output --partial "not permitted"
	run -0 sc run --rm --privileged sysbox-test/hostile sh -c ': </dev/urandom >/dev/null'
}

# --- what the kernel does for all -----------------------------------------------------------

@test "hostile: no key is asked for of the host's /sbin/request-key" {
	gcc -O1 -static -o "$BATS_TEST_TMPDIR/key" -x c - <<-'END'
		#include <errno.h>
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int main(void)
		{
			syscall(SYS_request_key, "user", "nonesuch", "words", 0);
			int with = errno;
			syscall(SYS_request_key, "user", "nonesuch", (char *)0, 0);
			printf("%s %s\n", with == EPERM ? "denied" : "asked", errno == ENOKEY ? "searched" : "denied");
		}
	END
	start box "$IMAGE"
	docker exec -i box sh -c 'cat >/key; chmod 755 /key' <"$BATS_TEST_TMPDIR/key"
	run docker exec box /key
	assert_output "denied searched"
}

# --- what all share -------------------------------------------------------------------------

# The kernel has 65535 ids for groups with memory, of the whole machine.
@test "hostile: there is an end to the groups that a container makes (v2)" {
	local file
	start box "$IMAGE"
	file=$(inside box 'ls -d /sys/fs/cgroup/cgroup.max.descendants /sys/fs/cgroup/unified/cgroup.max.descendants 2>/dev/null || true')
	[[ $file ]] || skip "no cgroup v2"
	run -0 inside box "cat $file"
	assert_output 8192
	run inside box "echo max >$file"
	assert_failure
}

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

# --- the supervisor --------------------------------------------------------------------------

# Its log, which the host keeps in memory.
log_of() {
	find /proc/[0-9]*/fd -lname "*/$(docker inspect -f '{{.Id}}' "$1")/fs.log" 2>/dev/null | head -n 1
}

@test "hostile: more groups than the supervisor shows fill neither its time nor its log" {
	local log lines
	start box "$IMAGE"
	# Each asks for figures, in a group and a pid namespace of its own.
	inside box 'cd /sys/fs/cgroup; f=cgroup.procs; test ! -d memory || { cd memory; f=tasks; }
		mkdir in
		unshare -pf sh -ec "i=0; while [ \$i -lt 600 ]; do
			test \$i -gt 515 || { mkdir in/\$i; echo 0 >in/\$i/$f; }
			nproc; i=\$((i + 1)); done" >/dev/null'
	log=$(log_of box)
	[[ $log ]]
	lines=$(grep -c "views of containers" "$log" || true)
	((lines <= 10)) || fail "$lines lines"
}

# --- mounts made for a container -----------------------------------------------------------

# A file of the memory group of its init, by the names of v1 and v2; there of the nearest that has
# the controller.
memory_file() {
	local lines dir; lines=$(cat "/proc/$(init_pid "$1")/cgroup")
	if grep -q :memory: <<<"$lines"; then
		echo "/sys/fs/cgroup/memory$(awk -F: '$2 == "memory" { print $3 }' <<<"$lines")/$2"
		return
	fi
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' <<<"$lines")
	[[ -e $dir/$3 ]] || dir=${dir%/*}
	echo "$dir/$3"
}

# 110 kB each, for the mounts of the emulated files.
@test "hostile: the kernel's memory for a hundred procfs is the container's" {
	docker_only
	local usage before after
	start box --memory 256m "$IMAGE"
	usage=$(memory_file box memory.usage_in_bytes memory.current)
	[[ -e $usage ]] || skip "no memory controller"
	inside box 'mkdir /p && cd /p && mkdir $(seq 100) && mkfifo /go'
	docker exec -d box unshare -m sh -c 'read x </go
		for i in $(seq 100); do mount -t proc none /p/$i; done; touch /done; read x </go
		for i in $(seq 100); do (cd /p/$i; umount /p/$i); done; touch /still; exec sleep 100'
	before=$(<"$usage")
	docker exec -d box sh -c 'echo >/go'
	wait_for 60 inside box 'test -e /done'
	after=$(<"$usage")
	assert [ "$after" -gt $((before + 5000000)) ]
	# What is taken off for an umount that fails, and put on again.
	docker exec -d box sh -c 'echo >/go'
	wait_for 60 inside box 'test -e /still'
	assert [ "$(<"$usage")" -gt $((after - 1000000)) ]
}

# storm BOX N [CMD]: procfs mounted and unmounted all the time, each with its emulated files.
storm() {
	docker exec -d "$1" unshare -m sh -c "${3:-:}; mkdir -p /p$2
		while mount -t proc none /p$2 && test \$(grep -c ' /p$2/' /proc/self/mountinfo) -gt 5 &&
			umount /p$2; do echo . >>/rounds$2; done 2>>/errors; touch /failed"
}

storm_goes_on() {
	inside box 'rm -f /rounds*'
	wait_for 20 inside box 'test -s /rounds1 && test -s /rounds2 && test -s /rounds3'
	run -0 inside box '! test -e /failed || { cat /errors; false; }'
}

# Whoever makes them there is frozen, too, and the caller waits for them.
@test "hostile: a storm of mounts holds up no pause, and a pause no mount" {
	local i
	start box "$IMAGE"
	for i in 1 2 3; do storm box $i; done
	storm_goes_on
	for i in $(seq 10); do
		run timeout 9 "$TOP/tests/engine/engine" cli "$ENGINE" pause box
		assert_success
		run timeout 9 "$TOP/tests/engine/engine" cli "$ENGINE" unpause box
		assert_success
	done
	storm_goes_on
}

@test "hostile: a group inside that is frozen while it mounts sees no error of that" {
	local i
	start box "$IMAGE"
	run inside box 'mkdir /sys/fs/cgroup/storm && test -e /sys/fs/cgroup/storm/cgroup.freeze'
	[[ $status == 0 ]] || skip "no cgroup v2"
	for i in 1 2 3; do storm box $i 'echo 0 >/sys/fs/cgroup/storm/cgroup.procs'; done
	storm_goes_on
	inside box 'cd /sys/fs/cgroup/storm
		for i in $(seq 100); do echo 1 >cgroup.freeze; n=0
			until grep -q "frozen 1" cgroup.events; do n=$((n + 1)); test $n -lt 300 || exit 1; sleep 0.01; done
			echo 0 >cgroup.freeze; sleep 0.0$((i % 10)); done'
	storm_goes_on
}

# With a plain runtime a mount takes no process.
@test "hostile: at its limit of processes a container can still mount" {
	docker_only
	local pid
	start box "$IMAGE"
	inside box 'mkdir /p; mkfifo /go'
	docker exec -d box sh -c ': >/ready; read x </go; exec mount -t proc none /p'
	pid=$(init_pid box)
	wait_for 5 inside box 'test -e /ready'
	docker update --pids-limit 2 box
	echo >"/proc/$pid/root/go"
	wait_for 10 grep -q ' /p/uptime ' "/proc/$pid/mountinfo"
}
