#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks of the engine, and namespaces shared with other containers.

load helper

setup_file() {
	load helper
	need_image busybox
	need_image debian-docker-bookworm
}

teardown() {
	remove_scope test
	docker network rm net1 >/dev/null 2>&1 || true
}

IMAGE=sysbox/busybox
DEBIAN=sysbox/debian-docker:bookworm

address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

# A web server inside: answers every request with the given text.
serve() {
	inside "$1" "mkdir -p /www; echo '$3' >/www/index.html; httpd -p $2 -h /www"
}

# bats test_tags=short
@test "bridge: two containers reach each other by address" {
	own_network
	start one $IMAGE
	start two $IMAGE
	serve one 80 'this is one'
	run -0 inside two "wget -q -O - http://$(address one)/"
	assert_output 'this is one'
	# Podman's default capabilities are too few for ping with runc.
	[[ $(family) == podman && $RUNTIME == runc ]] || inside two "ping -c 1 -W 2 $(address one)"
}

# bats test_tags=short
@test "user network: names and aliases resolve, and change with the containers" {
	need_nat
	docker network create net1
	start one --network net1 --network-alias web $IMAGE
	start two --network net1 $IMAGE
	serve one 8080 'named'
	run -0 inside two 'wget -q -O - http://one:8080/; wget -q -O - http://web:8080/'
	assert_line --index 0 named
	assert_line --index 1 named
	docker rm -f one
	run inside two 'nslookup one'
	assert_failure
}

@test "user network: connected and disconnected while running" {
	docker_only
	docker network create net1
	start one $IMAGE
	docker network connect net1 one
	run -0 inside one 'ip -o link | grep -c "eth[01]"'
	assert_output 2
	docker network disconnect net1 one
	run -0 inside one 'ip -o link | grep -c "eth[01]"'
	assert_output 1
}

# bats test_tags=short
@test "published port: reached from the host" {
	own_network
	start web -p 127.0.0.1:18080:80 $IMAGE
	serve web 80 'from outside'
	run -0 engine exec "$ENGINE" curl -s http://127.0.0.1:18080/
	assert_output 'from outside'
}

@test "published port: udp and a range" {
	docker_only
	start web -p 127.0.0.1:19000-19002:9000-9002 -p 127.0.0.1:19000:9000/udp $IMAGE
	serve web 9001 ranged
	run -0 engine exec "$ENGINE" curl -s http://127.0.0.1:19001/
	assert_output ranged
	run -0 docker port web
	assert_line --partial '9000/udp'
}

# bats test_tags=short
@test "root inside has its own network to administer" {
	own_network
	sysbox_only
	need_nat
	start box $DEBIAN
	use_iptables box
	run -0 inside box 'ip link add dummy9 type dummy 2>/dev/null || ip link add br9 type bridge
		ip addr add 10.99.0.1/24 dev eth0; ip route add 10.98.0.0/16 via 10.99.0.2
		iptables -A OUTPUT -d 10.97.0.1 -j REJECT; iptables -t nat -A POSTROUTING -j MASQUERADE
		iptables -S OUTPUT; sysctl -w net.ipv4.ip_forward=1'
	assert_line --partial 10.97.0.1
	refute engine exec "$ENGINE" iptables -C OUTPUT -d 10.97.0.1 -j REJECT
}

@test "ports below 1024 can be bound, also by a user who is not root" {
	own_network
	start box --user 1000 --sysctl net.ipv4.ip_unprivileged_port_start=0 $IMAGE
	run -0 inside box 'httpd -p 127.0.0.1:80 -h /etc && wget -q -O - http://127.0.0.1/group | head -n 1'
	assert_output --partial root
}

# bats test_tags=short
@test "--net=none: loopback and nothing else" {
	run -0 sc run --rm --net none $IMAGE ls /sys/class/net
	assert_output lo
}

@test "/sys/class/net shows the container's own interfaces" {
	run -0 sc run --rm $IMAGE ls /sys/class/net
	assert_output "$(printf 'eth0\nlo')"
}

# --- shared namespaces ----------------------------------------------------------------------

# bats test_tags=short
@test "--net=container: one network for both, and root of both may change it" {
	own_network
	start one $IMAGE
	start two --net container:one $IMAGE
	serve one 8080 shared
	run -0 inside two 'wget -q -O - http://127.0.0.1:8080/; hostname'
	assert_line --index 0 shared
	assert_equal "$(inside two 'readlink /proc/self/ns/net')" "$(inside one 'readlink /proc/self/ns/net')"
	! with_runc || return 0
	inside two 'ip addr add 10.55.0.1/32 dev lo'
	run -0 inside one 'ip addr show lo'
	assert_output --partial 10.55.0.1
}

@test "--net=container: of a runc container is refused, or works without giving power over it" {
	docker_only
	sysbox_only
	docker run -d --name plain --label scope=test --runtime=runc $IMAGE sleep infinity
	if ! sc run -d --name two --net container:plain $IMAGE sleep infinity 2>"$BATS_TEST_TMPDIR/err"; then
		assert [ -s "$BATS_TEST_TMPDIR/err" ]
		return
	fi
	run inside two 'ip addr add 10.55.0.1/32 dev lo'
	assert_failure
}

# bats test_tags=short
@test "--pid=container: sees and signals the other's processes" {
	start one --init $IMAGE
	start two --pid container:one $IMAGE
	docker exec -d one sleep 7531
	run -0 inside two 'ps | grep -v grep | grep -c "sleep 7531"'
	assert_output 1
	run -0 inside two 'for p in /proc/[0-9]*; do
			tr "\0" " " <$p/cmdline | grep -q "^sleep 7531" && kill ${p#/proc/}; done; sleep 0.5
		ps | grep -v grep | grep -c "sleep 7531" || true'
	assert_output 0
}

@test "--ipc=container: shared memory of both" {
	docker_only
	start one --ipc shareable $IMAGE
	start two --ipc container:one $IMAGE
	inside one 'echo x >/dev/shm/x'
	run -0 inside two 'cat /dev/shm/x'
	assert_output x
}

@test "net, pid and ipc of one container at the same time, as a pod has them" {
	docker_only
	start pause --ipc shareable $IMAGE
	start app --net container:pause --pid container:pause --ipc container:pause $IMAGE
	start side --net container:pause --pid container:pause --ipc container:pause $IMAGE
	serve app 8080 pod
	run -0 inside side 'wget -q -O - http://127.0.0.1:8080/; ps | grep -c "sleep infinity"'
	assert_line --index 0 pod
	docker restart -t 0 app
	run -0 inside app 'readlink /proc/self/ns/net'
	assert_output "$(inside pause 'readlink /proc/self/ns/net')"
}

# --- the host's namespaces ------------------------------------------------------------------

# refused OPTION WORD: the engine shows our message, which says what cannot be had.
refused() {
	run sc run --rm --name box "$1" $IMAGE true
	assert_failure
	assert_output --partial "$2"
	assert_output --partial 'system container'
	refute_output --partial 'panic'
}

# bats test_tags=short
@test "--net=host: refused, with the reason" {
	sysbox_only
	refused --net=host 'network'
}

# bats test_tags=short
@test "--pid=host: refused, with the reason" {
	sysbox_only
	refused --pid=host 'pid'
}

@test "--ipc=host and --uts=host: refused, with the reason" {
	sysbox_only
	refused --ipc=host 'ipc'
	refused --uts=host 'uts'
}

# bats test_tags=short
@test "--userns=host: never gives the host's user namespace" {
	sysbox_only
	run sc run --rm --userns=host $IMAGE cat /proc/self/uid_map
	if [ "$status" -eq 0 ]; then
		refute_output --regexp '^ *0 +0 '
	else
		assert_output --partial user
	fi
}

@test "a refused container leaves nothing behind" {
	sysbox_only
	run sc run --name box --net=host $IMAGE true
	assert_failure
	docker rm -f box
	run -0 engine check "$ENGINE"
}
