#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Prepare the namespaces of one engine, then hold them.  Called by ./engine, in fresh mount and
# network namespaces whose mounts are slaves of the machine's: nothing done here can reach back.
# The machine's own cgroup mounts are only ever bound, never unmounted, and no directory of a
# file system that the machine shares is removed.
#
# usage: enter.sh DIR ROOTFS INSTALL REMAP

set -euo pipefail
DIR=$1 ROOTFS=$2 INSTALL=$3 REMAP=$4

# The hierarchies of the machine below a directory of our own: Podman makes directories there for
# controllers that are not mounted.
collect_cgroups() {
	local d into=$1
	if mountpoint -q /sys/fs/cgroup && [[ -e /sys/fs/cgroup/cgroup.procs ]]; then
		mount --rbind /sys/fs/cgroup "$into"
		return
	fi
	for d in /sys/fs/cgroup/*; do
		if [[ -L $d ]]; then
			cp -P "$d" "$into/"
		elif mountpoint -q "$d"; then
			mkdir "$into/${d##*/}"
			mount --bind "$d" "$into/${d##*/}"
		fi
	done
}

# What a fresh sysfs would hide and not take away: Podman fails where it cannot unmount all that
# is listed below /sys/kernel.
clear_sys_kernel() {
	local target
	awk '$5 ~ "^/sys/kernel/" { print $5 }' /proc/self/mountinfo | tac | while read -r target; do
		umount "$target"
	done
}

# Network settings below /sys/class/net must be this namespace's own.
fresh_sysfs() {
	local root=$1 cgroups=$DIR/run/cgroup
	mkdir -p "$cgroups"
	collect_cgroups "$cgroups"
	mount -t sysfs sysfs "$root/sys"
	mount --rbind "$cgroups" "$root/sys/fs/cgroup"
}

# The engine's root: the unpacked Debian, what `make install` laid over it, and a writable layer.
# What engines and runtime keep on disk must not lie on this overlay.
enter_rootfs() {
	local root=$DIR/root d
	mkdir -p "$root" "$DIR/upper" "$DIR/work" "$DIR/var/sysbox"
	mount -t overlay -o "lowerdir=${INSTALL:+$INSTALL:}$ROOTFS,upperdir=$DIR/upper,workdir=$DIR/work" \
		overlay "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	fresh_sysfs "$root"
	mkdir -p "$root/var/lib/sysbox"
	mount --bind "$DIR/var/sysbox" "$root/var/lib/sysbox"
	for d in "$DIR" "$SYSBOX_CACHE"; do
		mkdir -p "$root$d"
		mount --bind "$d" "$root$d"
	done
	cat /etc/resolv.conf >"$root/etc/resolv.conf"
	mkdir -p "$root/.old"
	cd "$root"
	pivot_root . .old
	umount --lazy /.old
	rmdir /.old
}

# Docker's userns-remap wants a user with ranges; give it one without touching the machine's files.
add_remap_user() {
	local f
	mkdir -p "$DIR/etc"
	for f in passwd group subuid subgid; do
		touch "/etc/$f"
		cp "/etc/$f" "$DIR/etc/$f"
	done
	echo 'dockremap:x:64990:64990::/nonexistent:/usr/sbin/nologin' >>"$DIR/etc/passwd"
	echo 'dockremap:x:64990:' >>"$DIR/etc/group"
	echo 'dockremap:2100000000:65536' | tee -a "$DIR/etc/subuid" >>"$DIR/etc/subgid"
	for f in passwd group subuid subgid; do mount --bind "$DIR/etc/$f" "/etc/$f"; done
}

mount -t tmpfs -o mode=755 run "$DIR/run"
if [[ -n $ROOTFS ]]; then
	enter_rootfs
	mount -t tmpfs -o mode=755 run "$DIR/run"
else
	clear_sys_kernel
	fresh_sysfs ''
fi
mount -t tmpfs -o mode=755 run /run
mkdir /run/lock
[[ -z $REMAP ]] || add_remap_user
# From here on as on a machine booted by systemd: mounts are shared, within this namespace.
mount --make-rprivate /
mount --make-rshared /
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
: >"$DIR/ready"
exec sleep infinity
