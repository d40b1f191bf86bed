# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Kernels that have less: User Mode Linux has no nftables for IPv4, or no address translation at
# all. Which it is, and what an engine inside must be told.

# Prints nft, legacy or none.
kernel_nat() {
	local flavour
	command -v iptables >/dev/null || { echo nft; return; }
	for flavour in nft legacy; do
		if unshare -n "iptables-$flavour" -t nat -N probe 2>/dev/null; then
			echo $flavour
			return
		fi
	done
	echo none
}

# nat_files: a tar for the root of a machine that is not started yet, of what its engine must find
# there (`docker cp - NAME:/`). Empty where this kernel has all.
nat_files() {
	local dir flavour
	dir=$(mktemp -d)
	flavour=$(kernel_nat)
	mkdir -p "$dir"/{legacy/etc/alternatives,none/etc/docker,nft}
	ln -s /usr/sbin/iptables-legacy "$dir/legacy/etc/alternatives/iptables"
	ln -s /usr/sbin/ip6tables-legacy "$dir/legacy/etc/alternatives/ip6tables"
	echo '{ "iptables": false, "ip6tables": false }' >"$dir/none/etc/docker/daemon.json"
	find "$dir/$flavour" ! -type d -printf '%P\n' | tar -C "$dir/$flavour" --owner=0 --group=0 -c -T -
	rm -rf "$dir"
}
