#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A Docker engine inside a system container, unmodified and without privileges.
#
#   INNER    the Debian inside: bookworm (Docker 20.10), trixie (26.1) or unstable (28.5)   (bookworm)
#
# The data of the inner engine lies on a volume: overlayfs cannot be stacked on itself.

load helper

INNER=${INNER:-bookworm}
SMALL=sysbox/busybox

setup_file() {
	load helper
	need_image "debian-docker-$INNER"
	SCOPE="file" start_syscont dind -v "dind-$INNER:/var/lib/docker" "sysbox/debian-docker:$INNER"
	start_dockerd dind
}

teardown_file() {
	load helper
	remove_scope file
	docker volume rm "dind-$INNER" >/dev/null 2>&1 || true
}

# The client inside.
di() { docker exec dind docker "$@"; }

teardown() {
	# shellcheck disable=SC2016
	inside dind 'docker rm -f -v $(docker ps -aq) >/dev/null 2>&1; docker network prune -f >/dev/null; true'
	remove_scope test
	docker network rm outer1 >/dev/null 2>&1 || true
}

# From the system container itself: one HTTP request by bash, since the image has no curl.
fetch() {
	docker exec dind bash -c "exec 3<>/dev/tcp/$1/$2 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && tail -n 1 <&3"
}

# bats test_tags=short
@test "dind: the engine is up, with its proper storage driver" {
	run -0 di info --format '{{.Driver}} {{.ServerVersion}}'
	case $INNER in
	bookworm) assert_output --partial 'overlay2 20.10.' ;;
	trixie) assert_output --partial 'overlay2 26.1.' ;;
	unstable) assert_output --partial 'overlay2 28.5.' ;;
	esac
	run -0 inside dind 'grep -i "level=fatal\|panic" /var/log/dockerd.log || true'
	refute_output
}

# bats test_tags=short
@test "dind: docker run" {
	run -0 di run --rm $SMALL sh -c 'id -u; ls /proc | grep -c "^[0-9]"'
	assert_line --index 0 0
	assert_line --index 1 --regexp '^[1-3]$'
}

@test "dind: every namespace of an inner container is its own" {
	local n
	for n in ipc mnt net pid uts; do
		assert [ "$(di run --rm $SMALL readlink /proc/self/ns/$n)" != \
			"$(inside dind "readlink /proc/self/ns/$n")" ]
	done
}

# bats test_tags=short
@test "dind: docker run -it" {
	run -0 docker_on_terminal exec -it dind docker run --rm -it $SMALL sh -c 'sleep 0.5; tty; stty size'
	assert_line --regexp '/dev/(pts/0|console)'
	assert_line --regexp '^33 99'
}

# bats test_tags=short
@test "dind: docker run --privileged" {
	sysbox_only
	run -0 di run --rm --privileged $SMALL sh -c 'mkdir /m; mount -t tmpfs none /m && mount -t proc proc /m && ls /m/1/comm
		mount -o remount,rw /sys && ls /sys/fs/cgroup | head -n 1; hostname inner && hostname'
	assert_line /m/1/comm
	assert_line inner
}

# bats test_tags=short
@test "dind: exec, logs, cp, diff, stats, top, pause, restart" {
	di run -d --name in $SMALL sh -c 'echo started; sleep 1000'
	run -0 di exec in sh -c 'echo x >/root/x; cat /root/x'
	assert_output x
	run -0 di logs in
	assert_output started
	assert_equal "$(di cp in:/root/x - | tar -xOf -)" x
	run -0 di diff in
	assert_line 'A /root/x'
	run -0 di stats --no-stream --format '{{.PIDs}}' in
	assert_output 1
	run -0 di top in $(top_columns)
	assert_output --partial 'sleep 1000'
	di pause in
	di unpause in
	di restart -t 0 in
	assert_equal "$(di exec in cat /root/x)" x
	run -0 di inspect -f '{{.State.Status}}' in
	assert_output running
}

# bats test_tags=short
@test "dind: docker build" {
	inside dind 'mkdir -p /tmp/b && echo content >/tmp/b/file'
	docker exec -i dind sh -c 'cat >/tmp/b/Dockerfile' <<-END
	FROM $SMALL
	COPY file /etc/file
	RUN id -u && echo built >/etc/built && chown 1000:1000 /etc/built && ln -s built /etc/link
	RUN rm /etc/file && mkdir /etc/dir
	USER 1000
	CMD ["cat", "/etc/link"]
	END
	di build -q -t built /tmp/b
	run -0 di run --rm built
	assert_output built
	run -0 di run --rm built sh -c 'id -u; stat -c %u:%g /etc/built; ls /etc/file 2>&1 || true'
	assert_line --index 0 1000
	assert_line --index 1 1000:1000
	assert_line --index 2 --partial 'No such file'
	di rmi built
}

@test "dind: docker build with the classic builder" {
	docker exec -i dind sh -c 'mkdir -p /tmp/c; cat >/tmp/c/Dockerfile' <<-END
	FROM $SMALL
	RUN echo built >/etc/built
	RUN cat /etc/built && rm -r /home
	END
	docker exec -e DOCKER_BUILDKIT=0 dind docker build -t classic /tmp/c
	run -0 di run --rm classic sh -c 'cat /etc/built; ls -d /home 2>&1 || true'
	assert_line --index 0 built
	assert_line --index 1 --partial 'No such file'
	di rmi classic
}

# bats test_tags=short
@test "dind: a user network, names and a published port" {
	need_nat
	di network create backend
	di run -d --name web --network backend -p 8080:80 $SMALL \
		sh -c 'mkdir /www; echo "inner web" >/www/index.html; exec httpd -f -p 80 -h /www'
	run -0 di run --rm --network backend $SMALL wget -q -O - http://web/
	assert_output 'inner web'
	assert_equal "$(fetch 127.0.0.1 8080)" 'inner web'
	local address
	address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' dind)
	run -0 engine exec "$ENGINE" curl -s --max-time 5 "http://$address:8080/"
	assert_output 'inner web'
}

# two_networks: dind2 and other on an outer user network, web on an inner one.
two_networks() {
	need_nat
	docker network create outer1
	start_syscont dind2 --network outer1 -v /var/lib/docker "sysbox/debian-docker:$INNER"
	start other --network outer1 "sysbox/debian-docker:$INNER"
	start_dockerd dind2
	docker exec dind2 docker network create backend
	docker exec dind2 docker run -d --name web --network backend $SMALL sleep 1000
}

@test "dind: names of an inner network resolve while the outer one is a user network" {
	two_networks
	run -0 docker exec dind2 docker run --rm --network backend $SMALL ping -c 1 web
	run -0 docker exec dind2 getent hosts other
}

# bats test_tags=short
@test "dind: inner containers resolve names of the outer user network" {
	sysbox_only
	two_networks
	run -0 docker exec dind2 docker run --rm $SMALL ping -c 1 -W 3 other
	run -0 docker exec dind2 docker run --rm --network backend $SMALL ping -c 1 -W 3 other
}

@test "dind: --net=host inside is the system container's network" {
	run -0 di run --rm --net host $SMALL readlink /proc/self/ns/net
	assert_output "$(inside dind 'readlink /proc/self/ns/net')"
}

@test "dind: --pid=host inside is the system container's" {
	run -0 di run --rm --pid host $SMALL sh -c 'cat /proc/1/comm'
	assert_output "$(inside dind 'cat /proc/1/comm')"
}

# bats test_tags=short
@test "dind: --memory is honoured" {
	di run -d --name in --memory 48m --memory-swap 48m $SMALL sleep 1000
	run -0 di exec in sh -c 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes'
	assert_output 50331648
	run di exec in sh -c 'x=$(head -c 100m /dev/zero | tr "\0" x); echo survived'
	refute_output --partial survived
}

@test "dind: --pids-limit and --cpus are honoured" {
	run -0 di run --rm --pids-limit 33 --cpus 0.5 $SMALL sh -c '
		cat /sys/fs/cgroup/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids/pids.max
		cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us'
	assert_line --index 0 33
	assert_line --index 1 --regexp '^50000'
}

# bats test_tags=short
@test "dind: thirty inner containers started at the same time" {
	inside dind "for n in \$(seq 30); do docker run -d --name in\$n $SMALL sleep 1000 >/dev/null & done; wait"
	run -0 di ps -q
	assert_equal "${#lines[@]}" 30
	run -0 inside dind 'for n in $(seq 30); do docker exec in$n hostname & done; wait'
	assert_equal "$(sort -u <<<"$output" | wc -l)" 30
}

# bats test_tags=short
@test "dind: docker commit inside, save, load and run again" {
	di run --name in $SMALL sh -c 'echo committed >/etc/c; chown 1000:1001 /etc/c; rm -r /home; mkdir /home'
	di commit in inner-commit
	inside dind 'docker save inner-commit >/tmp/i.tar && docker rmi inner-commit && docker load -q -i /tmp/i.tar'
	run -0 di run --rm inner-commit sh -c 'cat /etc/c; stat -c %u:%g /etc/c; ls /home | wc -l'
	assert_line --index 0 committed
	assert_line --index 1 1000:1001
	assert_line --index 2 0
	di rmi -f inner-commit
}

@test "dind: volumes and binds inside" {
	run -0 inside dind "mkdir -p /tmp/src; echo bound >/tmp/src/f; chown 7:8 /tmp/src/f
		docker run --rm -v /tmp/src:/s:ro -v vol:/v $SMALL sh -c 'stat -c %u:%g /s/f; echo v >/v/v; ! echo x >/s/x'
		docker run --rm -v vol:/v $SMALL cat /v/v; docker volume rm vol >/dev/null"
	assert_line 7:8
	assert_line v
}

@test "dind: --read-only, --user, --cap-drop, --tmpfs, --init inside" {
	run -0 di run --rm --read-only --user 1000:1000 --cap-drop ALL --tmpfs /t:mode=1777 --init $SMALL \
		sh -c 'id -u; echo x >/t/x; cat /t/x; echo y 2>/dev/null >/y || echo refused; grep CapBnd /proc/self/status'
	assert_line 1000
	assert_line x
	assert_line refused
	assert_line --regexp 'CapBnd:\s+0000000000000000'
}

@test "dind: inner seccomp profile and no-new-privileges" {
	run -0 di run --rm --security-opt no-new-privileges $SMALL sh -c 'grep -E "Seccomp:|NoNewPrivs" /proc/self/status'
	assert_line --regexp 'NoNewPrivs:\s+1'
	assert_line --regexp 'Seccomp:\s+2'
}

@test "dind: compose" {
	need_nat
	local compose
	compose=$(inside dind 'docker compose version >/dev/null 2>&1 && echo docker compose || command -v docker-compose') ||
		skip "no compose in this image"
	docker exec -i dind sh -c 'mkdir -p /tmp/p; cat >/tmp/p/docker-compose.yml' <<-END
	version: "3"
	services:
	  web:
	    image: $SMALL
	    command: sh -c 'mkdir /www; echo composed >/www/index.html; exec httpd -f -p 80 -h /www'
	    ports: ["8090:80"]
	  client:
	    image: $SMALL
	    depends_on: [web]
	    command: sh -c 'until wget -q -O - http://web/; do sleep 0.2; done'
	END
	inside dind "cd /tmp/p && $compose up -d 2>&1"
	wait_for 20 inside dind "cd /tmp/p && $compose logs client 2>&1 | grep composed"
	assert_equal "$(fetch 127.0.0.1 8090)" composed
	inside dind "cd /tmp/p && $compose down 2>&1"
}

@test "dind: the inner engine restarts, and so does what it had to keep running" {
	di run -d --name in --restart always $SMALL sleep 1000
	inside dind 'kill $(cat /run/docker.pid 2>/dev/null || cat /var/run/docker.pid); while pidof dockerd >/dev/null; do sleep 0.2; done'
	start_dockerd dind
	wait_for 10 di exec in true
}

# bats test_tags=short
@test "dind: the system container restarts with its images" {
	di tag $SMALL kept
	docker restart -t 5 dind
	[[ $RUNTIME != runc ]] || prepare_runc dind
	inside dind 'find /run -name "*.pid" -delete'
	start_dockerd dind
	run -0 di run --rm kept echo still here
	assert_output 'still here'
}

@test "dind: an engine with the containerd image store" {
	[[ $INNER != bookworm ]] || skip "Docker 20.10 has none"
	start_syscont dind3 -v /var/lib/docker -v /var/lib/containerd "sysbox/debian-docker:$INNER"
	inside dind3 'mkdir -p /etc/docker
		echo "{\"features\": {\"containerd-snapshotter\": true}}" >/etc/docker/daemon.json'
	start_dockerd dind3
	run docker exec dind3 docker run --rm $SMALL echo from the store
	assert_success
	assert_output 'from the store'
	assert_equal "$(docker exec dind3 docker info --format '{{.Driver}}')" overlayfs
}

# bats test_tags=short
@test "dind: removed with everything that ran in it" {
	start_syscont dind4 -v /var/lib/docker "sysbox/debian-docker:$INNER"
	start_dockerd dind4
	docker exec dind4 docker run -d $SMALL sleep 1000
	docker exec dind4 docker run -d $SMALL sleep 1000
	local before; before=$(init_pid dind4)
	docker rm -f -v dind4
	refute [ -e "/proc/$before" ]
	wait_for 10 bash -c '! "$@" | grep -q "sleep 1000"' sh "$TOP/tests/engine/engine" remains "$ENGINE"
}
