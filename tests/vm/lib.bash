# SPDX-License-Identifier: Apache-2.0
# What every script of this folder shares: messages, the cache, the table of kernels.
# shellcheck shell=bash

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VM_TOP=$(cd "$VM_DIR/../.." && pwd)
VM_CACHE=${SYSBOX_CACHE:-/var/cache/sysbox}/vm

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Exit status 125, so that it is not mistaken for that of a command in the guest.
die() {
	say "$*"
	exit 125
}

need() {
	local tool

	for tool; do
		command -v "$tool" >/dev/null || die "$tool is missing: see README.md, What it needs"
	done
}

# The first comment block of a script is its usage text.
usage() {
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
	exit 125
}

# kernel_row NAME: sets kind, suite, package, options from the table.
kind= suite= package= options=
kernel_row() {
	local row

	row=$(awk -v name="$1" '$1 == name' "$VM_DIR/kernels")
	[[ $row ]] || die "unknown kernel '$1', known are: $(kernel_names)"
	# shellcheck disable=SC2034 # the callers read them
	read -r _ kind suite package options <<<"$row"
	[[ $options != - ]] || options=
}

kernel_names() {
	awk '!/^#/ { printf "%s%s", sep, $1; sep = " " }' "$VM_DIR/kernels"
}

# digest FILE...: a short name for what these files of this folder say, taken together.
digest() {
	(cd "$VM_DIR" && sha256sum "$@") | sha256sum | cut -c1-10
}

# make_once PATH COMMAND ARGS: runs "COMMAND ARGS TEMPORARY", then renames TEMPORARY to PATH,
# unless PATH is there. Two callers at once make it once: the second waits for the first.
make_once() {
	local path=$1 tmp=$1.tmp

	shift
	mkdir -p "$(dirname "$path")"
	(
		flock 9
		[[ ! -e $path ]] || exit 0
		rm -rf "$tmp"
		trap 'rm -rf "$tmp"' EXIT
		"$@" "$tmp" && mv "$tmp" "$path"
	) 9>"$path.lock"
}

# extract_packages SUITE DIR PACKAGES: unpacks packages and all that they depend on, without
# configuring any, so that nothing is installed on this machine. The archive's signature is
# checked; its expiry date is not, as mirrors of unstable lag behind.
extract_packages() {
	local dir

	mmdebstrap --quiet --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' \
		--include="$3" "$1" "$2" ${SYSBOX_MIRROR:+"$SYSBOX_MIRROR"} || return
	# Packages of newer suites expect these links to be there already.
	for dir in bin lib lib64 sbin; do
		[[ -e $2/$dir ]] || ln -s "usr/$dir" "$2/$dir"
	done
}
