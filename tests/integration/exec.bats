#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: one more process in a running container.

load helper

setup() {
	make_box
	start_box
}

@test "exec: output, input and exit status" {
	run -0 runc exec "$ID" cat <<<"from stdin"
	assert_output "from stdin"
	run -7 runc exec "$ID" sh -c 'exit 7'
	run -137 runc exec "$ID" sh -c 'kill -9 $$'
}

# bats test_tags=short
@test "exec: it is in all namespaces and the cgroups of the container" {
	local ns
	for ns in cgroup ipc mnt net pid time user uts; do
		[[ -e /proc/self/ns/$ns ]] || continue
		assert_equal "$(inside "readlink /proc/self/ns/$ns")" "$(readlink "/proc/$(init_of)/ns/$ns")"
	done
	assert_equal "$(inside 'cat /proc/self/cgroup')" "$(inside 'cat /proc/1/cgroup')"
	assert_equal "$(inside 'echo $(ls /)')" "$(inside 'echo $(ls /proc/1/root/)')"
}

@test "exec: -e, --cwd, --user, --additional-gids" {
	run -0 runc exec -e A=1 -e B=2 --cwd /tmp --user 1000:1001 -g 5 -g 6 "$ID" \
		sh -c 'echo $A $B $PWD $HOME; id -u; id -g; id -G'
	assert_output $'1 2 /tmp /home/user\n1000\n1001\n1001 5 6'
	run runc exec --user me "$ID" true
	assert_failure 255
	run runc exec -g none "$ID" true
	assert_failure 255
}

@test "exec: HOME is that of the user, or what was given" {
	run -0 runc exec "$ID" sh -c 'echo $HOME'
	assert_output /root
	run -0 runc exec -u 4711 "$ID" sh -c 'echo $HOME'
	assert_output /
	run -0 runc exec -e HOME=/mine "$ID" sh -c 'echo $HOME'
	assert_output /mine
}

@test "exec: --process" {
	cat >process.json <<-'J'
		{"cwd": "/home", "args": ["sh", "-c", "pwd; id -u; echo $X; ulimit -n; umask"], "env": ["X=y", "PATH=/bin"],
		 "user": {"uid": 5, "gid": 6, "umask": 63}, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]}
	J
	run -0 runc exec --process process.json "$ID"
	assert_output $'/home\n5\ny\n100\n0077'
	echo '{"cwd": "/", "args": []}' >process.json
	run -255 runc exec -p process.json "$ID"
	assert_output --partial "process.args"
	echo '{"cwd": "/", "args"' >process.json
	run -255 runc exec -p process.json "$ID"
	assert_output --partial "process.json:2:1:"
	run -255 runc exec -p nosuch.json "$ID"
	assert_output --partial "nosuch.json"
}

@test "exec: --process: what it leaves out is as for the container" {
	runc delete -f "$ID"
	config '.process += {oomScoreAdj: 500, scheduler: {policy: "SCHED_BATCH", nice: 5}, ioPriority: {class: "IOPRIO_CLASS_BE", priority: 3}}
		| .process.user.umask = 7'
	start_box
	cat >process.json <<-'J'
		{"cwd": "/", "args": ["sh", "-c", "cat /proc/self/oom_score_adj; ionice -p $$; umask; cut -d' ' -f19,41 /proc/$$/stat"], "env": ["PATH=/bin"]}
	J
	run -0 runc exec --process process.json "$ID"
	assert_output $'500\nbest-effort: prio 3\n0007\n5 3'
	config '.process.args = ["cat", "/proc/self/oom_score_adj"] | .process | del(.scheduler) | .oomScoreAdj = 600' && mv config.json process.json
	run -0 runc exec --process process.json "$ID"
	assert_output 600
}

@test "exec: --detach and --pid-file" {
	runc exec --detach --pid-file pid "$ID" sleep 1001 </dev/null
	assert_equal "$(ps -o args= -p "$(cat pid)")" "sleep 1001"
	kill "$(cat pid)"
}

@test "exec: a pid file or socket that is not to be had ends the process" {
	local option
	for option in --pid-file --pidfd-socket; do
		run -255 runc exec --detach $option "$BOX/nosuch/x" "$ID" sh -c 'sleep 1001 >/dev/null 2>&1' </dev/null
		assert_output --partial "$BOX/nosuch"
		assert_equal "$(runc ps -f json "$ID")" "[$(init_of)]"
	done
}

@test "exec: --preserve-fds" {
	assert_equal "$(runc exec --preserve-fds 1 "$ID" sh -c 'cat <&3; ls /proc/self/fd | tr "\n" " "' 3<<<three 4<<<four 5<<<five)" \
		$'three\n0 1 2 3 4 '
	assert_equal "$(runc exec "$ID" ls /proc/self/fd 3<<<three 4<<<four 5<<<five | tr '\n' ' ')" "0 1 2 3 "
	run -255 runc exec --preserve-fds 4 "$ID" true 3<<<three 4<<<four 5<<<five 6<&-
	assert_output --partial "unable to pass descriptor 3 (of 4)"
	run -255 runc exec --preserve-fds -1 "$ID" true
	assert_output --partial "preserve-fds"
}

@test "exec: a program, a directory, a user that are not there" {
	run -255 runc exec "$ID" nosuch
	assert_output --partial 'exec: "nosuch": executable file not found in $PATH'
	run -255 runc exec "$ID" /nosuch
	assert_output --partial "no such file or directory"
	run -255 runc exec "$ID" /etc/passwd
	assert_output --partial "permission denied"
	run -255 runc exec --cwd /nosuch "$ID" true
	assert_output --partial /nosuch
	run -255 runc exec --user 70000 "$ID" true
	assert_output --partial 70000
	run -255 runc exec "$ID"
	assert_output --partial "args"
}

@test "exec: a script whose interpreter is not there fails here, not inside" {
	printf '#!/nosuch\n' >"$ROOTFS/script"
	chmod +x "$ROOTFS/script"
	run -255 runc exec --detach "$ID" /script </dev/null
	assert_output --partial "exec /script: no such file or directory"
}

@test "exec: not in a container that is stopped or does not exist" {
	kill -9 "$(init_of)"
	wait_for 5 is_stopped
	run -255 runc exec "$ID" true
	assert_output --partial "stopped container"
}

# bats test_tags=short
@test "exec: in a created container, before its program runs" {
	runc delete -f "$ID"
	sh_args 'cat /tmp/made; exec sleep 1000'
	runc create "$ID" </dev/null
	runc exec "$ID" sh -c 'echo before >/tmp/made'
	assert_equal "$(inside 'cat /tmp/made')" before
}

# bats test_tags=short
@test "exec: not in a paused container, unless told to" {
	runc pause "$ID"
	run -255 runc exec "$ID" true
	assert_output --partial "paused container"
	runc exec --ignore-paused "$ID" true &
	local pid=$!
	sleep 0.3
	kill -0 $pid
	runc resume "$ID"
	wait $pid
}

@test "exec: signals reach the process, not the container" {
	runc exec "$ID" sh -c 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.05; done' >out &
	local pid=$! child
	wait_for 5 grep -qs ready out
	child=$(pgrep -P $pid -f "exec $ID" || echo $pid)
	kill -TERM "$child"
	status_of_job $pid
	assert_equal "$status" 3
	assert_equal "$(status_of)" running
}

@test "exec: --cap and --no-new-privs where capabilities count" {
	runc delete -f "$ID"
	config '.process.env += ["SYSBOX_HONOR_CAPS=TRUE"] | .process.noNewPrivileges = false |
		.process.capabilities = {bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"]}'
	start_box
	run -0 runc exec "$ID" grep CapEff /proc/self/status
	assert_output --partial 0000000000000001
	run -0 runc exec --cap CAP_KILL --cap CAP_NET_RAW "$ID" grep CapEff /proc/self/status
	assert_output --partial 0000000000002021
	run -0 runc exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	assert_output --regexp '1$'
	run -0 runc exec "$ID" grep NoNewPrivs /proc/self/status
	assert_output --regexp '0$'
}

@test "exec: all capabilities for root, none for others, in a system container" {
	run -0 runc exec "$ID" sh -c 'mkdir /tmp/m && mount -t tmpfs none /tmp/m && grep -c " /tmp/m " /proc/mounts'
	assert_output 1
	run -0 runc exec -u 1000 "$ID" grep CapEff /proc/self/status
	assert_output --partial 0000000000000000
}

@test "exec: many at once" {
	local i pids=()
	for i in {1..12}; do
		runc exec "$ID" sh -c "echo $i >/tmp/n$i; exit $i" &
		pids+=($!)
	done
	for i in {1..12}; do
		status_of_job "${pids[i - 1]}"
		assert_equal "$status" "$i"
	done
	assert_equal "$(find "$ROOTFS/tmp" -name 'n*' | wc -l)" 12
}

@test "exec: the container ends meanwhile" {
	runc exec "$ID" sleep 1001 &
	local pid=$!
	wait_for 5 pgrep -f '^sleep 1001$' --ns "$(init_of)" --nslist pid >/dev/null
	kill -9 "$(init_of)"
	status_of_job $pid
	assert_equal "$status" 137
}

# The directory of the container in a hierarchy: v2, where init lives in a leaf of it, or v1's
# for pids.
own_cgroup() {
	local path; path=$(awk -F: '$2 == "pids" || ($1 == 0 && $2 == "") { print $2 ":" $3; exit }' "/proc/$(init_of)/cgroup")
	local top=/sys/fs/cgroup; [[ $path != pids:* ]] || top+=/pids
	path=${path%/init.scope}
	echo "$top${path#*:}"
}

@test "exec: --cgroup is one below the container's own" {
	local top v1=''; top=$(own_cgroup)
	[[ $top != */pids/* ]] || v1=pids:
	run runc exec --cgroup ../other "$ID" true
	assert_failure
	assert_output --partial 'bad sub cgroup path "../other"'
	run runc exec --cgroup "$v1"nosuch "$ID" true
	assert_failure
	assert_output --regexp 'adding pid to the cgroup .*/nosuch: No such file'
	run runc exec --cgroup none:/ "$ID" true
	assert_failure
	mkdir "$top/below"
	run -0 runc exec --cgroup "$v1"below "$ID" grep -E '^[0-9]+:(pids)?:' /proc/self/cgroup
	assert_output --partial below
	runc exec -d --cgroup "$v1"/below "$ID" sleep 1000
	run -0 cat "$top/below/cgroup.procs"
	assert_output --regexp '^[0-9]+$'
}
