#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers inside a system container see what they themselves were given: the figures are
# chosen when their procfs is attached, and everything else about mounts stays as it is.
#
#   INNER    the Debian inside: bookworm (Docker 20.10), trixie (26.1) or unstable (28.5)   (bookworm)

load helper

INNER=${INNER:-bookworm}
SMALL=sysbox/busybox

setup_file() {
	load helper
	sysbox_only
	need_image "debian-docker-$INNER"
	SCOPE="file" start_syscont nested -v "nested-$INNER:/var/lib/docker" --memory 1g \
		"sysbox/debian-docker:$INNER"
	start_dockerd nested
}

teardown_file() {
	load helper
	remove_scope file
	docker volume rm "nested-$INNER" >/dev/null 2>&1 || true
}

setup() { sysbox_only; }

teardown() {
	# shellcheck disable=SC2016
	inside nested 'docker rm -f -v $(docker ps -aq) >/dev/null 2>&1; true'
	remove_scope test
}

n() { docker exec nested "$@"; }
di() { docker exec nested docker "$@"; }
# A shell in a mount namespace of its own, in the system container.
ns() { docker exec nested unshare -m sh -ec "$1"; }

kb() { awk -v key="$1:" '$1 == key { print $2 }'; }

# --- figures --------------------------------------------------------------------------------

# bats test_tags=short
@test "nested: memory and processors of an inner container are its own" {
	run -0 --separate-stderr di run --rm --memory 256m --cpus 1 $SMALL sh -c 'grep MemTotal /proc/meminfo; grep -c ^processor /proc/cpuinfo
		grep -c "^cpu[0-9]" /proc/stat; cat /sys/devices/system/cpu/online'
	assert_line --index 0 --regexp '^MemTotal: +262144 kB$'
	assert_line --index 1 1
	assert_line --index 2 1
	assert_line --index 3 0
}

# bats test_tags=short
@test "nested: an inner container without limits has those of the system container" {
	run -0 di run --rm $SMALL grep MemTotal /proc/meminfo
	assert_output --regexp '^MemTotal: +1048576 kB$'
}

@test "nested: a limit above the system container's is the system container's" {
	run -0 --separate-stderr di run --rm --memory 4g $SMALL grep MemTotal /proc/meminfo
	assert_output --regexp '^MemTotal: +1048576 kB$'
}

@test "nested: two inner containers at once, and the system container, each see their own" {
	di run -d --name one --memory 128m $SMALL sleep 1000
	di run -d --name two --memory 192m $SMALL sleep 1000
	assert_equal "$(di exec one cat /proc/meminfo | kb MemTotal)" 131072
	assert_equal "$(di exec two cat /proc/meminfo | kb MemTotal)" 196608
	assert_equal "$(n cat /proc/meminfo | kb MemTotal)" 1048576
}

@test "nested: docker update of an inner container shows in it" {
	di run -d --name in --memory 128m --memory-swap 256m $SMALL sleep 1000
	assert_equal "$(di exec in cat /proc/meminfo | kb MemTotal)" 131072
	di update --memory 160m --memory-swap 256m in
	sleep 0.2
	assert_equal "$(di exec in cat /proc/meminfo | kb MemTotal)" 163840
}

@test "nested: the use of memory is the inner container's" {
	di run -d --name in --memory 128m $SMALL sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=40; sleep 1000'
	wait_for 10 di exec in sh -c '[ $(stat -c %s /dev/shm/x) = 41943040 ]'
	local free; free=$(di exec in cat /proc/meminfo | kb MemFree)
	assert [ "$free" -lt $((90 * 1024)) ]
	assert [ "$free" -gt $((60 * 1024)) ]
}

@test "nested: docker info inside tells the system container's memory" {
	assert_equal "$(di info --format '{{.MemTotal}}')" 1073741824
}

@test "nested: top and ps work in an inner container" {
	run -0 di run --rm --memory 256m $SMALL sh -c 'top -b -n 1; ps; uptime'
	assert_output --partial 'load average'
}

# --- sysctls --------------------------------------------------------------------------------

@test "nested: sysctls of an inner container are those of the system container, and not writable" {
	n sh -c 'echo 17 >/proc/sys/kernel/panic'
	run di run --rm $SMALL sh -c 'cat /proc/sys/kernel/panic; echo 18 >/proc/sys/kernel/panic'
	assert_line 17
	assert_output --partial 'ead-only'
	assert_equal "$(n cat /proc/sys/kernel/panic)" 17
	n sh -c 'echo 0 >/proc/sys/kernel/panic'
}

@test "nested: an inner container that is privileged writes sysctls, as a Kubernetes node does" {
	run -0 di run --rm --privileged $SMALL sh -ec 'echo 18 >/proc/sys/kernel/panic; echo 1 >/proc/sys/vm/overcommit_memory
		echo 1 >/proc/sys/kernel/panic_on_oops; cat /proc/sys/kernel/panic'
	assert_output 18
	assert_equal "$(n cat /proc/sys/kernel/panic)" 18
	n sh -c 'echo 0 >/proc/sys/kernel/panic'
}

@test "nested: docker run --sysctl of what the kernel keeps for each namespace" {
	run -0 di run --rm --sysctl net.core.somaxconn=77 --sysctl kernel.msgmax=4242 $SMALL \
		sh -c 'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax'
	assert_line --index 0 77
	assert_line --index 1 4242
}

# --- procfs as elsewhere --------------------------------------------------------------------

# bats test_tags=short
@test "nested: a fresh procfs, and umount of it" {
	run -0 ns 'mkdir -p /p; mount -t proc none /p; ls -d /p/self; grep MemTotal /p/meminfo; umount /p; ls /p | wc -l'
	assert_line --index 0 /p/self
	assert_line --index 1 --regexp ' 1048576 kB'
	assert_line --index 2 0
}

@test "nested: umount says that it is busy where it is, and the figures stay" {
	run -0 ns 'mkdir -p /p; mount -t proc none /p; exec 5</p/version; ! umount /p 2>&1; grep MemTotal /p/meminfo; exec 5<&-; umount /p; ls /p | wc -l'
	assert_output --partial busy
	assert_output --partial ' 1048576 kB'
	assert_line --index 2 0
}

@test "nested: umount -l, umount -R and umount of a mount on top of a mount" {
	run -0 ns 'mkdir -p /p; mount -t proc none /p; umount -l /p; mount -t proc none /p; umount -R /p
		mount -t proc none /p; mount -t proc none /p; umount /p; grep -c MemTotal /p/meminfo; umount /p; ls /p | wc -l'
	assert_line --index 0 1
	assert_line --index 1 0
}

@test "nested: sysfs, and umount of it" {
	run -0 ns 'mkdir -p /s; mount -t sysfs none /s; cat /s/devices/system/cpu/online; umount /s; ls /s | wc -l'
	assert_line --index 1 0
}

@test "nested: hidepid, subset=pid and read-only" {
	run -0 ns 'mkdir -p /p; mount -t proc -o hidepid=2,gid=5 none /p; findmnt -no OPTIONS /p; umount /p
		mount -t proc -o subset=pid none /p; ls /p/meminfo /p/1/comm 2>&1 || true; umount /p
		mount -t proc -o ro,nosuid none /p; findmnt -no OPTIONS /p; grep -c MemTotal /p/meminfo; umount /p'
	assert_line --index 0 --partial hidepid=invisible
	assert_line --index 0 --regexp 'gid=[0-9]*[0-9],'
	assert_line --index 1 --partial 'No such file'
	assert_line --index 2 /p/1/comm
	assert_line --index 3 --regexp '^ro,nosuid'
	assert_line --index 4 1
}

@test "nested: remount, bind, rbind and move of a procfs" {
	run -0 ns 'mkdir -p /p /q; mount -t proc none /p; mount -o remount,hidepid=2 /p; findmnt -no OPTIONS /p
		mount -o remount,bind,ro /p; findmnt -no OPTIONS /p; mount -o remount,bind,rw /p
		mount --bind /p /q; ls /q/self/comm; umount /q; mount --make-private /; mount --rbind /p /q; grep MemTotal /q/meminfo; umount -R /q
		mount --make-private /p; mount --move /p /q; grep MemTotal /q/meminfo; umount /q; ls /q | wc -l'
	assert_line --index 0 --partial hidepid=invisible
	assert_line --index 1 --regexp '^ro'
	assert_line --index 2 /q/self/comm
	assert_line --index 3 --regexp ' 1048576 kB'
	assert_line --index 4 --regexp ' 1048576 kB'
	assert_line --index 5 0
}

# write FILE: can it be written? In a shell of ns.
WRITE='w() { if (echo 17 >$1/sys/kernel/panic) 2>/dev/null; then echo rw; else echo ro; fi; }'

@test "nested: a procfs that is made read-only by a remount is so everywhere" {
	compile_probe
	run -0 ns "$WRITE; w /proc; mount -o remount,bind,ro /proc; w /proc; mount -o remount,bind,rw /proc; w /proc
		mount --rbind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; w /proc; umount -R /proc/sys; w /proc
		mkdir -p /proc-2; mount -t proc none /proc-2; exec 7</proc-2; /tmp/traps remount /proc/self/fd/7; w /proc-2; w /proc; exec 7<&-"
	assert_output "$(printf '%s\n' rw ro rw ro rw 0 ro rw)"
	run -0 ns "$WRITE; /tmp/traps setattr /proc ro; w /proc; /tmp/traps setattr-fd /proc rw; w /proc
		cd /; /tmp/traps setattr proc ro; w /proc"
	assert_output "$(printf '%s\n' 0 ro 0 rw 0 ro)"
}

@test "nested: a bind of a procfs or sysfs alone shows the same figures, and is taken off" {
	compile_probe
	run -0 ns "$WRITE; "'mkdir -p /c/proc /c/sys; mount -i --bind /proc /c/proc; mount -i --bind /sys/ /c/sys
		grep MemTotal /c/proc/meminfo; w /c/proc; cmp /sys/devices/system/cpu/online /c/sys/devices/system/cpu/online
		umount /c/proc; ls /c/proc | wc -l; umount /c/sys; ls /c/sys | wc -l
		mount -o remount,bind,ro /proc; mount --bind /proc /c/proc; w /c/proc; umount /c/proc; ls /c/proc | wc -l
		mount --bind /proc/1 /c/proc; cat /c/proc/comm; umount /c/proc
		! mount --bind /proc /nowhere 2>/dev/null; mkdir /procs; mount --bind /procs /c/proc; umount /c/proc'
	assert_line --index 0 --regexp ' 1048576 kB'
	assert_line --index 1 rw
	assert_line --index 2 0
	assert_line --index 3 0
	assert_line --index 4 ro
	assert_line --index 5 0
	assert_equal "${#lines[@]}" 7
}

@test "nested: a sysfs that is made read-only shows the same figures" {
	compile_probe
	run -0 ns 'mkdir -p /sys-2; mount -t sysfs none /sys-2; mount -o remount,bind,ro /sys-2; findmnt -no OPTIONS /sys-2
		cat /sys-2/devices/system/cpu/online; umount /sys-2; ls /sys-2 | wc -l'
	assert_line --index 0 --regexp '^ro'
	assert_line --index 2 0
}

# The kernel has sysctls of its own for each network, and the mount is on those of another one.
@test "nested: an emulated sysctl of the network is remounted from a network namespace within" {
	local file=/proc/sys/net/ipv4/neigh
	grep -q " $file " "/proc/$(init_pid nested)/mountinfo" || skip "the kernel's own"
	compile_probe
	run -0 ns "grep ' $file ' /proc/self/mountinfo
		unshare -n /tmp/traps remount $file; grep ' $file ' /proc/self/mountinfo
		unshare -n /tmp/traps remount /proc/sys/net/ipv4/conf
		unshare -n /tmp/traps remount /proc/sys/net/none"
	assert_line --index 0 --regexp ' rw,'
	assert_line --index 1 0
	assert_line --index 2 --regexp ' ro,nosuid,nodev,'
	assert_line --index 3 22 # EINVAL
	assert_line --index 4 2  # ENOENT
}

@test "nested: a procfs below a shared mount appears at its peers, with the figures" {
	run -0 ns 'mkdir -p /a /b; mount -t tmpfs none /a; mount --make-shared /a; mkdir /a/p; mount --bind /a /b
		mount -t proc none /a/p; grep MemTotal /b/p/meminfo; umount /a/p; ls /b/p | wc -l'
	assert_line --index 0 --regexp ' 1048576 kB'
	assert_line --index 1 0
}

@test "nested: errors are the kernel's" {
	run ns 'mount -t proc none /nowhere'
	assert_output --partial 'does not exist'
	run ns 'touch /f; mount -t proc none /f'
	assert_output --regexp 'not a directory|wrong fs type' # the old mount API, the new one
	run ns 'mkdir -p /p; mount -t proc -o hidepid=77 none /p'
	assert_failure
	run docker exec -u nobody nested mount -t proc none /mnt
	assert_failure
	# The new mount API stacks it.
	[[ $INNER == bookworm ]] || return 0
	run ns 'mkdir -p /s; mount -t sysfs none /s; mount -t sysfs none /s'
	assert_output --partial 'already mounted'
}

@test "nested: procfs in a chroot, by root and in a user namespace" {
	run -0 ns 'mkdir -p /c && mount -t tmpfs none /c && mkdir /c/proc /c/bin && tar -xOf /usr/share/sysbox/busybox.tar --wildcards "*/layer.tar" | tar -x -C /c bin
		chroot /c /bin/busybox mount -t proc proc /proc; chroot /c /bin/busybox grep MemTotal /proc/meminfo; chroot /c /bin/busybox umount /proc; ls /c/proc | wc -l'
	assert_line --index 0 --regexp ' 1048576 kB'
	assert_line --index 1 0
	run -0 n unshare -Urpf --mount-proc sh -c 'grep MemTotal /proc/meminfo; echo $$'
	assert_line --index 0 --regexp ' 1048576 kB'
	assert_line --index 1 1
}

@test "nested: a target by descriptor, and relative ones" {
	compile_probe
	run -0 ns 'mkdir -p /d/q; exec 7</d/q; /tmp/traps mount /proc/self/fd/7; grep -c MemTotal /d/q/meminfo; exec 7<&-; umount /d/q
		cd /d; mount -i -t proc none q; grep -c MemTotal q/meminfo; umount q; cd q; mount -i -t proc none ../q; grep -c MemTotal ../q/meminfo; umount ../q'
	assert_line --index 0 1
	assert_line --index 1 1
	assert_line --index 2 1
}

# --- the new mount API ----------------------------------------------------------------------

# bats test_tags=short
@test "nested: a procfs by fsopen, fsmount and move_mount" {
	(($(uname -r | awk -F. '{ print $1 * 1000 + $2 }') >= 6015)) ||
		skip "Linux before 6.15 attaches nothing to a detached mount: the figures stay the kernel's"
	compile_probe
	run -0 ns 'mkdir -p /n; /tmp/traps fsmount proc /n; grep MemTotal /n/meminfo; umount /n; ls /n | wc -l'
	assert_line --index 0 --regexp ' 1048576 kB'
	assert_line --index 1 0
	run -0 ns 'mkdir -p /s; /tmp/traps fsmount sysfs /s; cat /s/devices/system/cpu/online; umount /s; ls /s | wc -l'
	assert_line --index 1 0
}

# --- hostile --------------------------------------------------------------------------------

# The program is compiled on the host, and needs nothing inside. Guests of tests/vm have no
# compiler, but what was built for them; the engine may not see our files.
compile_probe() {
	local dir=$TOP/build/tests/helpers
	set -- "${1:-traps}"
	if command -v gcc >/dev/null; then
		dir=$BATS_TEST_TMPDIR
		gcc -O1 -static -pthread -o "$dir/$1" "$TOP/tests/helpers/$1.c"
	fi
	tar -C "$dir" -cf - --owner=0 --group=0 "$1" | docker cp - nested:/tmp
}

@test "nested: garbage arguments from many threads" {
	compile_probe
	run -0 ns 'mkdir -p /p; timeout 60 /tmp/traps garbage 5'
	assert_output --partial 'calls'
	run -0 ns 'mkdir -p /p; mount -t proc none /p; grep -c MemTotal /p/meminfo; umount /p'
	assert_output 1
}

@test "nested: arguments and paths that change while they are read" {
	compile_probe
	run -0 ns 'timeout 60 /tmp/traps race 5'
	refute grep -q ' /r[ /]' /proc/self/mountinfo
	run -0 ns 'mkdir -p /p; mount -t proc none /p; grep -c MemTotal /p/meminfo; umount /p'
	assert_output 1
}

@test "nested: callers that are killed in the middle" {
	compile_probe
	run -0 ns 'timeout 60 /tmp/traps killed 5'
	run -0 ns 'mkdir -p /p; mount -t proc none /p; grep -c MemTotal /p/meminfo; umount /p'
	assert_output 1
}

# stall HOW N: callers who wait in a file system of their own that never answers.
stall() {
	compile_probe stall
	docker exec -d nested sh -c "exec unshare -m /tmp/stall /tmp/never $1 $2 >/tmp/stalled"
	wait_for 10 n grep -q waiting /tmp/stalled
}

# What has waited is not there for ever.
end_stall() {
	n pkill -KILL -x stall
	wait_for 20 none_is_lost
}
none_is_lost() { [[ $(staff sysbox-fs-trap | wc -l) == 1 && -z $(staff sysbox-fs-act) ]]; }

# told SECONDS VERB...: what /tmp/traps says, in so many seconds.
told() { timeout "$1" "$TOP/tests/engine/engine" cli "$ENGINE" exec nested /tmp/traps "${@:2}"; }
is_told() { [[ $(told 10 sysinfo) == "$1" ]]; }

@test "nested: callers whose memory never comes keep nobody else waiting" {
	compile_probe
	stall memory 3
	run -0 told 30 sysinfo
	assert_output 1048576
	run -0 told 5 sysinfo
	run -0 timeout 10 "$TOP/tests/engine/engine" cli "$ENGINE" exec nested unshare -m sh -c \
		'mkdir -p /p; mount -t proc none /p; grep MemTotal /p/meminfo; umount /p'
	assert_output --partial ' 1048576 kB'
	end_stall
}

@test "nested: callers whose type of file system never comes keep nobody else waiting" {
	compile_probe
	stall type 3
	run -0 told 30 sysinfo
	assert_output 1048576
	end_stall
}

# More of them than the trapper has places: then calls pass, until it has some again.
@test "nested: callers whose paths never come do not keep all others waiting" {
	compile_probe
	stall path 20
	run -0 timeout 90 "$TOP/tests/engine/engine" cli "$ENGINE" exec nested unshare -m sh -c \
		'mkdir -p /p; mount -t proc none /p; ls -d /p/self; umount /p'
	assert_output /p/self
	end_stall
	# The places are free when the trapper has looked at them again, a second later.
	wait_for 3 is_told 1048576
}

@test "nested: the processes that handle what comes from inside make few system calls" {
	local p
	for p in $(staff); do
		assert_equal "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$p/status")" 2
		assert_equal "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$p/status")" 1
	done
	assert [ "$(staff | wc -l)" -ge 2 ]
}

@test "nested: without rights, the same errors as from the kernel" {
	compile_probe
	run -0 docker exec -u nobody nested /tmp/traps denied
	assert_output 'mount 1 umount2 1 move_mount 1 bind 1 remount 1 mount_setattr 1'
}

# --- crashes --------------------------------------------------------------------------------

# The supervisor's processes below the keeper: the workers `sysbox-fs-fast` and so on, the
# trapper `sysbox-fs-trap`. With a name: those of this name; and of another container.
staff() {
	local id p; id=$(docker inspect -f '{{.Id}}' "${2:-nested}")
	for p in $(pgrep -x sysbox-fs); do
		readlink "/proc/$p/fd/"* 2>/dev/null | grep -q "$id" || continue
		pgrep -P "$p" ${1:+-x "$1"} || true # workers have no children
	done
}

# What answers the call has the files open for a while; not so that anybody notices.
@test "nested: an emulated file can be unmounted as soon as it is there" {
	compile_probe
	run -0 ns 'mkdir -p /p; exec /tmp/traps parts /p'
	assert_output 0
}

@test "nested: calls that are about something else than a procfs have no agent" {
	compile_probe
	run -0 n unshare -mpf sh -c 'mkdir -p /run/elsewhere; exec /tmp/traps elsewhere /run/elsewhere'
	assert_output 0
}

# keep_killing MAX: all of them, every 10 to MAX ms, until stop_killing.
keep_killing() {
	STAFF=$(staff)
	[[ -n $STAFF ]]
	(while :; do
		for p in $(staff); do kill -9 "$p" 2>/dev/null; done
		sleep "0.$(printf '%03d' $((RANDOM % ($1 - 9) + 10)))"
	done) 3>&- &
	KILLER=$!
}

stop_killing() {
	kill "$KILLER"
	wait "$KILLER" 2>/dev/null || true
	refute [ "$(staff)" == "$STAFF" ]
}

# A function cannot be run by timeout(1): that would find the host's own client.
@test "nested: the worker and the trapper are killed while inner containers start" {
	local i
	keep_killing 100
	for i in 1 2 3 4 5 6 7 8 9 10; do
		run --separate-stderr timeout 40 "$TOP/tests/engine/engine" cli "$ENGINE" exec nested \
			docker run --rm --memory 200m $SMALL grep MemTotal /proc/meminfo
		[[ $status == 0 && $output == *' 204800 kB' ]] || break
	done
	stop_killing
	echo "$stderr"
	assert_success
	assert_output --regexp '^MemTotal: +204800 kB$'
}

# Of clock ticks, with those of children that have ended.
cpu_seconds() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15 + $16 + $17) / hz }' "/proc/$1/stat"; }

# The processor time of a container, where that of agents is accounted to it; otherwise 0.
usage_of() {
	docker exec "$1" sh -c 'awk "/^usage_usec/ { n = \$2 } END { print n / 1e6 }" /sys/fs/cgroup/cpu.stat 2>/dev/null || echo 0'
}

# The quota gives a second in ten, and once half a second may be spent at once. On v2 agents are in
# the container, and held to its quota by the kernel, but are descendants of the trapper as well.
@test "nested: who does nothing but mount costs the host no more than twice the quota" {
	local trapper calls
	compile_probe
	start_syscont quota --cpus 0.1 "sysbox/debian-docker:$INNER"
	docker exec nested cat /tmp/traps | docker exec -i quota sh -c 'cat >/traps; chmod 755 /traps'
	docker exec quota unshare -mp --fork /traps sysinfo
	trapper=$(staff sysbox-fs-trap quota)
	calls=$(docker exec quota unshare -mp --fork /traps busy 15 | awk '{ print $1 }')
	assert [ "$calls" -gt 16 ]
	run -0 cpu_seconds "$trapper"
	awk -v s="$output" -v u="$(usage_of quota)" 'BEGIN { exit !(s > 0.2 && s < 2.6 + u) }' ||
		fail "$output seconds for $calls calls"
}

# The trapper asks the worker for the averages, and is there when it is killed.
@test "nested: sysinfo gives the container's memory though the trapper is killed in it" {
	local worker trapper
	compile_probe
	n sh -c 'sleep 2; exec /tmp/traps sysinfo' >"$BATS_TEST_TMPDIR/said" &
	sleep 1
	worker=$(staff sysbox-fs-fast) trapper=$(staff sysbox-fs-trap)
	kill -STOP "$worker"
	sleep 2
	kill -9 "$trapper"
	sleep 0.5
	kill -CONT "$worker"
	wait $!
	assert_equal "$(cat "$BATS_TEST_TMPDIR/said")" 1048576
}

# A mount that is made twice would be found by a second umount.
@test "nested: no mount is made twice when the trapper is killed" {
	keep_killing 50
	run ns 'mkdir -p /p; for i in $(seq 60); do mount -t proc none /p; test -e /p/self; umount /p; test $(ls /p | wc -l) = 0; done; echo done'
	stop_killing
	assert_success
	assert_output 'done'
}
