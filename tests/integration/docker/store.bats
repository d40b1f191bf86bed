#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where inner engines keep their data: no volume, no option.
#
#   INNER    the Debian inside: bookworm (Docker 20.10), trixie (26.1) or unstable (28.5)   (bookworm)

load helper

INNER=${INNER:-bookworm}
IMAGE=sysbox/debian-docker:$INNER
SMALL=sysbox/busybox

setup_file() {
	load helper
	need_image "debian-docker-$INNER"
}

setup() { sysbox_only; }

teardown() {
	remove_scope test
	docker rmi -f sysbox-test/store >/dev/null 2>&1 || true
	docker volume rm store-test >/dev/null 2>&1 || true
}

# The engine's directory of a container's layer.
layer_dir() { dirname "$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' "$1")"; }

overlay2_only() {
	run docker info --format '{{.Driver}}'
	[[ $output == overlay2 ]] || skip "looks into directories of overlay2"
}

is_store() { docker exec "$1" grep -q "/sysbox-store/$3 $2 " /proc/self/mountinfo; }

# bats test_tags=short
@test "store: an inner engine has overlay2 without a volume" {
	start box "$IMAGE"
	start_dockerd box
	run -0 docker exec box docker info --format '{{.Driver}}'
	assert_output overlay2
	run -0 docker exec box docker run --rm $SMALL id -u
	assert_output 0
}

@test "store: inner containerd as the image store" {
	[[ $INNER == unstable ]] || skip "Docker 23 or newer"
	start box "$IMAGE"
	inside box 'mkdir -p /etc/docker && echo "{\"features\":{\"containerd-snapshotter\":true}}" >/etc/docker/daemon.json'
	start_dockerd box
	run -0 docker exec box docker info --format '{{.Driver}}'
	assert_output overlayfs
	run -0 docker exec box docker run --rm $SMALL echo up
	assert_output up
}

# bats test_tags=short
@test "store: stop and start keep inner images and containers" {
	start box "$IMAGE"
	start_dockerd box
	docker exec box docker run --name in $SMALL sh -c 'echo kept >/file'
	docker exec box sh -c 'kill "$(cat /run/docker.pid)"'
	docker restart -t 1 box
	docker exec box rm -f /run/docker.pid
	run_dockerd box
	run -0 docker exec box sh -c 'docker cp in:/file - | tar -xOf -'
	assert_output kept
}

# bats test_tags=short
@test "store: rm leaves nothing, with whatever is in it" {
	overlay2_only
	start box "$IMAGE"
	local dir
	dir=$(layer_dir box)
	docker exec box sh -c 'cd /var/lib/docker && mkdir d && mknod d/w c 0 0 && mkfifo d/f && ln -s /no/where l && chmod 0 d'
	assert [ -d "$dir/sysbox-store/docker/d" ]
	docker rm -f box
	assert [ ! -e "$dir" ]
}

# bats test_tags=short
@test "store: every directory of a known engine has one, with the mode that the engine gives" {
	start box "$IMAGE"
	local d
	for d in docker containerd containers buildkit kubelet k0s; do
		is_store box "/var/lib/$d" $d
	done
	is_store box /var/lib/rancher/k3s k3s
	is_store box /var/lib/rancher/rke2 rke2
	run -0 docker exec box stat -c '%a %u:%g' /var/lib/docker /var/lib/containerd
	assert_line --index 0 '710 0:0'
	assert_line --index 1 '700 0:0'
}

@test "store: an image that is no system has none" {
	need_image busybox
	start box $SMALL
	run -1 docker exec box grep sysbox-store /proc/self/mountinfo
}

# bats test_tags=short
@test "store: a mount of the user's at or above is respected" {
	start box -v store-test:/var/lib/docker --tmpfs /var/lib/rancher "$IMAGE"
	docker exec box touch /var/lib/docker/in-volume
	run -0 docker run --rm -v store-test:/v "$IMAGE" ls /v
	assert_output in-volume
	run -0 docker exec box awk '$5 ~ "^/var/lib/(docker|rancher)" { print $5 }' /proc/self/mountinfo
	assert_output $'/var/lib/docker\n/var/lib/rancher'
}

@test "store: a volume below lies in it" {
	start box -v store-test:/var/lib/docker/volumes "$IMAGE"
	is_store box /var/lib/docker docker
	docker exec box touch /var/lib/docker/volumes/x
	run -0 docker run --rm -v store-test:/v "$IMAGE" ls /v
	assert_output x
}

@test "store: the image's link leads into a volume, which is respected" {
	docker run --name store-made --label scope=test "$IMAGE" sh -c 'rm -rf /var/lib/docker; ln -s /data/docker /var/lib/docker'
	docker commit store-made sysbox-test/store >/dev/null
	start box -v store-test:/data sysbox-test/store
	run -1 docker exec box grep '/sysbox-store/docker ' /proc/self/mountinfo
	run -0 docker exec box sh -c 'mkdir /data/docker && echo x >/var/lib/docker/f && cat /data/docker/f'
	assert_output x
}

@test "store: a data root in daemon.json, and directories that the user names" {
	docker run --name store-made --label scope=test "$IMAGE" \
		sh -c 'mkdir -p /etc/docker && echo "{\"data-root\": \"/srv/docker\"}" >/etc/docker/daemon.json'
	docker commit store-made sysbox-test/store >/dev/null
	start box -e SYSBOX_STORE_DIRS=/srv/build,/opt/data sysbox-test/store
	is_store box /srv/docker -srv-docker
	is_store box /srv/build -srv-build
	is_store box /opt/data -opt-data
	start_dockerd box
	run -0 docker exec box docker info --format '{{.Driver}} {{.DockerRootDir}}'
	assert_output 'overlay2 /srv/docker'
	run -1 docker exec box printenv SYSBOX_STORE_DIRS
}

# bats test_tags=short
@test "store: what the image has there comes with it, byte for byte" {
	local manifest
	overlay2_only
	# A tree of inner layers, over two layers of the image. A whiteout can only be made below.
	docker run --name store-made --label scope=test "$IMAGE" sh -c 'set -e
		d=/var/lib/docker/overlay2/abc/diff; mkdir -p $d/opaque $d/sub; cd $d
		echo a >one; ln one two; echo b >sub/file; mkfifo fifo; ln -s ../x link
		echo s >setuid; chmod 4755 setuid; chown 1000:2000 sub/file; truncate -s 10M sparse
		touch -d "2001-02-03 04:05:06.789" sub/file; chmod 0711 /var/lib/docker'
	mknod "$(layer_dir store-made)/diff/var/lib/docker/overlay2/abc/diff/sub/gone" c 0 0
	docker commit store-made sysbox-test/store >/dev/null
	docker rm store-made
	docker run --name store-made --label scope=test sysbox-test/store sh -c 'cd /var/lib/docker/overlay2/abc/diff
		echo new >sub/new; rm -r opaque; rm setuid'
	docker commit store-made sysbox-test/store >/dev/null
	# shellcheck disable=SC2016
	manifest='cd /var/lib/docker && find . -path ./.sysbox -prune -o -printf "%p %y %m %U:%G %s %n %l\n" | sort &&
		stat -c "%y" overlay2/abc/diff/sub/file && find overlay2 -type f -exec md5sum {} + | sort'
	start box sysbox-test/store
	run -0 inside box "$manifest"
	assert_line --regexp '^\./overlay2/abc/diff/sub/gone c '
	assert_line --regexp '^\. d 711 0:0 '
	assert_line --regexp '^\./overlay2/abc/diff/(one|two) f 644 0:0 2 2 $'
	assert_line --regexp '^\./overlay2/abc/diff/sub/file f 644 1000:2000 '
	assert_line --regexp '^2001-02-03 04:05:06'
	assert_line --regexp '/sub/new f '
	refute_line --partial setuid
	refute_line --partial opaque
	# And is the container's own: another one begins anew.
	docker exec box rm -r /var/lib/docker/overlay2
	start box2 sysbox-test/store
	docker exec box2 test -e /var/lib/docker/overlay2/abc/diff/one
}

# bats test_tags=short
@test "store: a container that did nothing adds nothing to its image" {
	start box "$IMAGE"
	local theirs
	docker run -d --name plain --label scope=test "$IMAGE" sleep 1000 >/dev/null
	theirs=$(docker ps -s --filter name=plain --format '{{.Size}}')
	assert_equal "$(docker ps -s --filter name=box --format '{{.Size}}')" "$theirs"
	docker commit box sysbox-test/store >/dev/null
	run -0 docker history --format '{{.Size}}' sysbox-test/store
	assert_line --index 0 0B
	# The mount points neither.
	[[ $(docker info --format '{{.SecurityOptions}}') == *name=userns* ]] ||
		docker run --rm sysbox-test/store test ! -e /var/lib/rancher
}

# Mount points are what volumes there would make.
@test "store: docker diff shows what it shows of volumes with runc" {
	local dir volumes=() ours theirs
	for dir in buildkit containerd containers docker k0s kubelet rancher/k3s rancher/rke2; do
		volumes+=(-v "/var/lib/$dir")
	done
	start box "$IMAGE"
	ours=$(docker diff box | sort)
	docker run -d --name plain --label scope=test --runtime runc "${volumes[@]}" "$IMAGE" sleep 1000 >/dev/null
	theirs=$(docker diff plain | sort)
	assert_equal "$ours" "$theirs"
}

megabytes_of() { docker ps -as --filter "name=$1" --format '{{.Size}}' | awk '{ print /^[0-9.]+MB/ ? int($1) : 0 }'; }

@test "store: ps -s and system df count inner images of a container that stands still" {
	start box "$IMAGE"
	start_dockerd box
	inside box 'head -c 30000000 /dev/urandom >/big; tar -C / -cf - big | docker import - big >/dev/null; rm /big'
	assert [ "$(megabytes_of box)" -lt 2 ]
	docker pause box
	assert [ "$(megabytes_of box)" -ge 30 ]
	docker unpause box
	assert [ "$(megabytes_of box)" -lt 2 ]
	docker stop -t 0 box
	assert [ "$(megabytes_of box)" -ge 30 ]
	run -0 docker system df --format '{{.Type}} {{.Size}}'
	assert_line --regexp '^Containers [3-9][0-9](\.[0-9]+)?MB'
}

@test "store: --storage-opt size= is the engine's word, as with runc" {
	run docker run --rm --label scope=test --runtime runc --storage-opt size=1G "$IMAGE" true
	local theirs=$status text=$output
	run sc run --rm --storage-opt size=1G "$IMAGE" true
	assert_equal "$status" "$theirs"
	((theirs == 0)) || assert_output "$text"
}

@test "store: writable although the rootfs is read-only" {
	start box --read-only "$IMAGE"
	docker exec box touch /var/lib/docker/x
	run -1 docker exec box touch /var/lib/x
}

@test "store: first writes beside a store, after the engine has looked" {
	start box "$IMAGE"
	docker cp box:/var/lib/dpkg/status - >/dev/null
	run -0 inside box 'echo x >/var/log/b && mkdir /var/lib/foo && touch /var/top /var/lib/rancher/own &&
		ls /var/lib/rancher'
	assert_line own
	assert_line k3s
}

@test "store: inspect tells stores, sizes and locks" {
	need_image "debian-docker-$INNER"
	start box -v store-test:/var/lib/containers "$IMAGE"
	inside box 'dd if=/dev/urandom of=/var/lib/docker/file bs=1M count=3 2>/dev/null'
	local id run root
	id=$(docker inspect -f '{{.Id}}' box)
	[[ $ENGINE == system ]] && run=/run/docker || run=$(engine dir "$ENGINE")/run
	root=$(engine exec "$ENGINE" find "$run" -path "*/$id/state.json" -printf '%H/%P\n')
	all=$(engine exec "$ENGINE" "${SYSBOX_RUNC:-sysbox-runc}" --root "${root%/*/*}" inspect "$id")
	jq -e '.status == "running" and (.stores[] | select(.path == "/var/lib/docker") | .bytes > 3000000 and .entries == 1)' <<<"$all"
	jq -e '.locks[] | .path == "/var/lib/containers" and .held and (.since | startswith("20"))' <<<"$all"
	jq -e '.uidMappings[0].containerID == 0 and .uidMappings[0].size >= 65536' <<<"$all"
}
