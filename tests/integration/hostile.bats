#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input, images and kernels: one clear line, and nothing behind.

load helper

# refused TEXT COMMAND...: it fails with one line that has TEXT in it.
refused() {
	local text=$1
	shift
	run timeout 20 "$@" </dev/null
	assert_failure
	((status != 124)) || fail "hangs: $*"
	assert_equal "${#lines[@]}" 1
	assert_output --partial "$text"
	nothing_left
}

run_refused() { refused "$1" "$RUNC" --root "$STATE" run "$ID"; }

# --- the configuration ----------------------------------------------------------------------

@test "hostile: a config.json that is none" {
	local text
	for text in '' '{' '[]' 'null' '"x"' '{}' '{"ociVersion": 1}' $'{"ociVersion": "1.0.2"}\n{}' \
		'{"ociVersion": "1.0.2", "process": []}' '{"ociVersion": "2.0.0"}' '{"ociVersion": "1.\u0000"}'; do
		printf '%s' "$text" >config.json
		run_refused ''
		assert_output --regexp '^sysbox-runc: (config.json|ociVersion|process|root)[.:]'
	done
	head -c 100000 /dev/urandom >config.json
	run_refused config.json
	{ printf '{"a":'; head -c 100000 /dev/zero | tr '\0' '['; } >config.json
	run_refused config.json
	truncate -s 64M config.json
	run_refused config.json
}

@test "hostile: a config.json that is no file" {
	rm config.json
	mkdir config.json
	run_refused config.json
	rmdir config.json
	ln -s config.json config.json
	run_refused config.json
	rm config.json
	mkfifo config.json
	run_refused config.json
}

@test "hostile: values that are none" {
	local filter=(
		'.process.args = []' '.process.args = [""]' '.process.cwd = ""' '.process.user.uid = -1'
		'.process.user.uid = 4294967296' '.process.env = ["novalue"]' '.process.rlimits = [{type: "RLIMIT_X", hard: 1, soft: 1}]'
		'.process.capabilities.bounding = "all"' '.process.oomScoreAdj = 5000' '.root.path = ""' 'del(.root)' 'del(.process)'
		'.mounts += [{destination: "/", type: "tmpfs"}]'
		'.hostname = ("x" * 65)' '.linux.namespaces += [{type: "nosuch"}]' '.linux.namespaces += [{type: "pid"}]'
		'.linux.resources.memory.limit = "1G"' '.linux.resources.unified = {"../../x": "1"}'
		'.linux.devices = [{path: "/dev/x", type: "q", major: 1, minor: 3}]' '.linux.rootfsPropagation = "sideways"'
		'.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}' '.linux.intelRdt = {closID: "x"}' '.hooks.prestart = [{path: "relative"}]'
		'.linux.uidMappings = [{containerID: 0, hostID: 4294967295, size: 65536}]' '.annotations = {"": "x"}'
	)
	cp config.json good.json
	for f in "${filter[@]}"; do
		echo "# $f"
		jq "$f" good.json >config.json
		run_refused ''
		assert_output --regexp '^sysbox-runc: .+'
	done
}

@test "hostile: ids" {
	local id
	for id in a/b /etc ../x .. . '' 'a b' $'a\nb' 'ä' '*' "$(printf 'x%.0s' {1..1100})"; do
		refused 'container id' "$RUNC" --root "$STATE" run "$id"
		refused '' "$RUNC" --root "$STATE" delete "$id"
		refused '' "$RUNC" --root "$STATE" state "$id"
	done
	run ls -A "$BOX"
	assert_output bundle
}

@test "hostile: a root file system that is none" {
	config '.root.path = "nosuch"'
	run_refused nosuch
	echo x >"$BUNDLE/file"
	config '.root.path = "file"'
	run_refused file
	ln -s loop "$BUNDLE/loop"
	config '.root.path = "loop"'
	run_refused loop
}

@test "hostile: file systems that know no id-mapped mounts are named" {
	config '.root.path = "/sys/class"'
	run_refused sysfs
	config '.root.path = "rootfs"'
	mkdir "$BOX"/{l,u,w,m}
	mount -t overlay overlay -o "lowerdir=$BOX/l,upperdir=$BOX/u,workdir=$BOX/w" "$BOX/m"
	mount_row /mnt bind "$BOX/m" rbind
	run timeout 20 "$RUNC" --root "$STATE" run "$ID" </dev/null
	umount "$BOX/m"
	assert_failure
	assert_output --partial "cannot mount $BOX/m at /mnt with the container's ids: its file system (overlay)"
	nothing_left
}

# --- the machine ----------------------------------------------------------------------------

@test "hostile: a kernel without a feature" {
	local call known=(clone3 open_tree mount_setattr move_mount fsopen fsmount pidfd_open close_range seccomp keyctl
		unshare setns pivot_root flock mount socketpair symlinkat capset)
	args true
	for call in "${known[@]}"; do
		echo "# without $call"
		run timeout 20 strace -f -b execve -qq -o /dev/null -e inject="$call:error=ENOSYS" \
			"$RUNC" --root "$STATE" run "$ID" </dev/null
		((status != 124)) || fail "hangs"
		# There may be another way; else it says what is missing.
		((status == 0)) || assert_output --partial 'Function not implemented'
		((status == 0)) || assert_equal "${#lines[@]}" 1
		runc delete -f "$ID"
		wait_for 5 nothing_left 2>/dev/null || nothing_left
	done
}

@test "hostile: memory, descriptors or processes run out" {
	local call
	args true
	for call in clone3:error=EAGAIN openat:error=EMFILE:when=40+ mmap:error=ENOMEM:when=60+ clone:error=EAGAIN socketpair:error=ENFILE \
		mount_setattr:error=ENOMEM mkdir:error=ENOSPC:when=4+ symlinkat:error=ENOSPC write:error=ENOSPC:when=3+; do
		echo "# $call"
		run timeout 20 strace -f -b execve -qq -o /dev/null -e inject="$call" "$RUNC" --root "$STATE" run "$ID" </dev/null
		((status != 124)) || fail "hangs"
		runc delete -f "$ID"
		wait_for 5 nothing_left 2>/dev/null || nothing_left
	done
}

@test "hostile: the id ranges are exhausted" {
	echo 'sysbox:1900000000:65536' >"$BOX/subid"
	args sleep 1000
	with_one_range() {
		unshare -m sh -euc 'mount --bind "$1" /etc/subuid; mount --bind "$1" /etc/subgid; shift; exec "$@"' sh "$BOX/subid" "$@"
	}
	with_one_range "$RUNC" --root "$STATE" run -d "$ID" </dev/null
	assert_equal "$(base_of)" 1900000000
	run with_one_range "$RUNC" --root "$STATE" run -d "$ID-2" </dev/null
	assert_failure
	assert_equal "${#lines[@]}" 1
	assert_output --partial 'all id ranges are taken'
	refute [ -e "$STATE/$ID-2" ]
	runc delete -f "$ID"
	with_one_range "$RUNC" --root "$STATE" run -d "$ID-2" </dev/null
}

# --- the image ------------------------------------------------------------------------------

# What a link out of the root would reach.
outside() {
	OUTSIDE=$BOX/outside
	mkdir "$OUTSIDE"
	echo host >"$OUTSIDE/file"
	chmod 777 "$OUTSIDE"
}

unharmed() {
	assert_equal "$(find "$OUTSIDE" -mindepth 1)" "$OUTSIDE/file"
	assert_equal "$(cat "$OUTSIDE/file")" host
	refute grep -q " $OUTSIDE" /proc/self/mountinfo
}

@test "hostile: directories of the image are links to the host" {
	outside
	local dir
	for dir in dev sys proc etc tmp run var; do
		rm -rf "${ROOTFS:?}/$dir"
		ln -s "$OUTSIDE" "$ROOTFS/$dir"
	done
	args /bin/busybox true
	run runc run "$ID"
	unharmed
	((status == 0)) || assert_equal "${#lines[@]}" 1
	nothing_left
}

@test "hostile: links that climb, in mount targets, devices, console and working directory" {
	outside
	local up=../../../../../../../../../..
	ln -s "$up$OUTSIDE" "$ROOTFS/climb"
	ln -s "/proc/1/root$OUTSIDE" "$ROOTFS/magic"
	mkdir "$ROOTFS/dev/pts"
	ln -s "$up$OUTSIDE/file" "$ROOTFS/dev/console"
	ln -s "$up$OUTSIDE/file" "$ROOTFS/dev/null"
	ln -s "$up$OUTSIDE/file" "$ROOTFS/dev/pts/0"
	mount_row /climb/new/dir tmpfs tmpfs
	mount_row /climb/file bind "$ROOTFS/etc/passwd" bind
	config '.linux.devices = [{path: "/climb/node", type: "c", major: 1, minor: 3}] | .process.cwd = "/climb/cwd" |
		.linux.maskedPaths = ["/climb/masked", "/dev/null"] | .linux.readonlyPaths = ["/climb/ro"]'
	args pwd
	run runc run "$ID"
	unharmed
	nothing_left
}

@test "hostile: what was mounted over /proc is not written to as if it were procfs" {
	config '.process.apparmorProfile = "unconfined" | .mounts |= map(select(.destination != "/proc"))'
	mkdir -p "$BOX"/fake/{self/attr/apparmor,sys/kernel,thread-self/attr}
	touch "$BOX"/fake/self/attr/{exec,apparmor/exec} "$BOX/fake/sys/kernel/hostname"
	mount_row /proc bind "$BOX/fake" rbind
	args true
	run runc run "$ID"
	assert_equal "$(find "$BOX/fake" -size +0 -type f)" ''
	nothing_left
}

@test "hostile: exec into a working directory that is a descriptor of the host" {
	start_box
	local n
	for n in {3..40}; do
		run runc exec --cwd "/proc/self/fd/$n" "$ID" cat /etc/hostname
		assert_failure
		refute_output --partial "$(cat /etc/hostname)"
		run runc exec --cwd "/proc/self/fd/$n/../../../../../.." "$ID" ls
		((status)) || refute_output --regexp 'bundle|sysbox-runc'
	done
}

@test "hostile: the runtime's own program cannot be had by /proc/PID/exe" {
	local before; before=$(sha256sum <"$RUNC")
	sh_args 'while :; do for p in /proc/[0-9]*; do
		case $(readlink $p/exe) in /bin/*) ;; *) (echo x >>$p/exe) 2>/dev/null && touch /written; esac; done; done'
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/own"
	chmod 755 "$ROOTFS/bin/own"
	runc run -d "$ID" </dev/null
	for _ in {1..20}; do
		run runc exec "$ID" own
		runc exec "$ID" true
	done
	refute [ -e "$ROOTFS/written" ]
	assert_equal "$(sha256sum <"$RUNC")" "$before"
}

@test "hostile: a mount target that changes all the time stays inside" {
	outside
	mkdir -p "$BOX/shared/a/b" "$ROOTFS/v"
	chmod 777 "$BOX/shared"
	ln -s "../../../../../..$OUTSIDE" "$BOX/shared/link"
	python3 - "$BOX/shared" <<-'END' &
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		os.chdir(sys.argv[1])
		while os.path.exists(sys.argv[1]):
		    libc.renameat2(-100, b'a', -100, b'link', 2)
	END
	local swapper=$!
	mount_row /v bind "$BOX/shared" rbind
	mount_row /v/a/b tmpfs tmpfs
	sh_args 'grep -c " /v.* tmpfs \| '"$OUTSIDE"'.* tmpfs " /proc/self/mountinfo'
	for _ in {1..15}; do
		run timeout 20 "$RUNC" --root "$STATE" run "$ID" </dev/null
		((status != 124)) || break
	done
	kill "$swapper"
	wait "$swapper" 2>/dev/null || true
	assert_not_equal "$status" 124
	unharmed
	nothing_left
}
