#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `docker build` whose RUN steps are system containers: an engine of the same kind whose default
# runtime is sysbox-runc is started for it. And what else carries images away.
#
#   INNER    the Debian inside: bookworm (Docker 20.10), trixie (26.1) or unstable (28.5)   (bookworm)

load helper

INNER=${INNER:-bookworm}
IMAGE=sysbox/debian-docker:$INNER

setup_file() {
	load helper
	sysbox_only
	docker_only
	export KIND_ENGINE=$ENGINE
	local kind
	kind=$(. "$(engine dir "$ENGINE")/env" && echo "$KIND")
	# BuildKit looks for a "runc", whatever the default runtime is.
	mkdir "$BATS_FILE_TMPDIR/bin"
	ln -s "$SYSBOX_RUNC" "$BATS_FILE_TMPDIR/bin/runc"
	BUILDKIT_RUNC=$SYSBOX_RUNC ENGINE_PATH=$BATS_FILE_TMPDIR/bin \
		engine start "$kind" --name "$ENGINE-build" --default-runtime=sysbox-runc >&2
	export ENGINE=$ENGINE-build
	need_image "debian-docker-$INNER"
}

teardown_file() {
	remove_scope test || true
	engine stop "$ENGINE" >&2
}

teardown() {
	remove_scope test
	docker rmi -f sysbox-test/built sysbox-test/built:export >/dev/null 2>&1 || true
}

# What a RUN step needs around commands for an engine.
WITH_ENGINE='rm -rf /run/docker.pid /run/docker /run/containerd; dockerd >/var/log/dockerd.log 2>&1 & \
	i=0; until docker info >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 150 ] || exit 1; sleep 0.2; done; set -e;'
END_ENGINE='kill $(cat /run/docker.pid); wait'

dockerfile() {
	cat <<-END
		FROM $IMAGE
		RUN $WITH_ENGINE docker load -q -i /usr/share/sysbox/busybox.tar; \\
			docker run --name made sysbox/busybox sh -c 'rm -r /home; mkdir /home; echo new >/home/new; rm /etc/group'; \\
			docker commit made nasty; docker rm made; $END_ENGINE
		RUN echo next >/next
		RUN $WITH_ENGINE docker run --rm nasty cat /home/new; docker tag nasty again; docker rmi nasty; $END_ENGINE
	END
}

build() {
	local -x DOCKER_BUILDKIT=$1
	dockerfile | docker build -t sysbox-test/built - >&2
}

# begin NAME IMAGE: a container with a running engine inside.
begin() {
	start "$1" "$2"
	inside "$1" 'rm -rf /run/docker.pid /run/docker /run/containerd'
	docker exec -d "$1" sh -c 'exec dockerd >/var/log/dockerd.log 2>&1'
	wait_for 40 docker exec "$1" docker info
}

assert_inner_images() {
	run -0 inside "$1" 'docker images --format "{{.Repository}}" | sort | tr "\n" " "
		docker run --rm again sh -c "ls /home; ls /etc/group 2>/dev/null; true"'
	assert_output 'again sysbox/busybox new'
}

@test "build: RUN steps with an engine inside, by the classic builder" {
	build 0
	begin box sysbox-test/built
	assert_inner_images box
	# Each step added what it changed.
	run -0 docker history --human=false --format '{{.Size}}' sysbox-test/built
	assert [ "${lines[0]}" -lt 1500000 ]
	assert [ "${lines[1]}" -lt 10000 ]
}

@test "build: by BuildKit, where the engine has it" {
	build 1
	begin box sysbox-test/built
	assert_inner_images box
}

@test "build: docker export and import carry what a stopped container has" {
	begin box "$IMAGE"
	inside box 'docker load -q -i /usr/share/sysbox/busybox.tar; docker tag sysbox/busybox again; kill $(cat /run/docker.pid)
		while [ -e /run/docker.pid ]; do sleep 0.1; done'
	docker stop -t 0 box
	docker export box | docker import - sysbox-test/built:export >/dev/null
	docker rm -f box
	begin box sysbox-test/built:export
	run -0 inside box 'docker run --rm again echo up'
	assert_output up
}
