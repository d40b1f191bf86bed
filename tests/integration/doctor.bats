#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `sysbox-runc doctor`: it says what is missing where something is, and leaves nothing behind.

load common

RUNC=${BUILD:-$TOP/build}/sysbox-runc

# with PREPARATION ARG...: doctor in a private mount namespace.
with() {
	local prepare=$1
	shift
	unshare --mount sh -ec "$prepare; exec \"\$@\"" sh "$RUNC" doctor "$@"
}

# row NAME: level and text of one row.
row() { jq -r --arg n "$1" '.rows[] | select(.name == $n) | .level + ": " + .text + " -> " + .fix' <<<"$output"; }

setup() { ROOT=$(mktemp -d "${SYSBOX_TEST_DIR:-/var/tmp}/doctor.XXXXXX"); }
teardown() { rm -rf --one-file-system "$ROOT"; }

@test "doctor: a machine on which containers run passes" {
	run -0 "$RUNC" doctor --data-root "$ROOT"
	refute_line --regexp '^fail'
	assert_line --regexp '^ok +root file system +overlay of id-mapped layers on .*: ids right both ways'
}

@test "doctor: each row of the JSON has a name, a level and a text, and a way out where it is not ok" {
	run "$RUNC" doctor --json --data-root "$ROOT"
	run -0 jq -e '.rows | length > 10 and all((.name | length > 0) and (.text | length > 0) and
		(.level == "ok" or ((.level == "warn" or .level == "fail") and (.fix | length > 0))))' <<<"$output"
}

@test "doctor: nothing is left behind" {
	local before after
	before=$(ls -A "$ROOT"; grep -c . /proc/mounts; ls /run/sysbox/subid)
	run "$RUNC" doctor --data-root "$ROOT"
	after=$(ls -A "$ROOT"; grep -c . /proc/mounts; ls /run/sysbox/subid)
	assert_equal "$after" "$before"
}

@test "doctor: a data root on an overlay is of no use" {
	mkdir "$ROOT"/{l,u,w,m}
	run -1 with "mount -t overlay overlay -o lowerdir=$ROOT/l,upperdir=$ROOT/u,workdir=$ROOT/w $ROOT/m" \
		--json --data-root "$ROOT/m"
	assert_regex "$(row 'root file system')" "^fail: on overlay .*an overlay cannot hold another one's upper layer"
	assert_regex "$(row volumes)" '^fail: overlay .*id-map the mount: Invalid argument'
}

@test "doctor: no /dev/fuse" {
	run -1 with 'mount -t tmpfs none /dev' --json --data-root "$ROOT"
	assert_regex "$(row fuse)" '^fail: /dev/fuse: No such file or directory -> modprobe fuse'
}

@test "doctor: user namespaces switched off" {
	# In a namespace of the kind, whose own limit can be lowered, one is root but not the host's: so
	# only this row counts.
	run unshare --user --map-root-user --mount sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$RUNC" doctor --json --data-root "$ROOT"
	assert_failure 1
	assert_regex "$(row 'user namespaces')" '^fail: cannot make one: .* -> '
}

@test "doctor: a missing capability is named" {
	run setpriv --bounding-set -sys_time,-sys_resource "$RUNC" doctor --json --data-root "$ROOT"
	assert_regex "$(row capabilities)" '^warn: this process lacks .*CAP_SYS_TIME'
}

@test "doctor: no supervisor beside the runtime" {
	[[ ! -e /usr/local/bin/sysbox-fs ]] || skip 'one is installed in /usr/local/bin'
	cp "$RUNC" "$ROOT/sysbox-runc"
	run -1 "$ROOT/sysbox-runc" doctor --json --data-root "$ROOT"
	assert_regex "$(row supervisor)" '^fail: .*make install'
}

@test "doctor: not as root" {
	run -1 setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNC" doctor
	assert_output --partial 'must be run as root'
}
