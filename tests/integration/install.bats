#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `sysbox-runc install` and the files that it changes, in a mount namespace with an empty /etc/docker
# and /etc/containers.  How a running dockerd takes it: tests/quickstart.bats.

load common

RUNC=${BUILD:-$TOP/build}/sysbox-runc

setup() {
	ETC=$BATS_TEST_TMPDIR/etc
	CONFIG=$ETC/docker/daemon.json
	mkdir -p "$ETC"/{docker,containers}
}

install() {
	mkdir -p /etc/docker /etc/containers
	# shellcheck disable=SC2016
	unshare --mount sh -ec '
		mount --bind "$1/docker" /etc/docker
		mount --bind "$1/containers" /etc/containers
		shift
		exec "$@"' sh "$ETC" "$RUNC" install "$@"
}

@test "install: Docker's settings are made where there are none" {
	run -0 install --docker
	assert_output "Docker: $RUNC is now registered as sysbox-runc in /etc/docker/daemon.json; no engine runs at the moment"
	run -0 jq -c . "$CONFIG"
	assert_output "{\"runtimes\":{\"sysbox-runc\":{\"path\":\"$RUNC\"}}}"
	run -0 stat -c %a "$CONFIG"
	assert_output 644
}

@test "install: what is in Docker's settings stays, and its order and mode" {
	echo '{"z": 18446744073709551615, "runtimes": {"other": {"path": "/x", "runtimeArgs": ["-a"]}}, "a": [1.50]}' >"$CONFIG"
	chmod 600 "$CONFIG"
	run -0 install --docker
	run -0 jq -c 'del(.z)' "$CONFIG"
	assert_output "{\"runtimes\":{\"other\":{\"path\":\"/x\",\"runtimeArgs\":[\"-a\"]},\"sysbox-runc\":{\"path\":\"$RUNC\"}},\"a\":[1.5]}"
	run -0 grep -c '"z": 18446744073709551615' "$CONFIG"
	run -0 stat -c %a "$CONFIG"
	assert_output 600
}

@test "install: again changes nothing" {
	local before
	install --docker
	before=$(stat -c '%i %z' "$CONFIG")
	run -0 install --docker
	assert_output --partial 'was already registered'
	assert_equal "$(stat -c '%i %z' "$CONFIG")" "$before"
}

@test "install: a symlink is followed, not replaced" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	echo '{}' >"$BATS_TEST_TMPDIR/elsewhere/real.json"
	ln -s "$BATS_TEST_TMPDIR/elsewhere/real.json" "$CONFIG"
	run -0 install --docker
	assert [ -L "$CONFIG" ]
	run -0 jq -r '.runtimes["sysbox-runc"].path' "$BATS_TEST_TMPDIR/elsewhere/real.json"
	assert_output "$RUNC"
}

@test "install: unsound settings are left alone, with the place of the fault" {
	printf '{\n  "debug": true,\n}\n' >"$CONFIG"
	run -1 install --docker
	assert_output --partial "Docker's settings are not sound, fix them first: /etc/docker/daemon.json:3:1"
	run -0 cat "$CONFIG"
	assert_output "$(printf '{\n  "debug": true,\n}\n')"
}

@test "install: runtimes that are no object are refused" {
	echo '{"runtimes": []}' >"$CONFIG"
	run -1 install --docker
	assert_output --partial 'runtimes: must be an object'
}

@test "install: --uninstall takes back what it made, and only that" {
	echo '{"runtimes": {"other": {"path": "/x"}}}' >"$CONFIG"
	install --docker
	run -0 install --docker --uninstall
	assert_output --partial 'is no longer registered'
	run -0 jq -c . "$CONFIG"
	assert_output '{"runtimes":{"other":{"path":"/x"}}}'
}

@test "install: --uninstall removes settings that say nothing any more" {
	install --docker
	run -0 install --docker --uninstall
	refute [ -e "$CONFIG" ]
	run -0 install --docker --uninstall
	assert_output --partial 'is not registered'
}

@test "install: --uninstall takes away a default that would keep dockerd from starting" {
	echo '{"default-runtime": "sysbox-runc", "debug": true}' >"$CONFIG"
	install --docker
	run -0 install --docker --uninstall
	assert_output --partial 'nor the default runtime'
	run -0 jq -c . "$CONFIG"
	assert_output '{"debug":true}'
}

@test "install: Podman knows it then, and no more after --uninstall" {
	command -v podman >/dev/null || skip 'podman is not installed'
	run -0 install --podman
	assert [ -f "$ETC/containers/containers.conf.d/sysbox-runc.conf" ]
	# shellcheck disable=SC2016
	run -0 unshare --mount sh -ec 'mount --bind "$1/containers" /etc/containers
		podman --root "$2/root" --runroot "$2/run" --runtime sysbox-runc info --format "{{.Host.OCIRuntime.Path}}"' \
		sh "$ETC" "$BATS_TEST_TMPDIR"
	assert_line "$RUNC"
	run -0 install --podman --uninstall
	refute [ -e "$ETC/containers/containers.conf.d/sysbox-runc.conf" ]
}

@test "install: not as root" {
	run -1 setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNC" install
	assert_output --partial 'must be run as root'
}
