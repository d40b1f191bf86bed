#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six kinds of hooks: when, where, and what a failure means.

load helper

kinds=(prestart createRuntime createContainer startContainer poststart poststop)

teardown() {
	! mountpoint -q "$BOX/source" || umount -R "$BOX/source"
	remove_box
}

# createContainer runs as the container's root, who is nobody in BOX.
setup() {
	make_box
	chmod 777 "$BOX"
	touch "$BOX/log"
	chmod 666 "$BOX/log"
}

# A hook that writes a line to the log, and keeps the state that it was given.
log_hook() { hook "$1" "cat >$BOX/state.$1; echo $1 >>$BOX/log"; }

@test "hooks: order, and state on stdin" {
	local k
	for k in prestart createRuntime createContainer poststart poststop; do log_hook $k; done
	hook startContainer 'cat >/state.startContainer; echo startContainer >>/log'
	args touch /ran
	runc create "$ID" </dev/null
	assert_equal "$(tr '\n' ' ' <"$BOX/log")" "prestart createRuntime createContainer "
	refute [ -e "$ROOTFS/log" ]
	runc start "$ID"
	wait_for 5 is_stopped
	assert_equal "$(cat "$ROOTFS/log")" startContainer
	assert [ -e "$ROOTFS/ran" ]
	assert_equal "$(tail -n 1 "$BOX/log")" poststart
	runc delete "$ID"
	assert_equal "$(tail -n 1 "$BOX/log")" poststop
	mv "$ROOTFS/state.startContainer" "$BOX"
	local want=(creating creating creating created running stopped) n
	for n in {0..5}; do
		assert_equal "$(jq -r '.status, .id, .bundle' "$BOX/state.${kinds[n]}")" \
			"${want[n]}"$'\n'"$ID"$'\n'"$BUNDLE"
	done
	(($(jq .pid "$BOX/state.prestart") > 1))
}

@test "hooks: of one kind, in their order" {
	local k
	for k in prestart createRuntime createContainer poststart poststop; do
		hook $k "echo $k-1 >>$BOX/log"
		hook $k "echo $k-2 >>$BOX/log"
	done
	args true
	runc run "$ID"
	run -0 cat "$BOX/log"
	assert_output "$(printf '%s\n' prestart-{1,2} createRuntime-{1,2} createContainer-{1,2} poststart-{1,2} poststop-{1,2})"
}

@test "hooks: a failure before start ends the creation, and nothing is left" {
	local k
	for k in prestart createRuntime createContainer; do
		config --arg k "$k" '.hooks = {($k): [{path: "/bin/true"}, {path: "/bin/sh", args: ["sh", "-c", "echo because >&2; exit 3"]}]}'
		run runc create "$ID" </dev/null
		assert_failure
		assert_output --partial "error running $k hook #1: /bin/sh: exit status 3: because"
		nothing_left
	done
}

@test "hooks: poststop, of a creation that failed in a hook" {
	local k
	hook poststop "cat >>$BOX/state.json"
	for k in prestart createRuntime createContainer; do
		config --arg k "$k" 'del(.hooks.prestart, .hooks.createRuntime) | .hooks[$k] = [{path: "/bin/false"}]'
		run runc create "$ID" </dev/null
		assert_failure
		assert_equal "$(jq -r .status "$BOX/state.json")" stopped
		rm "$BOX/state.json"
	done
}

@test "hooks: one that a signal ends is an error with its name" {
	hook prestart 'kill -SYS $$'
	args true
	run runc run "$ID"
	assert_failure
	assert_output --regexp 'error running prestart hook #[0-9]: /bin/sh: signal: bad system call$'
}

@test "hooks: a failure of startContainer, the program does not run" {
	hook startContainer 'exit 4'
	args touch /ran
	run runc run "$ID"
	assert_failure
	assert_output --partial "error running startContainer hook #0"
	refute [ -e "$ROOTFS/ran" ]
	nothing_left
}

@test "hooks: a failure of poststart ends the container" {
	hook poststart 'exit 5'
	args sleep 1000
	runc create "$ID" </dev/null
	run runc start "$ID"
	assert_failure
	assert_output --partial "error running poststart hook #0"
	assert_equal "$(status_of)" stopped
}

@test "hooks: poststart may change the container by the runtime" {
	hook poststart "$RUNC --root $STATE update --pids-limit 99 $ID; $RUNC --root $STATE pause $ID"
	args sleep 1000
	runc create "$ID" </dev/null
	run -0 timeout 20 "$RUNC" --root "$STATE" start "$ID"
	assert_equal "$(status_of)" paused
	runc resume "$ID"
	assert_equal "$(inside 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max')" 99
}

@test "hooks: a failure of poststop is a warning, and the next one runs" {
	hook poststop 'exit 6'
	hook poststop "touch $BOX/second"
	args true
	run -0 runc run "$ID"
	assert_output --partial "error running poststop hook #0"
	assert [ -e "$BOX/second" ]
	nothing_left
}

@test "hooks: a timeout kills the hook" {
	local before=$SECONDS
	config '.hooks = {prestart: [{path: "/bin/sleep", args: ["sleep", "600"], timeout: 1}]}'
	args true
	run runc run "$ID"
	assert_failure
	assert_output --partial "error running prestart hook #0: /bin/sleep: took longer than 1 s"
	((SECONDS - before < 30))
}

@test "hooks: a program that is not there" {
	config '.hooks = {createRuntime: [{path: "/nosuch"}]}'
	args true
	run runc run "$ID"
	assert_failure
	assert_output --partial "createRuntime hook #0: /nosuch: No such file"
	config '.hooks = {createRuntime: [{path: "relative"}]}'
	run runc run "$ID"
	assert_failure
	assert_output --partial "hooks.createRuntime[0].path"
}

@test "hooks: arguments and environment are those of the hook" {
	config --arg f "$BOX/got" '.hooks = {prestart: [{path: "/bin/sh",
		args: ["name", "-c", "echo $0 $1 $# >$OUT; env | sort >>$OUT", "zero", "one two"], env: ["OUT=" + $f, "A=b"]}]}'
	args true
	SECRET=1 runc run "$ID"
	run -0 cat "$BOX/got"
	assert_line --index 0 "zero one two 1"
	assert_line A=b
	refute_output --partial SECRET
}

@test "hooks: without an environment of their own they have the runtime's" {
	local k
	for k in prestart createContainer poststart poststop; do hook $k "echo $k \$MARK >>$BOX/log"; done
	args true
	MARK=here runc run "$ID"
	run -0 cat "$BOX/log"
	assert_output $'prestart here\ncreateContainer here\npoststart here\npoststop here'
}

@test "hooks: startContainer without an environment has the program's" {
	config '.process.env = ["ONE=two", "PATH=/bin"]'
	hook startContainer 'echo $ONE $HOME >/got'
	args true
	runc run "$ID"
	assert_equal "$(cat "$ROOTFS/got")" "two /root"
}

@test "hooks: prestart and createRuntime are in the host's namespaces, before the program" {
	hook prestart "for n in mnt net pid uts user; do readlink /proc/self/ns/\$n; done >$BOX/ns; hostname >>$BOX/ns"
	args true
	runc run "$ID"
	assert_equal "$(head -n 5 "$BOX/ns")" "$(for n in mnt net pid uts user; do readlink /proc/self/ns/$n; done)"
	assert_equal "$(tail -n 1 "$BOX/ns")" "$(hostname)"
}

@test "hooks: createRuntime may set up the container's network" {
	hook createRuntime "pid=\$(jq .pid) && nsenter -n -t \$pid ip link set lo up"
	sh_args 'cat /sys/class/net/lo/flags'
	run -0 runc run "$ID"
	assert_output 0x9
}

@test "hooks: createContainer is in the container's namespaces, with the host's files" {
	hook createContainer "for n in net uts ipc user; do readlink /proc/self/ns/\$n; done >$BOX/ns; id -u >>$BOX/ns; uname -n >>$BOX/ns"
	config '.hostname = "inside"'
	sh_args 'for n in net uts ipc user; do readlink /proc/self/ns/$n; done'
	run -0 runc run "$ID"
	assert_equal "$(head -n 4 "$BOX/ns")" "$output"
	assert_equal "$(tail -n 2 "$BOX/ns")" "0"$'\n'inside
}

@test "hooks: what createContainer mounts below the rootfs is there inside" {
	mkdir "$BOX/given" "$ROOTFS/mnt"
	echo given >"$BOX/given/file"
	hook createContainer "mount --bind $BOX/given $ROOTFS/mnt"
	sh_args 'cat /mnt/file'
	run -0 runc run "$ID"
	assert_output given
	refute mountpoint -q "$ROOTFS/mnt"
}

@test "hooks: createContainer leaves the propagation of mounts as it is" {
	local source=$BOX/source place=/proc/self/mountinfo
	mkdir -p "$source/sub" "$BOX/given" "$ROOTFS/given"
	mount --bind "$source" "$source"
	mount --make-shared "$source"
	mount_row /slave bind "$source" rbind rslave
	mount_row /shared bind "$source" rbind rshared
	mount_row /private bind "$source" rbind
	hook createContainer "mount --bind $BOX/given $ROOTFS/given"
	start_box
	mount -t tmpfs none "$source/sub"
	run -0 inside "grep -c -e ' /slave/sub ' -e ' /shared/sub ' $place; ! grep -e ' /private/sub ' $place; ! grep -e ' / / .* shared:' $place"
	assert_output 2
	run -0 inside "grep -e ' /shared ' $place"
	assert_output --partial ' shared:'
	run -0 inside "grep -e ' /given ' -e ' /slave ' -e ' /private ' $place"
	refute_output --partial ' shared:'
	umount -R "$source"
}

@test "hooks: the rootfs path as createContainer sees it is the container's root" {
	hook createContainer "cat $ROOTFS/proc/sys/kernel/hostname >$BOX/out; ls $ROOTFS/dev | head -n 3 >>$BOX/out"
	touch "$BOX/out"
	chmod 666 "$BOX/out"
	config '.hostname = "inside"'
	args true
	runc run "$ID"
	assert_equal "$(head -n 1 "$BOX/out")" inside
	assert_equal "$(wc -l <"$BOX/out")" 4
}

@test "hooks: a chatty one is drained, and a background child does not hold us" {
	hook prestart 'head -c 300000 /dev/zero | tr "\0" x >&2; head -c 300000 /dev/zero; sleep 600 & echo $! >'"$BOX/pid"
	args true
	run -0 timeout 20 "$RUNC" --root "$STATE" run "$ID"
	kill "$(cat "$BOX/pid")"
}
