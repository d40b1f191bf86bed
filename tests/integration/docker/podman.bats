#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Podman does differently from Docker, through `podman --runtime`.

# bats file_tags=short

load helper

setup_file() {
	load helper
	need_image busybox
}

teardown() {
	remove_scope test
	docker pod rm -f -a >/dev/null 2>&1 || true
}

IMAGE=sysbox/busybox

@test "podman: the runtime under test is the one that runs" {
	start box $IMAGE
	run -0 docker inspect -f '{{.OCIRuntime}}' box
	assert_output --partial "$RUNTIME"
}

# Where Podman 4 itself makes the cgroup of a pod (not systemd), and by v2, it forbids every device
# there: runc fails, too. So the containers' cgroups are beside it.
pod_options() {
	[[ $ENGINE == podman-4* && -e /sys/fs/cgroup/cgroup.controllers ]] || return 0
	echo "--share-parent=false --cgroup-parent=$(engine cgroup "$ENGINE")/containers"
}

@test "podman: a pod, with shared network and names" {
	[[ $ENGINE != podman-4* ]] || prlimit --nofile=1048576:1048576 true 2>/dev/null ||
		skip "Podman 4 wants more open files for a pod than this machine may give"
	# shellcheck disable=SC2046
	docker pod create --name pod $(pod_options)
	sc run -d --name web --pod pod $IMAGE sh -c 'mkdir /www; echo pod >/www/index.html; exec httpd -f -p 8080 -h /www' >/dev/null
	run -0 sc run --rm --pod pod $IMAGE sh -c 'sleep 0.5; wget -q -O - http://127.0.0.1:8080/'
	assert_output pod
	docker pod stop -t 1 pod
	docker pod start pod
	wait_for 5 docker exec web wget -q -O - http://127.0.0.1:8080/
}

@test "podman: mappings given on the command line win" {
	run -0 sc run --rm --uidmap 0:300000:65536 --gidmap 0:300000:65536 $IMAGE \
		sh -c 'cat /proc/self/uid_map; stat -c %u:%g / /bin/busybox; echo x >/x; stat -c %u /x'
	assert_line --index 0 --regexp '^ +0 +300000 +65536$'
	assert_line --index 1 0:0
	assert_line --index 2 0:0
	assert_line --index 3 0
}

@test "podman: with mappings, root inside has its own network to administer" {
	sc run -d --name box --uidmap 0:300000:65536 --gidmap 0:300000:65536 $IMAGE sleep infinity >/dev/null
	inside box 'mkdir /www; echo here >/www/index.html; httpd -p 80 -h /www; ip addr show eth0'
	run -0 engine exec "$ENGINE" curl -s "http://$(docker inspect -f '{{.NetworkSettings.IPAddress}}' box)/"
	assert_output here
	with_runc || inside box 'ip link add br9 type bridge && ip addr add 10.99.0.1/24 dev br9'
}

@test "podman: with mappings, the engine's own files are root's inside" {
	run -0 sc run --rm --uidmap 0:300000:65536 --gidmap 0:300000:65536 -v pv:/data $IMAGE sh -c \
		'stat -c %u:%g /etc/hosts /etc/hostname /etc/resolv.conf; echo x >>/etc/hosts && echo written'
	assert_equal "$(grep -c '^0:0$' <<<"$output")" 3
	assert_line written
}

# cp_both_ways OPTION...
cp_both_ways() {
	sc run -d --name box "$@" $IMAGE sleep infinity >/dev/null
	run inside box 'cat /etc/new'
	assert_failure
	echo fresh >"$BATS_TEST_TMPDIR/new"
	tar -C "$BATS_TEST_TMPDIR" -cf - --owner=0 --group=0 new | docker cp - box:/etc
	run -0 inside box 'cat /etc/new; stat -c %u:%g /etc/new; touch /etc/mine; echo out >/etc/out'
	assert_line --index 0 fresh
	assert_line --index 1 0:0
	assert_equal "$(docker cp box:/etc/out - | tar -xOf -)" out
}

@test "podman: cp both ways while running" {
	with_runc || skip "Podman copies as the host's root within the container's mounts, where that has no id"
	cp_both_ways
}

@test "podman: cp both ways while running, with mappings" {
	cp_both_ways --uidmap 0:300000:65536 --gidmap 0:300000:65536
}

@test "podman: top, stats and pause" {
	start box $IMAGE
	run -0 docker top box pid args
	assert_output --partial 'sleep infinity'
	run -0 docker stats --no-stream --format '{{.PIDs}}' box
	assert_output 1
	docker pause box
	docker unpause box
	assert_equal "$(inside box 'echo up')" up
}

@test "podman: --init, --systemd=false, --read-only with its own tmpfs" {
	run -0 sc run --rm --init $IMAGE sh -c 'cat /proc/1/comm'
	assert_output --regexp 'init|catatonit'
	run -0 sc run --rm --read-only $IMAGE sh -c 'echo x >/tmp/x; cat /tmp/x; echo y 2>/dev/null >/y || echo refused'
	assert_line --index 0 x
	assert_line --index 1 refused
}

@test "podman: checkpoint is refused plainly" {
	sysbox_only
	start box $IMAGE
	run docker container checkpoint box
	assert_failure
	assert_equal "$(inside box 'echo still up')" 'still up'
}

@test "podman: nothing is left behind" {
	start box $IMAGE
	docker rm -f -t 0 box
	run -0 engine check "$ENGINE"
}
