#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ./quickstart on a Debian machine with nothing installed: what tests/helpers/quickstart-session
# lived through.

load integration/common

setup_file() {
	local engines=${SYSBOX_ENGINES:-/var/tmp/sysbox-engines}
	mkdir -p "$engines"
	MACHINE=$(mktemp -d "$engines/quickstart.XXXXXX")
	export MACHINE
	"$BATS_TEST_DIRNAME/fresh-machine" --images --keep "$MACHINE" tests/helpers/quickstart-session >&2
}

teardown_file() { rm -rf --one-file-system "$MACHINE"; }

# said STEP STATUS: what that step said, as if by `run`.
said() {
	# shellcheck disable=SC2034 # for the assertions
	output=$(cat "$MACHINE/root/root/out/$1")
	mapfile -t lines <<<"$output"
	assert_equal "$(cat "$MACHINE/root/root/out/$1.status")" "$2"
}

# Two lines on stderr at the end: what is wrong, and what to do.
says_in_the_end() {
	assert_regex "${lines[-2]}" "^quickstart: $1"
	assert_regex "${lines[-1]}" "^  -> $2"
}

@test "quickstart: not as root" {
	said not-root 1
	says_in_the_end 'must be run as root' 'sudo '
}

@test "quickstart: on an old kernel" {
	said old-kernel 1
	says_in_the_end 'Linux 2\.6.* is too old; 5\.19 or newer is needed' 'boot a newer kernel'
}

@test "quickstart: on a full disk" {
	said small-disk 1
	says_in_the_end 'the disk of /var/lib/docker has [0-9]+ MiB free; [0-9]+ are needed' 'make room'
}

@test "quickstart: without a network" {
	said no-network 1
	says_in_the_end 'packages could not be installed' 'see '
	assert_output --partial 'is the network there?'
}

@test "quickstart: with the client bound to another machine" {
	said remote-docker 1
	says_in_the_end 'DOCKER_HOST is set' 'unset DOCKER_HOST'
}

@test "quickstart: usage" {
	said no-verb 2
	assert_output --partial 'usage: ./quickstart'
}

@test "quickstart: with broken settings of Docker" {
	said broken-settings 1
	says_in_the_end 'dockerd did not start: /etc/docker/daemon.json is not sound' 'fix'
}

@test "quickstart: no address range for Docker's bridge" {
	said no-bridge 1
	says_in_the_end 'dockerd did not start: its bridge finds no free address range' 'choose one'
}

@test "quickstart: without /dev/fuse" {
	said no-fuse 1
	says_in_the_end 'system containers cannot run here as it is' 'fix what is said above'
	assert_output --partial '/dev/fuse: No such file or directory'
	assert_output --partial 'modprobe fuse'
}

@test "quickstart: does it all" {
	said first 0
	assert_output --partial 'a container in a container'
	assert_output --partial 'started dockerd'
	assert_output --partial 'All of it works'
}

@test "quickstart: Docker's settings are kept" {
	run jq -c . "$MACHINE/root/root/out/daemon.json"
	assert_output '{"log-opts":{"max-size":"7m"},"log-driver":"json-file","runtimes":{"sysbox-runc":{"path":"/usr/local/bin/sysbox-runc"}}}'
}

@test "quickstart: the commands that it prints work" {
	said shell 0
	assert_line --index 0 0
	assert_line --index 1 mounted
	said inner 0
	assert_output --partial 'uid=0(root)'
	said another 0
	assert_output --regexp '[0-9a-f]{12}'
	said man-page 0
	said version 0
}

@test "quickstart: and so does sysbox-sandbox, in a project of an ordinary user's" {
	said sandbox 0
	assert_line 65532
	assert_line lo
	refute_line eth0
	said sandbox-made 0
	assert_output 1234
}

@test "quickstart: doctor finds nothing wrong then" {
	said doctor 0
	refute_output --regexp '(^|\n)fail'
	assert_output --partial 'sysbox-runc is /usr/local/bin/sysbox-runc'
	said doctor-json 0
	run jq -r .ok "$MACHINE/root/root/out/doctor-json"
	assert_output true
}

@test "quickstart: again, all is there already, in less than a minute" {
	said second 0
	assert_output --partial 'all there already'
	assert_output --partial 'it runs already'
	assert [ "$(cat "$MACHINE/root/root/out/second.seconds")" -lt 60 ]
}

@test "quickstart: again after the container was killed" {
	said after-kill 0
	assert_output --partial 'it was stopped; started again'
	said kept 0
	assert_output stays
}

@test "quickstart: --undo names containers that are in the way" {
	said undo-in-use 1
	says_in_the_end 'other containers still use sysbox-runc: other' 'docker rm -f other'
}

@test "quickstart: --undo leaves packages and the settings that were there" {
	said undo 0
	assert_output --partial 'apt-get purge --autoremove'
	run jq -c . "$MACHINE/root/root/out/daemon.json.after"
	assert_output '{"log-opts":{"max-size":"7m"},"log-driver":"json-file"}'
	run cat "$MACHINE/root/root/out/left"
	refute_output --regexp '(^|\n)/'
	said dockerd-ended 1
	said undo-twice 1
}

@test "quickstart: by hand, with the README's own lines" {
	said by-hand 0
	said by-hand-doctor 0
	assert_line --regexp '^ok +supervisor +sysbox-fs starts'
	said by-hand-undone 0
	said by-hand-left 0
	assert_output ''
}
