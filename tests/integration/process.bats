#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process of config.json: who the program is and what it may use.

load helper

@test "process: cwd; made where it is missing" {
	config '.process.cwd = "/home"'
	run -0 run_sh pwd
	assert_output /home
	config '.process.cwd = "/new/dir"'
	run -0 run_sh pwd
	assert_output /new/dir
	config '.process.cwd = "relative"'
	run run_sh pwd
	assert_failure
	assert_output --partial process.cwd
}

@test "process: a missing cwd in a read-only root, as with runc" {
	config '.root.readonly = true | .process.cwd = "/made/here"'
	run -0 run_sh 'pwd; ! touch x 2>/dev/null'
	assert_output /made/here
	# In a read-only volume nothing is made.
	mkdir "$BOX/volume"
	mount_row /made bind "$BOX/volume" rbind ro
	config '.process.cwd = "/made/there"'
	run run_sh pwd
	assert_failure
	assert_output --partial /made/there
	refute [ -e "$BOX/volume/there" ]
}

@test "process: a cwd that only root may enter, for another user" {
	mkdir -m 700 "$ROOTFS/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	run -0 run_sh 'pwd'
	assert_output /private
}

@test "process: a cwd that is a descriptor of the host" {
	config '.process.cwd = "/proc/self/fd/7"'
	run run_sh 'pwd; cat ../../etc/shadow'
	assert_failure
	refute_output --partial root:
	local n
	for n in 3 5 7 9 11; do
		config --arg d "/proc/self/fd/$n" '.process.cwd = $d'
		run run_sh 'ls'
		refute_output --partial bundle
	done
	nothing_left
}

@test "process: user, group, further groups, umask" {
	config '.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [5, 6]}'
	run -0 run_sh 'id -u; id -g; id -G; umask; touch /tmp/x; stat -c %a:%u:%g /tmp/x'
	assert_output $'1000\n1001\n1001 5 6\n0077\n600:1000:1001'
	config '.process.user = {uid: 0, gid: 0}'
	run -0 run_sh 'umask'
	assert_output 0022
}

@test "process: ids beyond the container's range" {
	config '.process.user = {uid: 70000, gid: 0}'
	run run_sh id
	assert_failure
	assert_output --partial "user 70000"
	config '.process.user = {uid: 0, gid: 70000}'
	run run_sh id
	assert_failure
	assert_output --partial "group 70000"
	nothing_left
}

@test "process: environment; one value per name, and HOME" {
	config '.process.env = ["PATH=/bin", "A=1", "B=x=y", "A=2", "EMPTY="]'
	run -0 run_sh 'env | grep -v -E "^(PWD|SHLVL|OLDPWD)=" | sort'
	assert_output $'A=2\nB=x=y\nEMPTY=\nHOME=/root\nPATH=/bin'
	config '.process.env = ["PATH=/bin", "HOME=/elsewhere"]'
	run -0 run_sh 'echo $HOME'
	assert_output /elsewhere
	config '.process.env = ["novalue"]'
	run run_sh true
	assert_failure
	assert_output --partial 'process.env[0]'
}

@test "process: HOME with a passwd that is none" {
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	sh_args 'echo $HOME'
	run -0 timeout 20 "$RUNC" --root "$STATE" run "$ID"
	assert_output /
	rm "$ROOTFS/etc/passwd"
	ln -s /proc/self/fd/0 "$ROOTFS/etc/passwd"
	run -0 timeout 20 "$RUNC" --root "$STATE" run "$ID" </dev/null
	assert_output /
}

# bats test_tags=short
@test "process: rlimits" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 128}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	run -0 run_sh 'ulimit -Sn; ulimit -Hn; ulimit -c'
	assert_output $'64\n128\n0'
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 7, hard: 8}]'
	run -0 run_sh 'ulimit -Hn'
	assert_output 8
	config '.process.rlimits = [{type: "RLIMIT_NOPE", soft: 1, hard: 1}]'
	run run_sh true
	assert_failure
	assert_output --partial 'process.rlimits[0].type'
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 2, hard: 1}]'
	run run_sh true
	assert_failure
}

# bats test_tags=short
@test "process: more than the host has to give of a limit is what it has" {
	local hard; hard=$(ulimit -Hn)
	[[ $hard != unlimited ]] || skip "no limit here"
	grep -q 'CapEff:.*[^0]' /proc/self/status
	config --argjson h "$((hard + 1))" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: $h}]'
	run -0 run_sh 'ulimit -Hn'
	(($(tail -n 1 <<<"$output") >= hard))
}

# bats test_tags=short
@test "process: oom score" {
	config '.process.oomScoreAdj = 321'
	run -0 run_sh 'cat /proc/self/oom_score_adj'
	assert_output 321
	config '.process.oomScoreAdj = 1001'
	run run_sh true
	assert_failure
	assert_output --partial oomScoreAdj
}

@test "process: capabilities, where they are honoured" {
	plain
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN", "CAP_KILL"]}'
	args grep Cap /proc/self/status
	run -0 runc run "$ID"
	assert_line --regexp 'CapBnd:\s+0000000000000021'
	assert_line --regexp 'CapPrm:\s+0000000000000021'
	assert_line --regexp 'CapEff:\s+0000000000000021'
	assert_line --regexp 'CapInh:\s+0000000000000000'
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities.inheritable = ["CAP_KILL"] | .process.capabilities.ambient = ["CAP_KILL"]'
	run -0 runc run "$ID"
	assert_line --regexp 'CapAmb:\s+0000000000000020'
	assert_line --regexp 'CapEff:\s+0000000000000020'
	config 'del(.process.capabilities)'
	run -0 runc run "$ID"
	assert_line --regexp 'CapBnd:\s+0000000000000000'
}

@test "process: a capability that no kernel knows is left out" {
	plain
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_NOPE"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"]}'
	args grep CapBnd /proc/self/status
	run -0 runc run "$ID"
	assert_line --regexp 'CapBnd:\s+0000000000000001'
}

@test "process: root of a system container has them all, but over its own things only" {
	run -0 run_sh 'mount -t tmpfs none /tmp; chown 5:5 /tmp; hostname x; wc -l </proc/self/uid_map
		mknod /tmp/null c 1 3 2>/dev/null || echo no node
		(echo mine >/proc/sys/kernel/core_pattern) 2>/dev/null || true'
	assert_output $'1\nno node'
	refute grep mine /proc/sys/kernel/core_pattern
}

@test "process: another user of a system container has what is asked for as ambient" {
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities.ambient = ["CAP_KILL"] |
		.process.capabilities.inheritable = ["CAP_KILL", "CAP_CHOWN"]'
	args grep Cap /proc/self/status
	run -0 runc run "$ID"
	for set in Inh Prm Eff Amb; do
		assert_line --regexp "Cap$set:\s+0000000000000020"
	done
	assert_line --regexp 'CapBnd:\s+0000.*f$'
	config '.process.capabilities.ambient = []'
	run -0 runc run "$ID"
	assert_line --regexp 'CapEff:\s+0000000000000000'
}

@test "process: no_new_privs" {
	config '.process.noNewPrivileges = true'
	run -0 run_sh 'grep NoNewPrivs /proc/self/status'
	assert_output --regexp '1$'
	config '.process.noNewPrivileges = false'
	run -0 run_sh 'grep NoNewPrivs /proc/self/status'
	assert_output --regexp '0$'
}

@test "process: scheduler and io priority" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run -0 run_sh 'cut -d" " -f19,41 /proc/self/stat; ionice -p $$'
	assert_line "7 3"
	assert_line --partial "best-effort: prio 6"
	config '.process.scheduler = {policy: "SCHED_NOPE"}'
	run run_sh true
	assert_failure
	assert_output --partial process.scheduler.policy
	config 'del(.process.scheduler) | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 9}'
	run run_sh true
	assert_failure
	assert_output --partial process.ioPriority
}

@test "process: SCHED_DEADLINE, whose processes may not fork" {
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 10000000, period: 10000000}'
	args cut -d' ' -f41 /proc/self/stat
	run runc run "$ID"
	[[ $output != *"not permitted"* ]] || skip "$output"
	assert_success
	assert_output 6
}

@test "process: CPU affinity of the runtime is not inherited" {
	local all; all=$(awk '/Cpus_allowed_list/ { print $2 }' /proc/self/status)
	sh_args 'grep Cpus_allowed_list /proc/self/status'
	run -0 taskset -c 0 "$RUNC" --root "$STATE" run "$ID"
	assert_output --partial "$all"
}

@test "process: execCPUAffinity" {
	(($(nproc) > 1)) || skip "one CPU only"
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	start_box
	run -0 runc exec "$ID" grep Cpus_allowed_list /proc/self/status
	assert_output --regexp '\s1$'
	echo '{"args": ["grep", "Cpus_allowed_list", "/proc/self/status"], "cwd": "/", "execCPUAffinity": {"final": "0"}}' >process.json
	run -0 runc exec -p process.json "$ID"
	assert_output --regexp '\s0$'
	echo '{"args": ["true"], "cwd": "/", "execCPUAffinity": {"final": "one"}}' >process.json
	run -255 runc exec -p process.json "$ID"
	assert_output --partial execCPUAffinity
}

@test "process: personality" {
	cp "$PROBE" "$ROOTFS/bin/probe"
	config '.linux.personality = {domain: "LINUX32"}'
	args probe personality
	run -0 runc run "$ID"
	assert_output 8
	config '.linux.personality = {domain: "LINUX"}'
	run -0 runc run "$ID"
	assert_output 0
	config '.linux.personality = {domain: "SOLARIS"}'
	run runc run "$ID"
	assert_failure
	assert_output --partial linux.personality.domain
}

@test "process: a session keyring of its own" {
	[[ -r /proc/keys ]] || skip "no /proc/keys"
	plain
	config 'del(.linux.maskedPaths)'
	args cat /proc/keys
	run runc run "$ID"
	assert_output --partial "_ses.$ID"
}

@test "process: the keys of who calls the runtime are nobody's inside" {
	local keyed=("$PROBE" keyed "$RUNC" --root "$STATE" "${DRIVER_OPTION[@]}")
	run "$PROBE" keyed true
	((status != 77)) || skip "a kernel without keyrings"
	cp "$PROBE" "$ROOTFS/bin/probe"
	args probe has-key
	run -0 "${keyed[@]}" run "$ID"
	assert_output no
	run -0 "${keyed[@]}" run --no-new-keyring "$ID"
	assert_output yes
	start_box
	run -0 "${keyed[@]}" exec "$ID" probe has-key
	assert_output no
	runc delete -f "$ID"
	runc run --no-new-keyring -d "$ID" </dev/null
	run -0 "${keyed[@]}" exec "$ID" probe has-key
	assert_output yes
}

@test "process: all in a container have one session keyring" {
	run "$PROBE" keyed true
	((status != 77)) || skip "a kernel without keyrings"
	cp "$PROBE" "$ROOTFS/bin/probe"
	start_box
	run -0 runc exec "$ID" probe add-key
	run -0 runc exec "$ID" probe has-key
	assert_output yes
	run -0 runc exec -u 1000 "$ID" probe has-key
	assert_output yes
}

@test "process: memory policy, for exec too" {
	local policy='head -n 1 /proc/self/numa_maps | cut -d " " -f 2'
	grep -qs . /proc/self/numa_maps || skip "a kernel without NUMA"
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	run -0 run_sh "$policy"
	assert_output bind=static:0
	start_box
	run -0 inside "$policy"
	assert_output bind=static:0
}

@test "process: a memory policy that is none" {
	local wrong
	for wrong in '{}' '{mode: "BIND", nodes: "0"}' '{mode: "MPOL_BIND", nodes: "x"}' \
		'{mode: "MPOL_DEFAULT", nodes: "0"}' '{mode: "MPOL_BIND", nodes: "0", flags: ["NONE"]}'; do
		config ".linux.memoryPolicy = $wrong"
		run runc run "$ID"
		assert_failure
		assert_output --partial linux.memoryPolicy
	done
}

@test "process: exec --cap raises the ambient set where the inheritable one has it" {
	plain
	config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_SYSLOG"], effective: ["CAP_KILL"],
		permitted: ["CAP_KILL"], inheritable: ["CAP_SYSLOG"], ambient: []}'
	start_box
	run -0 runc exec --cap CAP_SYSLOG "$ID" grep CapAmb /proc/self/status
	assert_output --regexp '0000000400000000$'
	run -0 runc exec --cap CAP_CHOWN "$ID" grep CapAmb /proc/self/status
	assert_output --regexp '0000000000000000$'
}
