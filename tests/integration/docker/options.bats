#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Options of `docker run` that change what the process inside may do or see.

load helper

setup_file() {
	load helper
	need_image busybox
	need_image debian-docker-bookworm
}

teardown() { remove_scope test; }

IMAGE=sysbox/busybox
DEBIAN=sysbox/debian-docker:bookworm

# --- root file system -----------------------------------------------------------------------

# bats test_tags=short
@test "--read-only: the root is not writable, and stays so" {
	start box --read-only $IMAGE
	run inside box 'echo x >/file'
	assert_failure
	assert_output --partial 'Read-only file system'
	run inside box 'mount -o remount,rw / && echo x >/file'
	assert_failure
	run inside box 'mount -o remount,bind,rw / && echo x >/file'
	assert_failure
}

@test "--read-only: with tmpfs and volume beside" {
	start box --read-only --tmpfs /scratch -v /data $IMAGE
	run -0 inside box 'echo a >/scratch/a; echo b >/data/b; cat /scratch/a /data/b'
	assert_line --index 0 a
	assert_line --index 1 b
}

# bats test_tags=short
@test "--tmpfs: size, mode and flags as asked" {
	start box --tmpfs /scratch:size=1m,mode=1770,noexec $IMAGE
	run -0 inside box 'stat -c %a /scratch; grep " /scratch " /proc/mounts'
	assert_line --index 0 1770
	assert_line --index 1 --partial noexec
	assert_line --index 1 --partial size=1024k
	run inside box 'head -c 2m /dev/zero >/scratch/big'
	assert_failure
	assert_equal "$(inside box 'stat -c %s /scratch/big')" 1048576
}

@test "--shm-size" {
	start box --shm-size 5m $IMAGE
	run -0 inside box 'df -k /dev/shm | tail -n 1'
	assert_output --regexp ' 5120 '
}

# --- process --------------------------------------------------------------------------------

# bats test_tags=short
@test "--init: a small init is pid 1 and reaps orphans" {
	start box --init $IMAGE
	run -0 inside box 'cat /proc/1/comm; (sleep 0.2 & ); sleep 1; grep -l "^State:.*Z" /proc/[0-9]*/status || echo no zombies'
	assert_line --index 0 --regexp 'init|catatonit'
	assert_line --index 1 'no zombies'
}

# bats test_tags=short
@test "--user: ids and groups" {
	run -0 sc run --rm --user 1000:1001 --group-add 44 --group-add 3000 $IMAGE \
		sh -c 'id -u; id -g; id -G; grep ^CapEff /proc/self/status'
	assert_line --index 0 1000
	assert_line --index 1 1001
	assert_line --index 2 '1001 44 3000'
	assert_line --index 3 --regexp 'CapEff:\s+0000000000000000'
}

@test "--user: by name, of the image's passwd, with its groups" {
	run -0 sc run --rm --user games $DEBIAN sh -c 'id -un; id -u; echo $HOME'
	assert_line --index 0 games
	assert_line --index 1 5
	run sc run --rm --user nosuchuser $DEBIAN true
	assert_failure
	assert_output --partial nosuchuser
}

# bats test_tags=short
@test "--user: may write where the image lets it, and nowhere else" {
	start box --user 1000:1000 $IMAGE
	run -0 inside box 'echo x >/tmp/x; stat -c %u:%g /tmp/x'
	assert_output 1000:1000
	run inside box 'echo x >/etc/x'
	assert_failure
	assert_output --partial 'Permission denied'
}

# bats test_tags=short
@test "--workdir: is made if it is not there, and used" {
	docker_only
	run -0 sc run --rm --workdir /made/just/now $IMAGE sh -c 'pwd; stat -c %u:%g .; touch here'
	assert_line --index 0 /made/just/now
	assert_line --index 1 0:0
}

@test "--workdir: one that only root may enter" {
	run -0 sc run --rm --workdir /root $DEBIAN pwd
	assert_output /root
}

@test "--entrypoint, --env, --hostname, --add-host, --dns" {
	run -0 sc run --rm --entrypoint /bin/sh -e A=1 -e B='two words' --hostname boxy \
		--add-host other:10.9.8.7 --dns 10.1.2.3 $IMAGE \
		-c 'echo $A; echo $B; hostname; grep other /etc/hosts; grep nameserver /etc/resolv.conf'
	assert_line --index 0 1
	assert_line --index 1 'two words'
	assert_line --index 2 boxy
	assert_line --index 3 --partial 10.9.8.7
	assert_line --index 4 'nameserver 10.1.2.3'
}

@test "the engine's own files can be read and written: hosts, hostname, resolv.conf" {
	start box $IMAGE
	run -0 inside box 'for f in hosts hostname resolv.conf; do
		stat -c %u:%g /etc/$f; echo "# mine" >>/etc/$f && grep -c mine /etc/$f; done'
	assert_equal "$(grep -c '^0:0$' <<<"$output")" 3
	assert_equal "$(grep -c '^1$' <<<"$output")" 3
}

# bats test_tags=short
@test "--ulimit: lower limits are set, for pid 1 and for exec" {
	start box --ulimit nofile=100:200 --ulimit core=0:0 --ulimit nproc=500:600 $IMAGE
	run -0 inside box 'grep "open files" /proc/1/limits; ulimit -Hn; ulimit -Hc; ulimit -Sn'
	assert_line --index 0 --regexp 'open files +100 +200'
	assert_line --index 1 200
	assert_line --index 2 0
	# Podman passes no limits to an exec, and runc then leaves it the raised ones of its own.
	[[ $(family) == podman ]] || assert_line --index 3 100
}

# bats test_tags=short
@test "--oom-score-adj" {
	start box --oom-score-adj 321 $IMAGE
	run -0 inside box 'cat /proc/1/oom_score_adj /proc/self/oom_score_adj'
	assert_line --index 0 321
	assert_line --index 1 321
}

@test "--security-opt no-new-privileges" {
	run -0 sc run --rm --security-opt no-new-privileges $IMAGE grep NoNewPrivs /proc/self/status
	assert_output --regexp 'NoNewPrivs:\s+1'
	run -0 sc run --rm $IMAGE grep NoNewPrivs /proc/self/status
	assert_output --regexp 'NoNewPrivs:\s+0'
}

# bats test_tags=short
@test "--security-opt seccomp=FILE: what the user's profile denies is denied" {
	local dir; dir=$(scratch)/$BATS_TEST_NUMBER
	mkdir -p "$dir"
	cat >"$dir/profile.json" <<-'END'
	{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
	  "syscalls": [{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }] }
	END
	run sc run --rm --security-opt "seccomp=$dir/profile.json" $IMAGE mkdir /x
	assert_failure
	assert_output --partial 'Function not implemented'
}

@test "--security-opt seccomp=unconfined" {
	run -0 sc run --rm --security-opt seccomp=unconfined $IMAGE echo fine
	assert_output fine
}

@test "--sysctl: namespaced ones are set" {
	run -0 sc run --rm --sysctl net.ipv4.ip_unprivileged_port_start=81 --sysctl kernel.msgmax=9000 \
		$IMAGE cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax
	assert_line --index 0 81
	assert_line --index 1 9000
}

# --- capabilities ---------------------------------------------------------------------------

caps() { inside "$1" "awk '/^Cap$2/ { print \$2 }' /proc/self/status"; }

# bats test_tags=short
@test "capabilities: root of a system container has every one, whatever the host withholds" {
	sysbox_only
	start box $IMAGE
	local all
	printf -v all '%016x' $(((2 << $(cat /proc/sys/kernel/cap_last_cap)) - 1))
	assert_equal "$(caps box Eff)" "$all"
	assert_equal "$(caps box Bnd)" "$all"
}

@test "capabilities: a user who is not root has none, and may get them by setuid" {
	start box --user 1000 $IMAGE
	assert_equal "$(caps box Eff)" 0000000000000000
	assert_equal "$(caps box Prm)" 0000000000000000
	refute [ "$(caps box Bnd)" = 0000000000000000 ]
}

# bats test_tags=short
@test "--cap-drop and --cap-add: as with runc, where the user asks to have them honoured" {
	local honour=(-e SYSBOX_HONOR_CAPS=TRUE)
	start box "${honour[@]}" --cap-drop ALL --cap-add CHOWN --cap-add KILL $IMAGE
	assert_equal "$(caps box Eff)" 0000000000000021
	assert_equal "$(caps box Bnd)" 0000000000000021
	run inside box 'mount -t tmpfs none /mnt 2>&1 || mount -t tmpfs none /tmp'
	assert_failure
}

@test "--cap-add: adds to Docker's list" {
	start box -e SYSBOX_HONOR_CAPS=TRUE --cap-add SYS_ADMIN $IMAGE
	(( (0x$(caps box Eff) >> 21) & 1 ))
}

# --- devices --------------------------------------------------------------------------------

# bats test_tags=short
@test "/dev: the usual nodes are there, usable, and root's" {
	start box $IMAGE
	run -0 inside box 'for n in null zero full random urandom tty; do stat -c "%n %F %u:%g %a" /dev/$n; done
		head -c 3 /dev/zero | wc -c; echo x >/dev/null; head -c 2 /dev/urandom | wc -c
		for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done'
	assert_equal "$(grep -cE '^/dev/[a-z]+ character special file 0:0 666$' <<<"$output")" 6
	assert_line --index 6 3
	assert_line --index 7 2
	run inside box 'echo x >/dev/full'
	assert_failure
}

# bats test_tags=short
@test "--device: one more node, under another name" {
	start box --device /dev/zero:/dev/nought --device /dev/full $IMAGE
	run -0 inside box 'head -c 4 /dev/nought | wc -c; stat -c "%F" /dev/nought'
	assert_line --index 0 4
	assert_line --index 1 'character special file'
}

@test "--device: with read permission only, writing is refused" {
	[[ -c /dev/loop-control ]] || skip "the machine has no device that is not allowed anyway"
	start box --device /dev/loop-control:/dev/odd:r $IMAGE
	inside box 'exec 3</dev/odd'
	run inside box 'exec 3>/dev/odd'
	assert_failure
	assert_output --partial 'not permitted'
	run inside box 'exec 3<>/dev/odd'
	assert_failure
}

@test "a device node made inside is of no use" {
	sysbox_only
	start box $IMAGE
	run inside box 'mknod /root/disk b 254 0 && head -c 1 /root/disk'
	assert_failure
}

# --- privileged -----------------------------------------------------------------------------

# bats test_tags=short
@test "--privileged: works, and is root of the container only" {
	sysbox_only
	start box --privileged $IMAGE
	run -0 inside box 'mount -t tmpfs none /mnt 2>/dev/null || { mkdir -p /mnt; mount -t tmpfs none /mnt; }
		hostname other; cat /proc/self/uid_map'
	refute_output --regexp '^ *0 +0 '
	run inside box 'echo 1 >/proc/sys/vm/compact_memory'
	assert_failure
	run inside box 'ls /dev/vda /dev/sda /dev/mem /dev/kmsg && head -c 1 /dev/mem'
	assert_failure
}
