#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every image of images/ starts and does what its README says that it is for.  What is not in the
# cache is built, without a registry, within BUILD_TIME.

load helper

export SYSBOX_REGISTRY=no
BUILD_TIME=${BUILD_TIME:-900}
R=sysbox-runc

setup_file() {
	load helper
	sysbox_only
	docker_only
	need_image busybox
}

teardown() {
	local pid
	for pid in "$BATS_TEST_TMPDIR"{,/open}/pid "$(scratch)/registry/pid"; do
		[[ ! -e $pid ]] || "$TOP/tests/helpers/registry" stop "$(dirname "$pid")"
	done
	rm -rf "$(scratch)/registry"
	remove_scope test
	docker volume rm -f images-test >/dev/null 2>&1 || true
	! engine list | grep -q "^preload " || engine stop preload >/dev/null
}

# have TARGET: as a reader of the README gets it.
have() {
	timeout "$BUILD_TIME" "$TOP/images/build" "$1" >/dev/null 2>"$BATS_TEST_TMPDIR/build.log" ||
		{ tail -n 20 "$BATS_TEST_TMPDIR/build.log" >&2; return 1; }
	need_image "$1"
}

# start_registry ENGINE: at 127.0.0.1:5000 of its network, until the test ends.
start_registry() { "$TOP/tests/helpers/registry" start "$1" "$BATS_TEST_TMPDIR" 127.0.0.1:5000; }

# once IMAGE CMD...: its output, in a container that ends with it.
once() { sc run --rm "$@"; }

is_up() { [[ $(docker exec "$1" systemctl is-system-running) == running ]]; }

port_of() { docker port "$1" "$2" | sed -n 's/.*://p;q'; }

# What the first bytes are that a published port says.
greeting() { engine exec "$ENGINE" timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && head -c 4 <&3"; }

@test "images: a folder's name is its first target" {
	run "$TOP/images/build" debian-docker
	assert_success
	assert_output --partial "/debian-docker-bookworm-"
}

@test "images: a wrong name names the right ones" {
	run "$TOP/images/build" nonesuch
	assert_failure
	assert_output --partial "no image nonesuch; there are: busybox debian-docker-bookworm"
}

@test "images: push-TARGET: to a registry, and from there" {
	local name=127.0.0.1:5000/team/sysbox/busybox:latest
	start_registry "$ENGINE"
	engine beside "$ENGINE" env SYSBOX_CACHE="$SYSBOX_CACHE" \
		make -C "$TOP/images" push-busybox IMAGE_REGISTRY=127.0.0.1:5000/team
	docker rmi $name
	run once $name echo pulled
	docker rmi $name
	assert_line pulled
	run make -C "$TOP/images" push-busybox DOCKER=true
	assert_failure
	assert_output --partial 'IMAGE_REGISTRY=HOST[:PORT][/PATH] is not set'
}

@test "images: debian-docker: an engine by hand" {
	have debian-docker-bookworm
	start hand sysbox/debian-docker:bookworm
	start_dockerd hand
	run docker exec hand docker run --rm sysbox/busybox echo inner
	assert_output inner
}

@test "images: debian-systemd boots to running" {
	local suite
	for suite in bookworm trixie unstable; do
		have "debian-systemd-$suite"
		sc run -d --name "plain-$suite" "sysbox/debian-systemd:$suite"
	done
	for suite in bookworm trixie unstable; do
		wait_for 60 is_up "plain-$suite"
		run docker exec "plain-$suite" systemctl --failed --no-legend --plain
		assert_output ""
	done
}

@test "images: debian-systemd-docker: a login on the console" {
	have debian-systemd-docker-bookworm
	sc run -dt --name console sysbox/debian-systemd-docker:bookworm
	wait_for 60 is_up console
	run docker logs console
	assert_output --partial "console"
	run docker exec console su admin -c 'id -nG'
	assert_output --regexp "sudo.*docker|docker.*sudo"
}

@test "images: supervisord-docker: both services, and again after a kill" {
	have supervisord-docker
	sc run -d -P --name super sysbox/supervisord-docker:bookworm
	wait_for 40 docker exec super docker info
	run greeting "$(port_of super 22)"
	assert_output "SSH-"
	docker exec super docker load -q -i /usr/share/sysbox/busybox.tar
	run docker exec super docker run --rm sysbox/busybox echo inner
	assert_output inner
	inside super 'kill -9 $(cat /run/docker.pid)'
	wait_for 40 docker exec super docker info
	docker stop -t 30 super
	run docker inspect -f '{{.State.ExitCode}}' super
	assert_output 0
	docker start super
	wait_for 40 docker exec super docker info
}

@test "images: alpine-docker says that it needs a registry" {
	run "$TOP/images/build" alpine-docker
	assert_failure
	assert_output --partial "alpine-docker: alpine:3.20 comes from a registry, and none answers"
}

@test "images: workspace: coder, sudo, engine, rootless Podman" {
	have workspace
	# As templates start it: a script, in place of the image's command.
	sc run -d --name work sysbox/workspace:bookworm \
		sh -c 'sudo dockerd >/tmp/dockerd.log 2>&1 & exec sleep infinity'
	run docker exec work sh -c 'id -u; id -un; pwd; sudo id -u; git --version; curl --version'
	assert_line --index 0 1000
	assert_line --index 1 coder
	assert_line --index 2 /home/coder
	assert_line --index 3 0
	wait_for 40 docker exec work docker info
	inside work 'docker load -q -i /usr/share/sysbox/busybox.tar; podman load -q -i /usr/share/sysbox/busybox.tar'
	run docker exec work docker run --rm sysbox/busybox echo docker
	assert_output docker
	run inside work 'podman run --rm sysbox/busybox echo podman 2>/dev/null; podman info -f "{{.Host.Security.Rootless}} {{.Store.GraphDriverName}}" 2>/dev/null'
	assert_line --index 0 podman
	assert_line --index 1 "true overlay"
}

@test "images: workspace: with systemd" {
	have workspace
	sc run -d --name work --user 0 --stop-signal SIGRTMIN+3 sysbox/workspace:bookworm /sbin/init
	wait_for 60 is_up work
	wait_for 40 docker exec --user coder work docker info
}

# An engine of the same kind that builds with system containers, as the README says.
start_preload_engine() {
	local kind
	kind=$(engine list | awk -v e="$ENGINE" '$1 == e { print $2 }')
	[[ $kind != system ]] || skip "needs an engine of its own, with another default runtime"
	engine start "$kind" --name preload --default-runtime=$R
}

@test "images: dind-preloaded: images in an engine that never ran" {
	start_preload_engine
	DOCKER="$TOP/tests/engine/engine cli preload" have dind-preloaded
	start loaded sysbox/dind-preloaded:bookworm
	docker exec -d loaded sh -c 'exec dockerd >/var/log/dockerd.log 2>&1'
	wait_for 40 docker exec loaded docker info
	run docker exec loaded docker images --format '{{.Repository}}'
	assert_line sysbox/busybox
	assert_line sysbox/distroless-nonroot
	run docker exec loaded docker run --rm sysbox/busybox echo inner
	assert_output inner
}

@test "images: dind-preloaded: by a registry into an engine that has nothing of it" {
	local name=127.0.0.1:5000/team/loaded
	start_preload_engine
	engine cli preload load -q -i "$(DOCKER="$TOP/tests/engine/engine cli preload" "$TOP/images/build" dind-preloaded)"
	start_registry preload
	engine cli preload tag sysbox/dind-preloaded:bookworm $name
	engine cli preload push -q $name
	engine cli preload rmi $name sysbox/dind-preloaded:bookworm
	engine cli preload run -d --name loaded $name sh -c 'exec dockerd >/dev/null 2>&1'
	wait_for 40 engine cli preload exec loaded docker info
	run engine cli preload exec loaded docker run --rm sysbox/busybox echo inner
	assert_output inner
}

@test "images: dind-preloaded: its recipe, by docker build" {
	local context=$BATS_TEST_TMPDIR/context
	start_preload_engine
	engine cli preload load -q -i "$("$TOP/images/build" busybox)"
	engine cli preload load -q -i "$("$TOP/images/build" debian-docker-bookworm)"
	mkdir "$context"
	cat >"$context/Dockerfile" <<-'END'
	FROM sysbox/debian-docker:bookworm
	RUN dockerd >/dev/null 2>&1 & \
	    until docker info >/dev/null 2>&1; do sleep 0.2; done; \
	    docker load -q -i /usr/share/sysbox/busybox.tar && kill $(cat /run/docker.pid) && wait
	END
	DOCKER_BUILDKIT=0 engine cli preload build -q -t mine - <"$context/Dockerfile"
	engine cli preload run -d --name mine mine sh -c 'exec dockerd >/dev/null 2>&1'
	wait_for 40 engine cli preload exec mine docker info
	run engine cli preload exec mine docker run --rm sysbox/busybox echo inner
	assert_output inner
}

@test "images: dind-preloaded says what its engine must be" {
	local cache=$BATS_TEST_TMPDIR/cache
	mkdir "$cache"
	SYSBOX_CACHE=$cache DOCKER="$TOP/tests/engine/engine cli $ENGINE" run "$TOP/images/build" dind-preloaded
	assert_failure
	assert_output --partial 'put "default-runtime": "sysbox-runc" into /etc/docker/daemon.json'
	SYSBOX_CACHE=$cache DOCKER=nonesuch run "$TOP/images/build" dind-preloaded
	assert_failure
	assert_output --partial 'no engine answers to `nonesuch info`'
}

# The outer container: privileged, as far as this machine can give that.
start_envbox() {
	# shellcheck disable=SC2046
	RUNTIME=runc sc run -d --name envbox $(RUNTIME=runc syscont_options) \
		-v /home/coder -v "$("$TOP/images/build" workspace 2>/dev/null):/workspace.tar:ro" \
		-e ENVBOX_IMAGE_TAR=/workspace.tar \
		-e CODER_INNER_IMAGE=sysbox/workspace:bookworm -e CODER_INNER_USERNAME=coder "$@" \
		sysbox/envbox:bookworm
}

inner() { docker exec envbox docker exec workspace_cvm "$@"; }

@test "images: envbox: a locked-down workspace, as its variables say" {
	have envbox
	have workspace
	start_envbox -e CODER_AGENT_TOKEN=token -e CODER_INNER_HOSTNAME=dev -e CODER_MEMORY=536870912 \
		-e CODER_MOUNTS=/home/coder:/home/coder -e 'CODER_INNER_ENVS=KUBERNETES_*,MINE' \
		-e KUBERNETES_PORT=1 -e MINE=2 -e OTHERS=3 -e CODER_ADD_TUN=true -e CODER_ADD_FUSE=true \
		-e CODER_BOOTSTRAP_SCRIPT='{ id; env; } >~/boot'
	wait_for 120 inner test -s /home/coder/boot
	run inner cat /home/coder/boot
	assert_line --partial "uid=1000(coder)"
	assert_line --partial "(docker)"
	assert_line CODER_AGENT_TOKEN=token
	assert_line KUBERNETES_PORT=1
	assert_line MINE=2
	assert_line BINARY_DIR=/home/coder/.coder
	refute_line --partial OTHERS
	# Root of the workspace is nobody outside.
	run inner awk '{ print ($2 > 65535) }' /proc/self/uid_map
	assert_output 1
	run inner sh -c 'hostname; awk "/MemTotal/ { print \$2 }" /proc/meminfo; test -c /dev/net/tun && test -c /dev/fuse && echo devices'
	assert_line --index 0 dev
	assert_line --index 1 524288
	assert_line --index 2 devices
	wait_for 60 inner docker info
	inner docker load -q -i /usr/share/sysbox/busybox.tar
	run inner docker run --rm sysbox/busybox echo three deep
	assert_output "three deep"
	docker stop -t 60 envbox
	run docker inspect -f '{{.State.ExitCode}}' envbox
	assert_output 0
}

@test "images: envbox: the workspace comes from a site's own registry, which asks who one is" {
	local registry secret
	have envbox
	registry=$(scratch)/registry
	mkdir -p "$registry/certs"
	"$TOP/tests/helpers/registry" lock "$registry" 172.17.0.1
	cp "$registry/ca.crt" "$registry/certs/"
	fill_registry "$registry"
	"$TOP/tests/helpers/registry" start "$ENGINE" "$registry" 172.17.0.1:5000
	# As kubectl create secret docker-registry writes it.
	secret='{"auths": {"172.17.0.1:5000": {"username": "ci", "password": "secret", "auth": "Y2k6c2VjcmV0"}}}'
	start_pulling denied
	start_pulling allowed -e CODER_IMAGE_PULL_SECRET="$secret"
	wait_for 60 sh -c "[ \"\$('$TOP/tests/engine/engine' cli '$ENGINE' inspect -f '{{.State.Running}}' denied)\" = false ]"
	wait_for 60 docker exec allowed docker image inspect 172.17.0.1:5000/sysbox/busybox
	run docker logs denied
	assert_output --partial "172.17.0.1:5000/sysbox/busybox could not be pulled"
	assert_output --partial "CODER_IMAGE_PULL_SECRET needed?"
}

# fill_registry DIR: with busybox, put there before anybody watches.
fill_registry() {
	local open=$BATS_TEST_TMPDIR/open name=127.0.0.1:5000/sysbox/busybox
	mkdir -p "$open" "$1/images"
	"$TOP/tests/helpers/registry" start "$ENGINE" "$open" 127.0.0.1:5000
	docker tag sysbox/busybox $name
	docker push -q $name
	docker rmi $name
	"$TOP/tests/helpers/registry" stop "$open"
	rm "$open/pid"
	cp -r "$open/images" "$1/"
}

# start_pulling NAME OPTION...: an envbox whose workspace's image is in that registry.
start_pulling() {
	local name=$1; shift
	# shellcheck disable=SC2046
	RUNTIME=runc sc run -d --name "$name" $(RUNTIME=runc syscont_options) -v "$registry/certs:/certs:ro" \
		-e CODER_INNER_IMAGE=172.17.0.1:5000/sysbox/busybox -e CODER_INNER_USERNAME=root \
		-e CODER_EXTRA_CERTS_PATH=/certs "$@" sysbox/envbox:bookworm
}

@test "images: envbox says what it lacks" {
	have envbox
	run once sysbox/envbox:bookworm
	assert_failure
	assert_output --partial "CODER_INNER_IMAGE is not set"
	RUNTIME=runc run sc run --rm -e CODER_INNER_IMAGE=x -e CODER_INNER_USERNAME=x sysbox/envbox:bookworm
	assert_failure
	assert_output --partial "must be privileged"
	start_envbox -e CODER_INNER_USERNAME=nonesuch
	wait_for 60 sh -c "[ \"\$('$TOP/tests/engine/engine' cli '$ENGINE' inspect -f '{{.State.Running}}' envbox)\" = false ]"
	run docker logs envbox
	assert_output --partial "no user nonesuch in sysbox/workspace:bookworm"
}

@test "images: runtime-*: not root, a shell, no command of their own" {
	local row image
	for row in runtime-python:3.11 runtime-node:20 runtime-multi:latest; do
		have "${row%:*}"
		image=sysbox/$row
		run docker inspect -f '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.Cmd}} {{.Config.Entrypoint}}' "$image"
		assert_output "65532:65532 /workspace [] []"
		run once "$image" sh -c 'id -u; pwd; touch here && echo writable; touch /etc/x 2>/dev/null || echo not root'
		assert_output $'65532\n/workspace\nwritable\nnot root'
	done
	run once sysbox/runtime-python:3.11 python -c 'import sys, venv; print(sys.version_info[:2])'
	assert_output "(3, 11)"
	run once sysbox/runtime-node:20 sh -c 'node -p "process.versions.node.split(\".\")[0]"; npm --version >/dev/null && echo npm'
	assert_output $'20\nnpm'
	run once sysbox/runtime-multi:latest sh -c 'python -c "print(1)"; node -p 2; pip --version >/dev/null && echo pip'
	assert_output $'1\n2\npip'
}

@test "images: distroless-nonroot: one program, no shell" {
	have distroless-nonroot
	run once sysbox/distroless-nonroot ids
	assert_output "uid=65534 gid=65534 groups=65534"
	run -127 once --entrypoint sh sysbox/distroless-nonroot
	run once -v images-test:/data sysbox/distroless-nonroot write /data/f
	assert_success
	run once -v images-test:/data sysbox/distroless-nonroot read /data/f
	assert_output "uid=65534 gid=65534 groups=65534"
	sc run -d -P --name serves sysbox/distroless-nonroot
	run engine exec "$ENGINE" timeout 5 bash -c \
		"exec 3<>/dev/tcp/127.0.0.1/$(port_of serves 8080) && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && tail -n 1 <&3"
	assert_output --partial "uid=65534"
	docker stop -t 20 serves
	run docker inspect -f '{{.State.ExitCode}}' serves
	assert_output 0
}
