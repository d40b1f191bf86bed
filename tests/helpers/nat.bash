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

# What a shell of the container must do before an engine there is started by systemd.
adapt_iptables() {
	case $(kernel_nat) in
	legacy) echo 'for t in iptables ip6tables; do update-alternatives --set $t /usr/sbin/$t-legacy; done' ;;
	none) echo 'mkdir -p /etc/docker; echo "{\"iptables\": false, \"ip6tables\": false}" >/etc/docker/daemon.json' ;;
	*) echo : ;;
	esac
}
