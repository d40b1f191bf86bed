# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The OCI command line on the real kernel, without an engine: a bundle whose rootfs is one
# busybox, and a state directory of its own.
#
#   RUNC     the runtime under test
#   DRIVER   which cgroup driver is asked for: cgroupfs or systemd  (cgroupfs)
#   BOX      a directory of this test: $BOX/bundle, $BOX/state
#   ID       the container's id, unique on the machine
#
# After every test nothing of it may be left: see nothing_left.

. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

BUILD=${BUILD:-$TOP/build}
RUNC=${SYSBOX_RUNC:-$BUILD/sysbox-runc}
HELPERS=$TOP/tests/helpers PROBE=$BUILD/tests/helpers/probe
BUSYBOX=${BUSYBOX:-/bin/busybox}

# The file system of BOX must take id-mapped mounts.
make_box() {
	BOX=$(mktemp -d "${SYSBOX_TEST_DIR:-/var/tmp}/oci.XXXXXX")
	BUNDLE=$BOX/bundle STATE=$BOX/state ID=oci-$$-$BATS_TEST_NUMBER
	ROOTFS=$BUNDLE/rootfs
	make_rootfs "$ROOTFS"
	cd "$BUNDLE" || return
	"$RUNC" spec
	config '.process.terminal = false'
}

make_rootfs() {
	mkdir -p "$1"/{bin,dev,etc,home,proc,root,sys,tmp,var}
	chmod 1777 "$1/tmp"
	cp "$BUSYBOX" "$1/bin/busybox"
	chroot "$1" /bin/busybox --install -s /bin
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000::/home/user:/bin/sh' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'user:x:1000:' >"$1/etc/group"
}

setup() { make_box; }

teardown() {
	remove_box
}

# --- the runtime ----------------------------------------------------------------------------

DRIVER_OPTION=()
[[ ${DRIVER:-cgroupfs} != systemd ]] || DRIVER_OPTION=(--systemd-cgroup)

runc() { "$RUNC" --root "$STATE" "${DRIVER_OPTION[@]}" "$@"; }

# config [JQ OPTION...] FILTER: change config.json.
config() { jq "$@" <config.json >config.new && mv config.new config.json; }

# json WORD...: an array of strings.
json() { jq -cn '$ARGS.positional' --args -- "$@"; }

# args WORD...: the program of the container; sh_args SCRIPT: a shell script.
args() { config --argjson a "$(json "$@")" '.process.args = $a'; }
sh_args() { args sh -euc "$1"; }

# run_sh SCRIPT: the output of a whole life of a container.
run_sh() {
	sh_args "$1"
	runc run "$ID"
}

# plain: an ordinary container in a user namespace: what the specification says counts.
plain() { config '.process.env += ["SYSBOX_SYSCONT_MODE=FALSE"]'; }

mount_row() { # DESTINATION TYPE SOURCE OPTION...
	config --arg d "$1" --arg t "$2" --arg s "$3" --argjson o "$(json "${@:4}")" \
		'.mounts += [{destination: $d, type: $t, source: $s, options: $o}]'
}

hook() { # KIND SCRIPT
	config --arg kind "$1" --arg script "$2" '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-euc", $script]}]'
}

is_v2() { [[ -e /sys/fs/cgroup/cgroup.controllers ]]; }

# start_box: a container that does nothing until it is told to.
start_box() {
	args "${@:-sleep}" 1000
	runc run -d "$ID" </dev/null
}

inside() { runc exec "$ID" sh -euc "$1"; }

status_of() { runc state "${1:-$ID}" | jq -r .status; }
init_of() { runc state "${1:-$ID}" | jq -r .pid; }
is_running() { [[ $(status_of "$@") == running ]]; }
is_stopped() { [[ $(status_of "$@") == stopped ]]; }

# The first host id of the container's range.
base_of() { awk 'NR == 1 { print $2 }' "/proc/$(init_of "$@")/uid_map"; }

# status_of_job PID: sets status as `run` does, for a job in the background.
status_of_job() { status=0; wait "$1" || status=$?; }

# --- what is left ---------------------------------------------------------------------------

delete_all() {
	local id
	[[ -d $STATE ]] || return 0
	for id in $(runc list -q); do
		runc delete -f "$id" || echo "delete -f $id failed" >&2
	done
}

# Processes of the runtime or of its supervisors that work for this box.
processes() {
	{
		grep -lsF -e "$STATE" /proc/[0-9]*/cmdline
		find /proc/[0-9]*/fd -lname "$STATE/*" 2>/dev/null
	} | grep -v "^/proc/\($$\|$BASHPID\)/" | cut -d/ -f3 | sort -u
}

# Of this test: numbers of processes come again, and another run may have left something.
cgroups() { find /sys/fs/cgroup -maxdepth 3 -type d -name "*$ID*" 2>/dev/null; }
ranges() { find /run/sysbox/subid -type l \( -lname "$STATE/*" -o -lname "$BOX/*/$ID" \) 2>/dev/null; }
mounts() { grep -F -e " $BOX" /proc/self/mountinfo; }

# A supervisor ends by itself, soon after its container.
no_process() { [[ -z $(processes) ]]; }

nothing_left() {
	local what
	wait_for 3 no_process || true
	for what in mounts cgroups ranges processes; do
		if [[ -n $($what) ]]; then
			echo "left behind ($what):"
			$what
			return 1
		fi
	done >&2
	[[ ! -d $STATE || -z $(ls -A "$STATE") ]] || { echo "left behind: $(ls "$STATE")" >&2; return 1; }
}

# What the test made itself goes first; then the runtime's own remains would show.
remove_box() {
	[[ -n ${BOX-} ]] || return 0
	cd /
	delete_all
	local status=0
	wait_for 5 nothing_left 2>/dev/null || { nothing_left; status=1; }
	rm -rf --one-file-system "$BOX"
	return $status
}
