# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the Docker-level tests share.  They run against one engine that tests/engine has started:
#
#   ENGINE    its name                                        (docker-20.10)
#   RUNTIME   the OCI runtime of the containers under test    (sysbox-runc)
#
# RUNTIME=runc is the yardstick: a test that does not say `sysbox_only` must pass with runc, too,
# so that "the same as with runc" is not a guess.  `sc` options then give a runc container what
# a system container has by itself (see syscont_options).

. "$(dirname "${BASH_SOURCE[0]}")/../common.bash"

export ENGINE=${ENGINE:-docker-20.10} RUNTIME=${RUNTIME:-sysbox-runc}

engine() { "$TOP/tests/engine/engine" "$@"; }

# The engine's client, whichever it is.  Podman would wait for a pid 1 that takes no signal.
docker() {
	if [[ $1 == rm && $(family) == podman ]]; then
		shift
		set -- rm --time 0 "$@"
	fi
	engine cli "$ENGINE" "$@"
}

# A directory on the engine's disk, visible at the same path inside and outside of its namespaces.
scratch() { echo "$(engine dir "$ENGINE")/scratch"; }

family() {
	case $ENGINE in
	podman*) echo podman ;;
	containerd*) echo containerd ;;
	*) echo docker ;;
	esac
}

sysbox_only() { [[ $RUNTIME != runc ]] || skip "says something about sysbox-runc only"; }
with_runc() { [[ $RUNTIME == runc ]]; }
docker_only() { [[ $(family) == docker ]] || skip "a feature of Docker"; }

# --- kernels that have less -----------------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=../../helpers/nat.bash
. "$TOP/tests/helpers/nat.bash"

# use_iptables NAME: let the programs inside use what this kernel has.
use_iptables() {
	[[ $(kernel_nat) == legacy ]] || return 0
	inside "$1" 'for t in iptables ip6tables; do
		update-alternatives --set $t /usr/sbin/$t-legacy >/dev/null 2>&1; done; true'
}

need_nat() { [[ $(kernel_nat) != none ]] || skip "this kernel has no address translation"; }

# Without, uptime is the host's (docs/limits.md).
has_own_time() { [[ -e /proc/self/ns/time ]]; }

# What `top` has to ask for: ps -ef of Debian 12 fails where cpuinfo names no core.
top_columns() { ps -ef >/dev/null 2>&1 || echo -eo pid,args; }

# Podman makes the network namespace before the container, so that it belongs to the host's user
# namespace; with mappings of its own (--userns=auto, --uidmap) it does not: podman.bats.
own_network() {
	[[ $(family) != podman ]] || with_runc || skip "Podman's network is not the container's to administer"
}

# --- containers -----------------------------------------------------------------------------

# Containers made by a test go when it ends; those of setup_file stay for the whole file.
SCOPE="test"

# runtime_options: how this engine is told the runtime (podman is told by `engine cli`).
runtime_options() { [[ $(family) == podman ]] || echo "--runtime=$RUNTIME"; }

# sc run|create OPTION... IMAGE [CMD...]: the engine's command, with the runtime under test.
sc() {
	local verb=$1; shift
	# shellcheck disable=SC2046
	docker "$verb" --label "scope=$SCOPE" $(runtime_options) "$@"
}

# start NAME OPTION... IMAGE: a container that waits to be told what to do.
start() {
	local name=$1; shift
	sc run -d --name "$name" "$@" sleep infinity >/dev/null
}

remove_scope() {
	local ids
	ids=$(docker ps -aq --filter "label=scope=$1")
	# shellcheck disable=SC2086
	[[ -z $ids ]] || docker rm -f -v $ids >/dev/null
}

# need_image TARGET: load an image of images/ into the engine, once.
need_image() {
	local target=$1 name
	name=$(awk -v t="$target" '!/^#/ && $1 == t { print "sysbox/" $2 ":" $3 }' "$TOP/images/table")
	docker image inspect "$name" >/dev/null 2>&1 && return
	docker load -q -i "$("$TOP/images/build" "$target" 2>/dev/null)" >/dev/null
}

init_pid() { docker inspect -f '{{.State.Pid}}' "$1"; }

# A command on a terminal of 33 rows and 99 columns, as somebody at a keyboard would run it.
on_terminal() {
	local cmd
	printf -v cmd '%q ' "$@"
	script -qec "stty rows 33 cols 99; $cmd" /dev/null
}

# The same for the engine's client.
docker_on_terminal() { on_terminal "$TOP/tests/engine/engine" cli "$ENGINE" "$@"; }

# --- cgroups as seen inside -----------------------------------------------------------------

# inside NAME CMD: a shell command in a running container.
inside() { docker exec "$1" sh -c "$2"; }

cgroup_value() {
	local v1 v2
	case $2 in
	memory) v1=memory/memory.limit_in_bytes v2=memory.max ;;
	pids) v1=pids/pids.max v2=pids.max ;;
	esac
	inside "$1" "cat /sys/fs/cgroup/$v2 2>/dev/null || cat /sys/fs/cgroup/$v1"
}

# --- system containers ----------------------------------------------------------------------

# With runc: the privileges of --privileged without the one that a CI machine may lack, and a
# cgroup tree of its own.  With sysbox-runc: nothing, that is the point of it.
syscont_options() {
	[[ $RUNTIME == runc ]] || return 0
	local cap
	for cap in SYS_ADMIN NET_ADMIN NET_RAW SYS_PTRACE MKNOD SYS_CHROOT SETPCAP SETFCAP SYS_MODULE \
		SYS_RAWIO SYS_PACCT SYS_BOOT SYS_NICE SYS_TIME SYS_TTY_CONFIG AUDIT_CONTROL MAC_OVERRIDE \
		MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ LEASE IPC_LOCK IPC_OWNER \
		LINUX_IMMUTABLE NET_BROADCAST DAC_READ_SEARCH; do
		echo "--cap-add=$cap"
	done
	printf '%s\n' --security-opt=seccomp=unconfined --security-opt=apparmor=unconfined \
		--security-opt=systempaths=unconfined --cgroupns=private --device=/dev/fuse --device=/dev/net/tun
}

# What a runc container with those options must do by itself after each start.
prepare_runc() {
	docker exec "$1" sh -c '
		for m in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do
			! mountpoint -q $m || mount -o remount,bind,rw $m
		done
		chmod 666 /dev/fuse /dev/net/tun
		mount --make-rshared /'
}

# start_syscont NAME OPTION... IMAGE
start_syscont() {
	local name=$1; shift
	# shellcheck disable=SC2046
	start "$name" $(syscont_options) "$@"
	[[ $RUNTIME != runc ]] || prepare_runc "$name"
}

# run_dockerd NAME [OPTION...]: the engine inside, as far as this kernel lets it.
run_dockerd() {
	local name=$1; shift
	use_iptables "$name"
	[[ $(kernel_nat) != none ]] || set -- --iptables=false --ip6tables=false "$@"
	docker exec -d "$name" sh -c "exec dockerd $* >/var/log/dockerd.log 2>&1"
	wait_for 40 docker exec "$name" docker info ||
		{ docker exec "$name" tail -n 20 /var/log/dockerd.log >&2; return 1; }
}

# start_dockerd NAME [OPTION...]: the engine inside, and the small image that its image carries.
start_dockerd() {
	run_dockerd "$@"
	docker exec "$1" docker load -q -i /usr/share/sysbox/busybox.tar
}
