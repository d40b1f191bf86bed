#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sysbox-sandbox, run as a user does: on the engine's machine, with the engine's socket, in a
# directory of a user's.

load helper

export SYSBOX_REGISTRY=no
OWNER=1234 GROUP=4321

setup_file() {
	load helper
	sysbox_only
	docker_only
	need_image runtime-python
	need_image runtime-node
	need_image runtime-multi
}

setup() {
	BOX=$(mktemp -d "$(scratch)/sandbox.XXXXXX")
	P=$BOX/project
	chmod 755 "$BOX"
	mkdir -p "$P" "$BOX/home/.ssh"
	chown "$OWNER:$GROUP" "$P"
}

teardown() {
	local ids
	ids=$(docker ps -aq --filter label=sysbox.sandbox.dir)
	# shellcheck disable=SC2086
	[[ -z $ids ]] || docker rm -f $ids >/dev/null
	remove_scope test
	docker volume ls -q --filter name=sandbox- | while read -r v; do docker volume rm "$v"; done >/dev/null
	docker rmi -f sandbox/test >/dev/null 2>&1 || true
	! engine list | grep -q "^bare " || engine stop bare >/dev/null
	rm -rf "$BOX"
}

# at_engine CMD...: where the engine's network is, with nothing of ours but what is named.
at_engine() {
	engine beside "$ENGINE" env HOME="$BOX/home" SYSBOX_CACHE="$SYSBOX_CACHE" SYSBOX_REGISTRY=no "$@"
}

# The file of an engine that has a root of its own is seen by this machine's root only.
need_socket() { [[ $(at_engine printenv DOCKER_HOST) != *//proc/* ]] || skip "the engine's socket is root's"; }
socket() { at_engine printenv DOCKER_HOST | sed 's,^unix://,,'; }

sandbox() { at_engine "$TOP/sandbox/sysbox-sandbox" --quiet "$@"; }

# A project of that owner's: put FILE TEXT.
put() {
	printf '%s\n' "$2" >"$P/$1"
	chown "$OWNER:$GROUP" "$P/$1"
}

is_json() { jq -e . >/dev/null; }

says() { # WHAT NEXT, as patterns, in the last two lines
	assert_equal "$status" 125
	assert_regex "${lines[-2]}" "^sysbox-sandbox: $1"
	assert_regex "${lines[-1]}" "^  -> $2"
}

# --- what it gives --------------------------------------------------------------------------

@test "sandbox: a command's output, input and status" {
	put main.py 'import sys; print("hello", sys.stdin.read()); sys.exit(7)'
	run sandbox "$P" -- python3 main.py <<<"world"
	assert_equal "$status" 7
	assert_line --index 0 "hello world"
	run sandbox "$P" -- nonesuch
	((status == 126 || status == 127)) # engines differ
}

@test "sandbox: whose files they are, inside and outside" {
	put mine text
	echo others >"$P/roots"
	run sandbox "$P" -- sh -c 'id -u; stat -c %U:%G . mine roots; echo new >made; mkdir dir; echo more >>mine'
	assert_success
	assert_output $'65532\nnonroot:nonroot\nnonroot:nonroot\nnobody:nogroup'
	run stat -c %u:%g "$P/made" "$P/dir" "$P/mine"
	assert_output $'1234:4321\n1234:4321\n1234:4321'
	run cat "$P/mine"
	assert_output $'text\nmore'
	# Not even root inside can leave a file there that is root's outside.
	run docker exec --user 0 "$(docker ps -q --filter label=sysbox.sandbox.dir)" touch /workspace/roots-own
	assert_failure
}

@test "sandbox: --root stands for the owner" {
	run sandbox --rm --root "$P" -- sh -c 'id -u; touch made; apt-get --version >/dev/null; echo $HOME'
	assert_output $'0\n/root'
	run stat -c %u:%g "$P/made"
	assert_output 1234:4321
}

@test "sandbox: the image follows from the files" {
	local row
	while read -r file row; do
		rm -f "$P"/*
		for f in ${file//,/ }; do put "$f" ""; done
		run sandbox --json --rm "$P" -- true
		assert_equal "$(jq -r .image <<<"$output")" "$row"
	done <<-END
	requirements.txt sysbox/runtime-python:3.11
	pyproject.toml sysbox/runtime-python:3.11
	requirements.txt,pyproject.toml sysbox/runtime-python:3.11
	package.json sysbox/runtime-node:20
	package.json,requirements.txt sysbox/runtime-multi:latest
	README sysbox/runtime-python:3.11
	END
}

@test "sandbox: a shell on a terminal, in the directory, with its status" {
	run at_engine script -qec "$TOP/sandbox/sysbox-sandbox --quiet $P" /dev/null <<<$'tty; pwd; id -un; exit 4\n'
	assert_equal "$status" 4
	assert_output --partial /dev/pts/
	assert_output --partial /workspace
	assert_output --partial nonroot
}

@test "sandbox: the current directory, unless another is named" {
	run at_engine sh -c "cd $P && '$TOP/sandbox/sysbox-sandbox' --quiet -- sh -c 'touch here'"
	assert_success
	[[ -e $P/here ]]
}

@test "sandbox: goes on, is stopped, goes on, is removed" {
	sandbox "$P" -- sh -c 'echo kept >~/note; (sleep 1000 </dev/null >/dev/null 2>&1 &)'
	run sandbox "$P" -- sh -c 'cat ~/note; pgrep -x sleep | wc -l'
	assert_line --index 0 kept
	assert_line --index 1 2 # that one, and what pid 1 waits for
	run sandbox list
	assert_line --partial "running  sysbox/runtime-python:3.11"
	assert_line --partial "$P"
	local start=$SECONDS
	sandbox stop "$P"
	((SECONDS - start < 8))
	run sandbox list
	assert_line --partial exited
	run sandbox "$P" -- cat /home/nonroot/note
	assert_output kept
	sandbox rm "$(sandbox --json list | jq -r '.[0].name')"
	run sandbox --json list
	assert_output "[]"
	[[ -d $P ]]
}

@test "sandbox: several commands at once find the same one" {
	local jobs=() i
	for i in 1 2 3; do
		sandbox "$P" -- sh -c "sleep 2; hostname; echo end" >"$BOX/$i" 2>&1 3>&- &
		jobs+=($!)
	done
	for i in 1 2 3; do
		wait "${jobs[i - 1]}" || { cat "$BOX"/[1-3]; false; }
		assert_equal "$(<"$BOX/$i")" $'sandbox\nend'
	done
	assert_equal "$(sandbox --json list | jq length)" 1
}

@test "sandbox: --rm is another one, and leaves nothing" {
	sandbox "$P" -- touch /home/nonroot/first
	run sandbox --rm "$P" -- sh -c 'ls /home/nonroot; exit 3'
	assert_equal "$status" 3
	assert_output ""
	run sandbox --json list
	assert_equal "$(jq length <<<"$output")" 1
}

killed_by() { # SIGNAL
	at_engine sh -c 'echo $$ >"$1"; exec "$2" --quiet --rm "$3" -- sleep 1000' sh \
		"$BOX/pid" "$TOP/sandbox/sysbox-sandbox" "$P" &
	local job=$!
	wait_for 20 sh -c "'$TOP/tests/engine/engine' cli '$ENGINE' ps -q --filter label=sysbox.sandbox.dir | grep ."
	sleep 1
	kill "-$1" "$(<"$BOX/pid")"
	wait $job || true
	wait_for 10 sh -c "! '$TOP/tests/engine/engine' cli '$ENGINE' ps -aq --filter label=sysbox.sandbox.dir | grep ."
}

@test "sandbox: --rm leaves nothing when it is killed" {
	killed_by TERM
}

@test "sandbox: --rm leaves nothing when its terminal goes away" {
	killed_by HUP
}

@test "sandbox: --timeout" {
	local start=$SECONDS
	run sandbox --rm --timeout 1 "$P" -- sleep 100
	assert_equal "$status" 124
	((SECONDS - start < 15))
}

@test "sandbox: --timeout has one status, also for who does not end when asked to" {
	run sandbox --rm --timeout 1 "$P" -- sh -c 'trap "" TERM; sleep 40; sleep 40'
	assert_equal "$status" 124
	run sandbox --rm --timeout 20 "$P" -- sh -c 'kill -KILL $$'
	assert_equal "$status" 137
}

@test "sandbox: --timeout also ends who stops the clock inside" {
	local start=$SECONDS
	run sandbox --rm --timeout 1 "$P" -- sh -c 'kill -STOP $PPID; exec sleep 40'
	assert_equal "$status" 124
	run sandbox --json --timeout 1 "$P" -- sh -c 'echo early; kill -STOP $PPID; exec sleep 40'
	assert_equal "$status" 124
	assert_equal "$(jq -r '.exit_status, .stdout' <<<"$output")" $'124\nearly'
	((SECONDS - start < 40))
	run sandbox "$P" -- pgrep -f "sleep 40"
	assert_equal "$status" 1
}

# --- limits ---------------------------------------------------------------------------------

@test "sandbox: limits from flags and from the file; flags win" {
	put .sysbox-sandbox $'# for the tests\nmemory = 300m\npids=100\nenv = A=b c\n\nnetwork = none'
	run sandbox --rm "$P" -- sh -c 'awk "/MemTotal/ { print \$2 }" /proc/meminfo; echo "$A"; ls /sys/class/net'
	assert_output $'307200\nb c\nlo'
	run sandbox --rm --memory 400m --network bridge "$P" -- sh -c 'awk "/MemTotal/ { print \$2 }" /proc/meminfo; ls /sys/class/net'
	assert_line --index 0 409600
	assert_line eth0
	sandbox "$P" -- true
	run cgroup_value "$(docker ps -q --filter label=sysbox.sandbox.dir)" pids
	assert_output 100
}

@test "sandbox: one that runs does not change its limits in silence" {
	sandbox --memory 300m "$P" -- true
	sandbox "$P" -- true
	run sandbox --memory 400m "$P" -- true
	says 'the sandbox of .* was started with another --memory' 'sysbox-sandbox rm'
}

@test "sandbox: the file gives no more of the host than the command line" {
	put .sysbox-sandbox "env = SYSBOX_MAP_OWNER=/workspace:0:0:0:0"
	run sandbox "$P" -- true
	says "$P/.sysbox-sandbox, line 1: not a value for env" "for example: NAME=VALUE"
	truncate -s 4G "$P/.sysbox-sandbox"
	run sandbox "$P" -- true
	says "$P/.sysbox-sandbox is too long" "64 KB"
	ln -sf .sysbox-sandbox "$P/.sysbox-sandbox"
	run sandbox "$P" -- true
	says "$P/.sysbox-sandbox: Too many levels" "make it a file"
}

# By what runs in a sandbox of the same directory.
@test "sandbox: a file that becomes a FIFO keeps nobody waiting" {
	put file "memory = 1g"
	mkfifo "$P/fifo"
	python3 -c 'import os, sys
os.chdir(sys.argv[1])
os.link("file", "a")
os.link("fifo", "b")
while True:
	for name in "a", "b":
		os.link(name, "new")
		os.rename("new", ".sysbox-sandbox")' "$P" 3>&- &
	run env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/sandbox" timeout 20 python3 -c 'import sys, time
from sysbox_sandbox.settings import read_file
end = time.monotonic() + 8
while time.monotonic() < end:
	read_file(sys.argv[1])' "$P"
	kill $!
	assert_success
}

@test "sandbox: a file with mistakes in it, which is not shown" {
	put .sysbox-sandbox $'memory = 1g\nroot:secret:x'
	run sandbox "$P" -- true
	says '.*/.sysbox-sandbox, line 2: not of the form' 'for example'
	refute_output --partial secret
	put .sysbox-sandbox 'secret = 1'
	run sandbox "$P" -- true
	says '.*line 1: there is no setting of that name' 'there are: image, memory'
	refute_output --partial secret
	put .sysbox-sandbox 'network = host'
	run sandbox "$P" -- true
	says '.*line 1: not a value for network' 'for example'
}

# --- ssh ------------------------------------------------------------------------------------

log_in() { # COMMAND-OF-THE-SANDBOX WORD...
	local cmd=$1; shift
	# shellcheck disable=SC2086
	at_engine $cmd -i "$BOX/home/.ssh/id_ed25519" -o UserKnownHostsFile="$BOX/known" -o BatchMode=yes "$@"
}

@test "sandbox: ssh, with the caller's key and no other" {
	local command
	ssh-keygen -q -t ed25519 -N '' -f "$BOX/home/.ssh/id_ed25519"
	command=$(sandbox --ssh "$P")
	run log_in "$command" 'id -un; echo text >/workspace/by-ssh'
	assert_success
	assert_line nonroot
	run stat -c %u:%g "$P/by-ssh"
	assert_output 1234:4321
	# The next sandbox of this directory is known to ssh, and so is who may come in.
	sandbox rm "$P"
	command=$(sandbox --ssh "$P")
	run log_in "$command" true
	assert_success
	ssh-keygen -q -t ed25519 -N '' -f "$BOX/other"
	# shellcheck disable=SC2086
	run at_engine $command -i "$BOX/other" -o IdentitiesOnly=yes -o UserKnownHostsFile="$BOX/known" -o BatchMode=yes true
	assert_failure
	assert_output --partial "Permission denied"
}

@test "sandbox: ssh at a port that is in use, without a key, without a network" {
	run sandbox --ssh "$P"
	says 'there is no key in .*/.ssh' 'ssh-keygen'
	ssh-keygen -q -t ed25519 -N '' -f "$BOX/home/.ssh/id_ed25519"
	run sandbox --ssh --network none "$P"
	says 'ssh needs a network' 'leave out'
	sc run -d --name holder -p 127.0.0.1:22022:1 sysbox/runtime-python:3.11 sleep infinity
	run sandbox --ssh=22022 "$P"
	says 'port 22022 of 127.0.0.1 is in use' '--ssh=ANOTHER'
	run sandbox --json list
	assert_output "[]"
}

# --- snapshots ------------------------------------------------------------------------------

@test "sandbox: a snapshot starts elsewhere, and is an image like any other" {
	ssh-keygen -q -t ed25519 -N '' -f "$BOX/home/.ssh/id_ed25519"
	sandbox --ssh "$P" >/dev/null
	sandbox "$P" -- sh -c 'echo installed >~/tool; echo source >file'
	sandbox snapshot sandbox/test "$P"
	sandbox rm "$P"
	mkdir "$BOX/elsewhere"
	run sandbox --rm --image sandbox/test "$BOX/elsewhere" -- sh -c 'cat ~/tool; ls'
	assert_output installed
	run sc run --rm sandbox/test cat /home/nonroot/tool
	assert_output installed
	run sc run --rm sandbox/test sh -c 'ls -A ~/.ssh | wc -l'
	assert_output 0
	sc run -d sandbox/test sleep infinity
	run sandbox --json list
	assert_output "[]"
}

# --- for programs ---------------------------------------------------------------------------

@test "sandbox: --json" {
	run sandbox --json --detach "$P"
	assert_equal "$(jq -r '.state, .dir, .ssh' <<<"$output")" $'running\n'"$P"$'\nnull'
	run sandbox --json "$P" -- sh -c 'printf "\"out\"\n"; echo err >&2; exit 3'
	assert_equal "$status" 3
	assert_equal "$(jq -r '.exit_status, .stdout, .stderr' <<<"$output")" $'3\n"out"\n\nerr'
	run sandbox --json stop "$P"
	assert_equal "$(jq -r .state <<<"$output")" exited
	run --separate-stderr sandbox --json "$P/nonesuch"
	assert_equal "$status" 125
	assert_equal "$(jq -r .next <<<"$output")" "mkdir it, or name another"
}

@test "sandbox: --json keeps a limited part of the output" {
	run at_engine sh -c 'ulimit -v 2500000; exec "$0" --quiet --json --timeout 60 "$1" -- \
		sh -c "head -c 900M /dev/zero | tr \\\\0 x; echo err >&2; exit 3"' "$TOP/sandbox/sysbox-sandbox" "$P"
	assert_equal "$status" 3
	assert_equal "$(jq -r '.truncated, .stderr, (.stdout | length)' <<<"$output")" \
		$'true\nerr\n\n'$((16 << 20))
}

@test "sandbox: the engine's log of it is limited" {
	local name
	sandbox "$P" -- sh -c 'yes | head -c 8M >/proc/1/fd/1'
	name=$(sandbox --json list | jq -r '.[0].name')
	(($(docker logs "$name" 2>/dev/null | wc -c) < 2 << 20))
}

# --- what goes wrong ------------------------------------------------------------------------

@test "sandbox: no Docker, no engine, one elsewhere" {
	run sandbox "$P/nonesuch"
	says '.*/nonesuch is not a directory' 'mkdir'
	run at_engine env DOCKER=nonesuch "$TOP/sandbox/sysbox-sandbox" "$P"
	says 'there is no program nonesuch' 'apt-get install docker.io'
	run at_engine env DOCKER_HOST=unix:///nonesuch "$TOP/sandbox/sysbox-sandbox" "$P"
	says 'no Docker engine answers' 'systemctl start docker'
}

@test "sandbox: for who may not use Docker" {
	need_socket
	run at_engine setpriv --reuid=1234 --regid=1234 --clear-groups "$TOP/sandbox/sysbox-sandbox" "$P"
	says 'you may not use Docker' 'sudo usermod'
}

@test "sandbox: an engine that does not know the runtime" {
	local dir
	engine start docker-20.10 --name bare || skip "a machine with Docker 20.10 only"
	dir=$(engine dir bare)
	jq '.runtimes = {other: {path: "/usr/bin/false"}}' "$dir/daemon.json" >"$dir/new" && cp "$dir/new" "$dir/daemon.json"
	kill -HUP "$(engine exec bare cat "$dir/run/docker.pid")"
	sleep 1
	run engine exec bare env HOME="$BOX/home" DOCKER_HOST="unix://$dir/run/docker.sock" "$TOP/sandbox/sysbox-sandbox" "$BOX"
	says 'Docker does not know the runtime sysbox-runc' 'sudo sysbox-runc install --docker'
}

@test "sandbox: a context in place of DOCKER_HOST" {
	at_engine env -u DOCKER_HOST docker context create here --docker "host=unix://$(socket)" >/dev/null
	run at_engine env -u DOCKER_HOST DOCKER_CONTEXT=here "$TOP/sandbox/sysbox-sandbox" --quiet --rm "$P" -- echo by context
	assert_output "by context"
	at_engine env -u DOCKER_HOST docker context create away --docker "host=tcp://127.0.0.1:1" >/dev/null
	run at_engine env -u DOCKER_HOST DOCKER_CONTEXT=away "$TOP/sandbox/sysbox-sandbox" "$P"
	says 'no Docker engine answers' ''
}

@test "sandbox: an image that is not there" {
	docker rmi -f sysbox/runtime-python:3.11 >/dev/null
	run at_engine "$TOP/sandbox/sysbox-sandbox" --rm "$P" -- echo made
	assert_success
	assert_line --partial "making the image sysbox/runtime-python:3.11"
	assert_line --index 3 --regexp '^made$|^sysbox-sandbox: note|made'
	assert_line made
	run sandbox --image nonesuch/nothing "$P"
	says 'the image nonesuch/nothing is neither here nor in a registry' 'docker images'
}

@test "sandbox: an image that is not there, for who is not root" {
	need_socket
	docker rmi -f sysbox/runtime-python:3.11 >/dev/null
	run at_engine setpriv --reuid=1234 --regid=1234 --groups="$(at_engine stat -c %g "$(socket)")" \
		"$TOP/sandbox/sysbox-sandbox" "$P"
	need_image runtime-python
	says 'the image sysbox/runtime-python:3.11 is not there yet, and only root can make it' \
		'sudo make -C .*/images load-runtime-python'
}

# A log of the sandbox may be shown.
@test "sandbox: no word from inside drives the terminal" {
	run env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/sandbox" python3 -c 'if True:
		from sysbox_sandbox.talk import Problem, complain
		complain(Problem("a\033]0;evil\007b \u00e4"))'
	assert_output "sysbox-sandbox: a ]0;evil b ä"
}

@test "sandbox: usage" {
	run sandbox --help
	assert_success
	assert_line --index 0 --partial "A sandbox for a project"
	run sandbox --nonesuch
	says 'there is no option --nonesuch' 'sysbox-sandbox --help'
	run sandbox --memory
	says '--memory: a value is missing' 'sysbox-sandbox --help'
	run sandbox --memory lots
	says '--memory: not a value for memory' 'for example: 512m'
	run sandbox --ssh=99999 "$P"
	says '--ssh: no port has the number' '1024 to 65535'
	run sandbox snapshot
	says 'which name is the image to have' 'sysbox-sandbox snapshot NAME'
	run sandbox stop "$P"
	says 'there is no sandbox' 'sysbox-sandbox list'
	run sandbox list too much
	says 'that is too much' 'sysbox-sandbox --help'
}
