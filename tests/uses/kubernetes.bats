#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/uses/kubernetes.md without a cluster: its manifests, run by containerd's own CRI with the file
# that the page registers the runtime with; tests/uses/kubelet makes a kubelet's calls. The engine is
# a containerd 2.1: what it makes of user namespaces, networks and pause containers is the real thing.

load ../integration/common

MANIFESTS=$TOP/docs/kubernetes
CRI=kubernetes

cri() { "$TOP/tests/uses/cri-engine" "$1" "$CRI" "${@:2}"; }
kubelet() { cri kubelet "$@"; }

setup_file() {
	export SYSBOX_ENGINES=${SYSBOX_ENGINES:-/var/tmp/sysbox-engines} SYSBOX_CACHE=${SYSBOX_CACHE:-/var/cache/sysbox}
	SYSBOX_INSTALL=$("$TOP/tests/engine/install" engine-root-unstable)
	SYSBOX_RUNC=/usr/bin/sysbox-runc
	KUBELET_IMAGES="busybox=docker.io/sysbox/busybox:latest
		docker:dind=docker.io/sysbox/debian-systemd-docker:bookworm
		workspace=docker.io/sysbox/workspace:bookworm
		machine=docker.io/sysbox/debian-systemd-docker:bookworm"
	export SYSBOX_INSTALL SYSBOX_RUNC KUBELET_IMAGES
	cri start
	for image in debian-systemd-docker-bookworm workspace; do cri load "$("$TOP/images/build" $image)"; done
	kubelet apply "$MANIFESTS/runtimeclass.yaml"
}

teardown_file() { cri stop; }

teardown() { kubelet delete; }

# pod NAME SPEC: a manifest with the runtime class, from its spec in YAML's short form.
pod() {
	cat >"$BATS_TEST_TMPDIR/$1.yaml" <<-END
	apiVersion: v1
	kind: Pod
	metadata: {name: $1}
	spec: {runtimeClassName: sysbox-runc, ${2//$'\t'/ }}
	END
	kubelet apply "$BATS_TEST_TMPDIR/$1.yaml"
}

WAITS='image: busybox, command: [sleep, "100000"]'

@test "kubernetes: the manifests are what the API takes" {
	local f
	command -v kubectl >/dev/null || skip "no kubectl here"
	for f in "$MANIFESTS"/*.yaml; do
		# What kubectl reads and writes again without a server; a key that the API does not know gets lost.
		kubectl annotate --local -f "$f" -o json checked=yes |
			/usr/bin/python3 "$BATS_TEST_DIRNAME/same-keys.py" "$f"
	done
}

@test "kubernetes: hostUsers: false, the containers of a pod share user, network and ipc namespace with its pause container" {
	pod pair "hostUsers: false, containers: [{name: one, $WAITS}, {name: two, $WAITS}]"
	local ns
	for ns in user net ipc; do
		assert_equal "$(kubelet exec pair/one readlink /proc/self/ns/$ns)" "$(kubelet exec pair/two readlink /proc/self/ns/$ns)"
	done
	for ns in pid mnt cgroup; do
		assert_not_equal "$(kubelet exec pair/one readlink /proc/self/ns/$ns)" "$(kubelet exec pair/two readlink /proc/self/ns/$ns)"
	done
	run kubelet exec pair/one awk '{ print $1, $2, $3 }' /proc/self/uid_map
	assert_output '0 1879048192 65536' # the kubelet's choice
	run kubelet exec pair/one hostname
	assert_output pair
	kubelet exec pair/one sh -c 'mkdir /www; echo hello >/www/index.html; httpd -p 80 -h /www'
	run kubelet exec pair/two wget -q -O - http://127.0.0.1/
	assert_output hello
}

@test "kubernetes: root of a pod with hostUsers: false administers the pod's network" {
	pod net "hostUsers: false, containers: [{name: one, $WAITS}]"
	kubelet exec net/one ip addr add 192.0.2.1/32 dev eth0
	kubelet exec net/one sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
}

@test "kubernetes: pods have ids of their own" {
	pod a "hostUsers: false, containers: [{name: one, $WAITS}]"
	pod b "hostUsers: false, containers: [{name: one, $WAITS}]"
	assert_not_equal "$(kubelet exec a/one awk '{ print $2 }' /proc/self/uid_map)" "$(kubelet exec b/one awk '{ print $2 }' /proc/self/uid_map)"
}

@test "kubernetes: a pod without hostUsers has a user namespace all the same, of the runtime's choice" {
	pod plain "containers: [{name: one, $WAITS}, {name: two, $WAITS}]"
	run kubelet exec plain/one awk '{ print ($2 >= 65536), $3 }' /proc/self/uid_map
	assert_output '1 65536'
	assert_equal "$(kubelet exec plain/one readlink /proc/self/ns/net)" "$(kubelet exec plain/two readlink /proc/self/ns/net)"
}

@test "kubernetes: docker-in-pod.yaml: an engine and a container in it, within the pod's limits" {
	kubelet apply "$MANIFESTS/docker-in-pod.yaml"
	wait_for 90 kubelet exec docker-in-pod/engine docker info
	kubelet exec docker-in-pod/engine docker load -q -i /usr/share/sysbox/busybox.tar
	run kubelet exec docker-in-pod/engine docker run --rm -p 80:80 sysbox/busybox echo from within
	assert_output 'from within'
	run kubelet exec docker-in-pod/engine docker info --format '{{.Driver}} {{.MemTotal}}'
	assert_output 'overlay2 1073741824'
}

@test "kubernetes: nonroot.yaml: user, group, the group of the volume, what the init container gave" {
	kubelet apply "$MANIFESTS/nonroot.yaml"
	run kubelet exec nonroot/program id
	assert_output 'uid=1001 gid=1001 groups=1001'
	run kubelet exec nonroot/program stat -c '%u:%g' /data/started
	assert_output 1001:1001
	run kubelet exec nonroot/program grep -E 'CapEff|NoNewPrivs' /proc/self/status
	assert_line --regexp 'CapEff:\s+0000000000000000'
	assert_line --regexp 'NoNewPrivs:\s+1'
}

@test "kubernetes: systemd-pod.yaml: boots, and its engine runs a container" {
	kubelet apply "$MANIFESTS/systemd-pod.yaml"
	wait_for 120 kubelet exec machine/machine systemctl is-system-running --wait
	kubelet exec machine/machine docker load -q -i /usr/share/sysbox/busybox.tar
	run kubelet exec machine/machine docker run --rm sysbox/busybox echo from within
	assert_output 'from within'
}

@test "kubernetes: coder-workspace.yaml: an ordinary user with sudo starts an engine" {
	kubelet apply "$MANIFESTS/coder-workspace.yaml"
	run kubelet exec coder-workspace/dev id -u
	assert_output 1000
	wait_for 90 kubelet exec coder-workspace/dev docker info
	kubelet exec coder-workspace/dev docker load -q -i /usr/share/sysbox/busybox.tar
	run kubelet exec coder-workspace/dev docker run --rm sysbox/busybox echo from within
	assert_output 'from within'
	run kubelet exec coder-workspace/dev sh -c 'touch /home/coder/x; stat -c %u:%g /home/coder/x; echo $CODER_AGENT_TOKEN'
	assert_line --index 0 1000:1000
	assert_line --index 1 token
}

@test "kubernetes: a volume of the host's, as its owner sees it" {
	local dir
	dir=$("$TOP/tests/engine/engine" dir "$CRI")/scratch/host
	mkdir -p "$dir" && chown 65534:65534 "$dir" && chmod 700 "$dir"
	pod vol "hostUsers: false, securityContext: {runAsUser: 65534, runAsGroup: 65534}, volumes: [{name: v, hostPath: {path: $dir}}], containers: [{name: one, $WAITS, volumeMounts: [{name: v, mountPath: /v}]}]"
	kubelet exec vol/one sh -c 'echo x >/v/x'
	run stat -c '%u:%g' "$dir/x"
	assert_output 65534:65534
}

@test "kubernetes: a volume of the host's, which an init container gives to the pod's group" {
	local dir
	dir=$("$TOP/tests/engine/engine" dir "$CRI")/scratch/given
	mkdir -p "$dir" && chmod 755 "$dir"
	pod given "hostUsers: false, securityContext: {runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534},
		volumes: [{name: v, hostPath: {path: $dir}}],
		initContainers: [{name: own, image: busybox, securityContext: {runAsUser: 0, runAsGroup: 0},
			command: [sh, -c, 'chgrp -R 65534 /v && chmod g+rwxs /v'], volumeMounts: [{name: v, mountPath: /v}]}],
		containers: [{name: one, $WAITS, volumeMounts: [{name: v, mountPath: /v}]}]"
	kubelet exec given/one sh -c 'echo x >/v/x'
	run stat -c '%u:%g' "$dir/x" "$dir"
	assert_output $'65534:65534\n0:65534'
}

# The container's command, as a Coder template for systemd has it.
init_script() {
	cat <<-'SCRIPT'
	sudo -u coder --preserve-env=CODER_AGENT_TOKEN /bin/bash -- <<'END' &
	until [[ $(systemctl is-system-running) =~ ^(running|degraded) ]]; do sleep 1; done
	echo "$(id -un) $CODER_AGENT_TOKEN" >/tmp/agent
	END
	exec /sbin/init
	SCRIPT
}

@test "kubernetes: a workspace that becomes systemd, its agent as an ordinary user" {
	pod dev "hostUsers: false, securityContext: {runAsUser: 0, fsGroup: 0}, containers: [{name: dev, image: workspace,
		env: [{name: CODER_AGENT_TOKEN, value: token}], command: [sh, -c, $(init_script | jq -Rs .)]}]"
	wait_for 120 kubelet exec dev/dev test -s /tmp/agent
	run kubelet exec dev/dev cat /tmp/agent
	assert_output 'coder token'
	run kubelet exec dev/dev systemctl is-system-running
	assert_output running
}

# What the table of the page says of it: nobody inside may enter the pod's network again.
@test "kubernetes: engines in a pod without hostUsers: rootless Podman as ever, Docker without a network" {
	pod plain "securityContext: {runAsUser: 1000}, containers: [{name: dev, image: workspace, command: [sh, -c,
		'sudo dockerd --iptables=false --ip6tables=false --ip-forward=false --bridge=none >/tmp/dockerd.log 2>&1 & exec sleep 100000']}]"
	wait_for 90 kubelet exec plain/dev docker info
	kubelet exec plain/dev docker load -q -i /usr/share/sysbox/busybox.tar
	run kubelet exec plain/dev docker run --rm --network none sysbox/busybox echo from within
	assert_output 'from within'
	run kubelet exec plain/dev sh -c 'podman load -q -i /usr/share/sysbox/busybox.tar >/dev/null 2>&1 &&
		podman run --rm --network host --cgroups disabled localhost/sysbox/busybox ip -o -4 addr show eth0 2>/dev/null | wc -l'
	assert_output 1
}
