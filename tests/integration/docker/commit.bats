#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Inner images in an outer image: made by commit, and run from there, round after round.
#
#   INNER    the Debian inside: bookworm (Docker 20.10), trixie (26.1) or unstable (28.5)   (bookworm)
#   STORE    what the inner Docker keeps images in: overlay2, or (28.5) containerd       (overlay2)

load helper

INNER=${INNER:-bookworm} STORE=${STORE:-overlay2}
IMAGE=sysbox/debian-docker:$INNER
SMALL=sysbox/busybox

setup_file() {
	load helper
	need_image "debian-docker-$INNER"
}

setup() { sysbox_only; }

teardown() {
	remove_scope test
	local tag
	for tag in $(docker images --format '{{.Tag}}' sysbox-test/commit); do
		docker rmi -f "sysbox-test/commit:$tag" >/dev/null 2>&1 || true
	done
}

# begin NAME IMAGE: a container with a running engine inside.
begin() {
	start "$1" "$2"
	inside "$1" 'rm -rf /run/docker.pid /run/docker /run/containerd'
	if [[ $STORE == containerd ]]; then
		inside "$1" 'mkdir -p /etc/docker && echo "{\"features\":{\"containerd-snapshotter\":true}}" >/etc/docker/daemon.json'
	fi
	run_dockerd "$1"
}

commit() { docker commit "${@:3}" "$1" "sysbox-test/commit:$2" >/dev/null; }

# An inner image with all that does not survive a tar of an outer layer by itself.
make_nasty() {
	inside "$1" "docker load -q -i /usr/share/sysbox/busybox.tar
		docker run --name made $SMALL sh -c '
			rm -r /home; mkdir /home; echo new >/home/new; rm /etc/group
			echo s >/setuid; chmod 4755 /setuid; echo a >/one; ln /one /two; mkfifo /fifo
			mkdir -p /\"od d\"; echo o >/\"od d\"/\"-n ame\"; chown 1000:2000 /one; truncate -s 20M /sparse
			ln -s ../x /link; touch -d \"2001-02-03 04:05:06\" /setuid; chmod 0700 /root'
		docker commit made nasty >/dev/null; docker rm made >/dev/null"
}

# Every file of the image as a container of it sees it; what Docker itself puts there left out. So
# are the links of the directory that hides another: it comes with a mark when it is seen from the
# image, and the links of a directory of an overlay that has two halves are 1.
# shellcheck disable=SC2016
manifest() {
	inside "$1" "docker run --rm nasty sh -c 'cd /; find . \\( -path ./proc -o -path ./sys -o -path ./dev -o -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf \\) -prune -o -path ./home -exec stat -c \"%n %A %u:%g\" {} + -o -exec stat -c \"%n %A %u:%g %h %F\" {} + | sort
		find /etc /home /one /two /setuid /od* -type f ! -path \"/etc/host*\" ! -path /etc/resolv.conf -exec md5sum {} + | sort; stat -c %y /setuid'"
}

# same EXPECTED GOT: prints the difference only.
same() { diff <(echo "$1") <(echo "$2"); }

# digest NAME PLACE CMD: what lies at PLACE of an inner container that runs CMD, as its root sees it.
# Holes are filled by the tars of engines, and times are cut to seconds.
digest() {
	local pid
	docker exec -d "$1" sh -c "docker start look 2>/dev/null || docker run -d --name look $3"
	wait_for 40 pgrep -f "^sleep 98765$"
	pid=$(pgrep -f "^sleep 98765$")
	nsenter -U -t "$pid" "$TOP/tests/helpers/tree-digest.py" "/proc/$pid/root$2" --no-times | sed "s/'sparse'/'full'/"
	if [[ ${4-} == keep ]]; then
		inside "$1" 'docker kill look; docker rename look held' >/dev/null
	else
		inside "$1" 'docker rm -f look' >/dev/null
	fi
}

# Image with its layers, volume, and files of a container.
digests() {
	digest "$1" /nasty 'deep sleep 98765'
	digest "$1" /v '-v nasty:/v deep sleep 98765'
	inside "$1" 'docker rename held look'
	digest "$1" /held none keep
}

# What must not lie in any outer image.
assert_clean_image() {
	docker run --name look --label scope=test "sysbox-test/commit:$1" \
		sh -c 'find /var/lib/docker /var/lib/containerd \( -type c -o -type s \) 2>/dev/null; true' >"$BATS_TEST_TMPDIR/found"
	run cat "$BATS_TEST_TMPDIR/found"
	refute_output
	docker rm -f look >/dev/null
}

size_of_top() { docker history --human=false --format '{{.Size}}' "sysbox-test/commit:$1" | head -n 1; }

# bats test_tags=short
@test "commit: an inner image behaves the same, commit after commit" {
	local first round
	begin box "$IMAGE"
	make_nasty box
	first=$(manifest box)
	[[ $first == *'/home/new '* && $first != *'etc/group'* ]]
	commit box 1
	assert_clean_image 1
	same "$first" "$(manifest box)"
	for round in 1 2 3; do
		docker rm -f box
		begin box "sysbox-test/commit:$round"
		same "$first" "$(manifest box)"
		run -0 inside box 'docker create nasty true | xargs docker rm'
		commit box $((round + 1))
		assert_clean_image $((round + 1))
	done
	# Changes only: the engine's records, not the image (2 MB).
	assert [ "$(size_of_top 4)" -lt 1500000 ]
}

# bats test_tags=short
@test "commit: the container itself sees no trace of it" {
	local before
	begin box "$IMAGE"
	make_nasty box
	before=$(inside box 'cd /var/lib/docker && find image overlay2 containerd -printf "%p %i %n %T@ %m\n" 2>/dev/null | sort')
	commit box 1
	assert_equal "$(inside box 'cd /var/lib/docker && find image overlay2 containerd -printf "%p %i %n %T@ %m\n" 2>/dev/null | sort')" "$before"
	run -0 docker diff box
	refute_line --partial /var/lib/docker/
	inside box 'echo x >/var/log/later && mkdir /var/lib/later && touch /var/top'
}

@test "commit: a stopped container, and it starts again" {
	local first
	begin box "$IMAGE"
	make_nasty box
	first=$(manifest box)
	inside box 'kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.1; done'
	docker stop -t 0 box
	commit box 1
	assert_clean_image 1
	docker start box
	run -0 inside box 'find /var/lib/docker -type f -links +1 | grep -v "/diff/\|/fs/"; true'
	refute_output
	begin box2 sysbox-test/commit:1
	same "$first" "$(manifest box2)"
}

# bats test_tags=short
@test "commit: removed inner images are gone" {
	begin box "$IMAGE"
	make_nasty box
	commit box 1
	docker rm -f box
	begin box sysbox-test/commit:1
	inside box 'docker rmi -f nasty sysbox/busybox; docker system prune -af >/dev/null'
	commit box 2
	docker rm -f box
	begin box sysbox-test/commit:2
	run -0 inside box 'docker images -q'
	refute_output
	if [[ $STORE == overlay2 ]]; then
		run -0 inside box 'ls /var/lib/docker/overlay2'
		assert_output l
	fi
	inside box 'docker load -q -i /usr/share/sysbox/busybox.tar && docker run --rm sysbox/busybox true'
}

@test "commit: save and load carry them" {
	local first
	begin box "$IMAGE"
	make_nasty box
	first=$(manifest box)
	commit box 1
	docker rm -f box
	docker save -o "$(scratch)/commit.tar" sysbox-test/commit:1
	docker rmi -f sysbox-test/commit:1
	docker load -q -i "$(scratch)/commit.tar"
	rm "$(scratch)/commit.tar"
	begin box sysbox-test/commit:1
	same "$first" "$(manifest box)"
}

# What of the inner engine's layers and blobs is a symlink, and what a directory of its own.
inner_layers() {
	inside "$1" 'cd /var/lib/docker; find overlay2/*/diff containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs \
		containerd/daemon/io.containerd.content.v1.content/blobs/sha256/* -maxdepth 0 -printf "%y\n" 2>/dev/null | sort | uniq -c | tr -s " "'
}

# KiB of the container's own on the disk.
own_size() { inside "$1" 'du -sk --exclude=.sysbox /var/lib/docker | cut -f1'; }

# bats test_tags=short
@test "preloaded: layers are not copied, and all that an engine does works on them" {
	local first
	begin box "$IMAGE"
	make_nasty box
	inside box "dd if=/dev/urandom of=/big bs=1M count=30 2>/dev/null; tar -cf - /big 2>/dev/null | docker import - big >/dev/null; rm /big
		printf 'FROM nasty\nRUN echo plain >/plain\n' | docker build -q -t plain - >/dev/null"
	first=$(manifest box)
	commit box 1
	docker rm -f box
	begin box sysbox-test/commit:1
	assert [ "$(own_size box)" -lt 8000 ]
	run -0 inner_layers box
	assert_output --regexp ' [0-9]+ l'
	same "$first" "$(manifest box)"
	run -0 inside box 'docker tag plain other && docker run --rm other cat /plain
		printf "FROM plain\nRUN echo more >/more; rm /plain; rm -r /home\n" | docker build -q -t more - >/dev/null
		docker run --rm more sh -c "cat /more; ls -d /home /plain 2>/dev/null; true"
		docker save more plain nasty big | gzip -1 >/save.tgz
		docker rmi -f other plain more nasty big sysbox/busybox >/dev/null; docker system prune -af >/dev/null
		docker images -q | wc -l; docker load -q -i /save.tgz >/dev/null; rm /save.tgz
		docker run --rm more cat /more; docker run --rm plain cat /plain'
	assert_output "plain
more
0
more
plain"
	same "$first" "$(manifest box)"
	# A view cannot be written.
	run -0 inside box 'for d in /var/lib/docker/.sysbox/* $(find /var/lib/docker/.sysbox/ -name diff); do
		mount -o remount,bind,rw $d 2>/dev/null; touch $d/x 2>/dev/null && echo $d; done; true'
	refute_output --partial .sysbox
	docker rm -f box
	begin box sysbox-test/commit:1
	same "$first" "$(manifest box)"
	commit box 2
	assert_clean_image 2
	docker rm -f box
	begin box sysbox-test/commit:2
	same "$first" "$(manifest box)"
}

@test "preloaded: stop and start, and the links still lead there" {
	local first
	begin box "$IMAGE"
	make_nasty box
	first=$(manifest box)
	commit box 1
	docker rm -f box
	begin box sysbox-test/commit:1
	inside box 'kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.1; done'
	docker restart -t 0 box
	inside box 'rm -rf /run/docker.pid /run/docker /run/containerd'
	run_dockerd box
	same "$first" "$(manifest box)"
}

# What an image of bookworm has in /var/lib/docker, in a layer of one of $INNER: as if the engine had
# been upgraded by a Dockerfile upon it.
upgrade() {
	local tree
	tree=$(scratch)/upgrade
	rm -rf "$tree" && mkdir -p "$tree"
	docker create --name old --label scope=test "sysbox-test/commit:$1" true >/dev/null
	docker export old | tar -C "$tree" --xattrs --xattrs-include='*' -xf - var/lib/docker
	docker create --name new --label scope=test "$IMAGE" true >/dev/null
	tar -C "$tree" --xattrs --xattrs-include='*' -cf - var | docker cp - new:/
	docker commit new "sysbox-test/commit:$2" >/dev/null
	docker rm old new >/dev/null
	rm -rf "$tree"
}

@test "preloaded: an engine of a later version takes them over" {
	local first
	[[ $INNER != bookworm ]] || skip "needs a later engine than Docker 20.10 (--inner)"
	need_image debian-docker-bookworm
	STORE=overlay2 begin box sysbox/debian-docker:bookworm
	make_nasty box
	first=$(manifest box)
	commit box 1
	docker rm -f box
	upgrade 1 2
	STORE=overlay2 begin box sysbox-test/commit:2
	run -0 inside box 'docker info -f "{{.Driver}}"; docker images -q | wc -l'
	assert_output $'overlay2\n2'
	run -0 inner_layers box
	assert_output --regexp ' [0-9]+ l'
	same "$first" "$(manifest box)"
	inside box 'printf "FROM nasty\nRUN echo more >/more\n" | docker build -q -t more - >/dev/null
		docker tag more other; docker save other | gzip -1 >/save.tgz; docker rmi -f more other >/dev/null
		docker load -q -i /save.tgz >/dev/null; rm /save.tgz'
	commit box 3
	assert_clean_image 3
	docker rm -f box
	STORE=overlay2 begin box sysbox-test/commit:3
	same "$first" "$(manifest box)"
	run -0 inside box 'docker run --rm other cat /more; docker rmi -f other nasty sysbox/busybox >/dev/null
		docker system prune -af >/dev/null; docker images -q | wc -l'
	assert_output $'more\n0'
}

# An inner layer that lies in two layers of the image, as images of a runtime that copies have it.
@test "preloaded: a layout that is not recognised is copied" {
	local first
	[[ $STORE == overlay2 ]] || skip "changes files of overlay2"
	begin box "$IMAGE"
	make_nasty box
	commit box 1
	docker rm -f box
	docker run --name box --label scope=test sysbox-test/commit:1 sh -c 'for d in /var/lib/docker/overlay2/*/diff; do echo two >$d/two; done'
	commit box 2
	docker rm -f box
	begin box sysbox-test/commit:2
	run -0 inner_layers box
	refute_output --partial ' l'
	run -0 inside box 'docker run --rm nasty cat /two'
	assert_output two
}

@test "fidelity: every attribute, in sixty layers, a volume and a container, through save and load" {
	local first round tree
	tree=$(scratch)/nasty
	rm -rf "$tree" && mkdir -p "$tree"
	"$TOP/tests/helpers/nasty-tree.py" "$tree/nasty"
	# An engine in a user namespace can make no devices, and fails on an image that has any.
	rm "$tree/nasty/block" "$tree/nasty/null"
	tar -C "$tree" --xattrs --xattrs-include='*' --acls -cf "$tree/nasty.tar" nasty 2>/dev/null
	begin box "$IMAGE"
	docker cp "$tree/nasty.tar" box:/nasty.tar
	inside box 'set -e; docker load -q -i /usr/share/sysbox/busybox.tar; cd /; mkdir c; echo x >c/x; mv nasty.tar c/
		{ echo FROM sysbox/busybox; echo ADD nasty.tar /; echo RUN rm -r /home /nasty/sgid "&&" mkdir /home "&&" echo n ">/home/n"
		i=0; while [ $i -lt 57 ]; do echo COPY x /d$((i % 7))/$i; i=$((i+1)); done; } >c/Dockerfile
		DOCKER_BUILDKIT=0 docker build -q -t deep c 2>&1 >/dev/null | tail -n 5; docker image inspect deep >/dev/null
		docker volume create nasty >/dev/null; tar -C /var/lib/docker/volumes/nasty/_data --xattrs --xattrs-include="*" --acls -xf c/nasty.tar
		docker create --name held deep sleep 98765 >/dev/null; docker cp - held:/ <c/nasty.tar; docker cp - held:/ <c/nasty.tar
		docker start held; docker exec held sh -c "mkdir /held; mv /nasty/* /held/; rm -r /home"; docker kill held; rm -r c'
	first=$(digests box)
	[[ $(wc -l <<<"$first") -gt 60 && $first == *security.capability* && $first == *user.big* && $first == *posix_acl_default* ]]
	commit box 1
	same "$first" "$(digests box)"
	for round in 1 2; do
		docker rm -f box
		if ((round == 1)); then
			docker save -o "$tree/commit.tar" sysbox-test/commit:1
			docker rmi -f sysbox-test/commit:1
			docker load -q -i "$tree/commit.tar"
		fi
		begin box sysbox-test/commit:$round
		same "$first" "$(digests box)"
		commit box $((round + 1))
		assert_clean_image $((round + 1))
	done
	rm -rf "$tree"
}

# Docker commits all the same when a pause fails; then at least nothing by halves, and it is told.
@test "commit: a flush that fails makes the pause fail, and the container runs on" {
	local upper store
	begin box "$IMAGE"
	make_nasty box
	upper=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' box)
	[[ -d $upper ]] || skip "looks into directories of overlay2"
	store=${upper%/*}/sysbox-store/docker
	docker exec box touch /var/lib/docker/zz-stuck
	chattr +i "$store/zz-stuck" || skip "no immutable files here"
	run docker pause box
	docker commit box sysbox-test/commit:1 >/dev/null || true
	chattr -i "$store/zz-stuck"
	((status != 0))
	assert_output --partial 'flush zz-stuck: Operation not permitted'
	assert_equal "$(ls -A "$upper/var/lib/docker")" .sysbox-failed
	run -0 docker inspect -f '{{.State.Paused}}' box
	assert_output false
	run -0 inside box "docker run --rm nasty echo on"
	assert_output on
	# The image says why it has no inner images; so does its container's log, and the next commit is whole.
	if docker image inspect sysbox-test/commit:1 >/dev/null 2>&1; then
		run -0 docker run --rm sysbox-test/commit:1 cat /var/lib/docker/.sysbox-failed
		assert_output --partial 'flush zz-stuck: Operation not permitted'
	fi
	docker exec box rm /var/lib/docker/zz-stuck
	commit box 2
	assert_equal "$(docker diff box | grep sysbox-failed)" ""
	docker rm -f box
	begin box sysbox-test/commit:2
	inside box "docker run --rm nasty true; ! ls /var/lib/docker/.sysbox-failed 2>/dev/null"
}

@test "commit: docker pause and unpause, under load" {
	begin box "$IMAGE"
	make_nasty box
	docker exec -d box sh -c 'while :; do docker run --rm nasty true; done'
	local i
	for i in 1 2 3; do
		docker pause box
		docker unpause box
	done
	commit box 1
	assert_clean_image 1
	inside box 'docker run --rm nasty true'
}
