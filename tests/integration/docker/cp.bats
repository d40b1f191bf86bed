#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `docker cp` into and out of a running container.  The engine works on its own mount of the
# container's root; what it does there must be seen inside at once, and the other way round, and
# must not spoil the container's own writes.

load helper

setup_file() {
	load helper
	need_image debian-docker-bookworm
}

setup() {
	FILES=$BATS_TEST_TMPDIR
	start box sysbox/debian-docker:bookworm
	echo fresh >"$FILES/new"
}

teardown() { remove_scope test; }

# The client runs in the engine's namespaces, where this test's files are not: they go by pipe.
cp_in() { tar -C "$FILES" -cf - --owner=0 --group=0 "$1" | docker cp - "box:$2"; }
cp_out() { docker cp "box:$1" - | tar -xOf -; }
listing() { docker cp "box:$1" - | tar -tvf - --numeric-owner; }

# bats test_tags=short
@test "cp in: a new file, owned by root inside" {
	cp_in new /root
	run -0 inside box 'cat /root/new; stat -c %u:%g /root/new'
	assert_line --index 0 fresh
	assert_line --index 1 0:0
}

# bats test_tags=short
@test "cp in: a path of the engine's disk, as people type it" {
	local dir; dir=$(scratch)/$BATS_TEST_NUMBER
	mkdir -p "$dir/tree/sub"; echo a >"$dir/tree/sub/a"; chmod 640 "$dir/tree/sub/a"
	docker cp "$dir/tree" box:/opt/
	docker cp "$dir/tree/sub/a" box:/opt/renamed
	run -0 inside box 'cat /opt/tree/sub/a /opt/renamed; stat -c "%u:%g %a" /opt/tree/sub/a'
	assert_line --index 0 a
	assert_line --index 1 a
	assert_line --index 2 '0:0 640'
	docker cp box:/opt/tree "$dir/back"
	assert_equal "$(stat -c '%u:%g %a' "$dir/back/sub/a")" '0:0 640'
}

@test "cp in: owners of the tar become owners inside" {
	docker_only
	tar -C "$FILES" -cf - --owner=1000 --group=1001 new | docker cp -a - box:/root
	run -0 inside box 'stat -c %u:%g /root/new'
	assert_output 1000:1001
}

# bats test_tags=short
@test "cp in: onto a path that was looked up inside before it existed" {
	run inside box 'cat /etc/new'
	assert_failure
	cp_in new /etc
	run -0 inside box 'cat /etc/new'
	assert_output fresh
	run -0 inside box 'ls /etc | grep -x new; echo more >>/etc/new; cat /etc/new'
	assert_line --index 2 more
}

# bats test_tags=short
@test "cp in: onto a file of the image that was read inside before" {
	inside box 'cat /etc/debian_version /etc/issue' >/dev/null
	mv "$FILES/new" "$FILES/issue"
	cp_in issue /etc
	run -0 inside box 'cat /etc/issue'
	assert_output fresh
}

# bats test_tags=short
@test "cp in: onto a file that is held open inside" {
	docker exec -d box sh -c 'exec 3</etc/issue; touch /tmp/open
		until [ -e /tmp/go ]; do sleep 0.1; done; cat <&3 >/tmp/old; cat /etc/issue >/tmp/now'
	wait_for 5 docker exec box test -e /tmp/open
	mv "$FILES/new" "$FILES/issue"
	cp_in issue /etc
	run -0 inside box 'cat /etc/issue; touch /tmp/go'
	assert_output fresh
	wait_for 10 docker exec box test -s /tmp/now
	run -0 inside box 'cat /tmp/now; grep -c Debian /tmp/old'
	assert_line --index 0 fresh
	assert_line --index 1 1
}

# bats test_tags=short
@test "cp in: onto a file that is written inside at the same time" {
	docker exec -d box sh -c 'exec 3>/opt/log; while :; do echo line >&3; sleep 0.1; done'
	wait_for 5 docker exec box test -s /opt/log
	mv "$FILES/new" "$FILES/log"
	cp_in log /opt
	run -0 inside box 'cat /opt/log'
	assert_output fresh
	run -0 inside box 'echo again >/opt/log; cat /opt/log; rm /opt/log; ls /opt'
	assert_output again
}

# bats test_tags=short
@test "cp in: into a directory that was not copied up yet, then creates inside" {
	inside box 'ls /etc/alternatives' >/dev/null
	cp_in new /etc/alternatives
	run -0 inside box 'touch /etc/alternatives/mine && mkdir /etc/alternatives/dir &&
		ln -s x /etc/alternatives/link && mv /etc/alternatives/mine /etc/alternatives/yours &&
		rm /etc/alternatives/new && ls /etc/alternatives | grep -cE "^(dir|link|yours|new)$"'
	assert_output 3
}

# bats test_tags=short
@test "cp in: the same while a process stands in that directory" {
	docker exec -d -w /etc/alternatives box sh -c \
		'while sleep 0.1; do test -s new && cat new >/tmp/seen 2>/dev/null && touch made 2>/tmp/err && exit; done'
	sleep 0.5
	cp_in new /etc/alternatives
	wait_for 5 docker exec box test -e /etc/alternatives/made
	run -0 inside box 'cat /tmp/seen /tmp/err'
	assert_output fresh
}

@test "cp in: deep below a directory of the image, level by level" {
	inside box 'find /usr/share/doc -name "x*"; ls /usr/share/doc/apt' >/dev/null
	cp_in new /usr/share/doc/apt
	run -0 inside box 'cat /usr/share/doc/apt/new && touch /usr/share/doc/apt/a /usr/share/doc/b \
		/usr/share/c /usr/d && mkdir -p /usr/share/doc/apt/e/f && rm -r /usr/share/doc/apt && echo well'
	assert_line --index 0 fresh
	assert_line --index 1 well
}

@test "cp in: a file over a deleted one, a directory over a deleted one" {
	inside box 'rm /etc/issue; rm -r /etc/alternatives; mkdir /etc/alternatives'
	mv "$FILES/new" "$FILES/issue"
	cp_in issue /etc
	cp_in issue /etc/alternatives
	run -0 inside box 'cat /etc/issue; ls /etc/alternatives; touch /etc/alternatives/x'
	assert_line --index 0 fresh
	assert_line --index 1 issue
	assert_equal "${#lines[@]}" 2
}

@test "cp in: a thousand files, all seen, all removable" {
	mkdir "$FILES/many"; (cd "$FILES/many" && for n in $(seq 1000); do echo "$n" >"f$n"; done)
	inside box 'ls /opt' >/dev/null
	cp_in many /opt
	run -0 inside box 'ls /opt/many | wc -l; cat /opt/many/f777; rm -r /opt/many; ls /opt'
	assert_line --index 0 1000
	assert_line --index 1 777
	assert_equal "${#lines[@]}" 2
}

# bats test_tags=short
@test "cp out: what was made, changed and never touched inside" {
	inside box 'echo made >/root/made; echo changed >/etc/issue; chown 1000:1001 /root/made'
	assert_equal "$(cp_out /root/made)" made
	assert_equal "$(cp_out /etc/issue)" changed
	assert_equal "$(cp_out /etc/debian_version | cut -d. -f1)" 12
	run -0 listing /root/made
	assert_line --regexp '^-rw-r--r-- 1000/1001 .* made$'
	run -0 listing /etc/passwd
	assert_line --regexp '^-rw-r--r-- 0/0 .* passwd$'
}

# bats test_tags=short
@test "cp out: a path that the engine looked up before it existed" {
	run docker cp box:/etc/later -
	assert_failure
	inside box 'echo now >/etc/later'
	assert_equal "$(cp_out /etc/later)" now
	inside box 'rm /etc/later'
	run docker cp box:/etc/later -
	assert_failure
}

# bats test_tags=short
@test "cp out: a file of the image that the engine read before it changed" {
	cp_out /etc/issue >/dev/null
	inside box 'echo changed >/etc/issue'
	assert_equal "$(cp_out /etc/issue)" changed
	inside box 'mv /etc/issue /etc/moved; mkdir /etc/issue; echo deep >/etc/issue/file'
	assert_equal "$(cp_out /etc/issue/file)" deep
	assert_equal "$(cp_out /etc/moved)" changed
}

@test "cp out: a directory that changes meanwhile never fails half way" {
	docker exec -d box sh -c 'while :; do touch /opt/a; mv /opt/a /opt/b; rm /opt/b; done'
	local n
	for n in $(seq 10); do docker cp box:/etc - >/dev/null; done
}

# bats test_tags=short
@test "cp: there and back again, many times, with writes inside between" {
	local n
	for n in $(seq 10); do
		echo "round $n" >"$FILES/round"
		cp_in round /etc
		run -0 inside box "cat /etc/round; echo inside $n >>/etc/round; echo $n >/etc/own$n"
		assert_output "round $n"
		assert_equal "$(cp_out /etc/round | tail -n 1)" "inside $n"
		assert_equal "$(cp_out "/etc/own$n")" "$n"
	done
}

# bats test_tags=short
@test "cp: into and out of a volume" {
	sc run -d --name vol -v /data sysbox/debian-docker:bookworm sleep infinity >/dev/null
	tar -C "$FILES" -cf - --owner=0 --group=0 new | docker cp - vol:/data
	run -0 inside vol 'cat /data/new; stat -c %u:%g /data/new; echo back >/data/old'
	assert_line --index 0 fresh
	assert_line --index 1 0:0
	assert_equal "$(docker cp vol:/data/old - | tar -xOf -)" back
}

@test "cp: through symlinks, absolute and relative, ends inside the container" {
	inside box 'ln -s /etc /opt/abs; ln -s ../../../../etc /opt/rel; ln -s /etc/hostname.d/../issue /opt/f'
	cp_in new /opt/abs/
	run -0 inside box 'cat /etc/new'
	assert_output fresh
	refute [ -e /etc/new ]
	docker cp box:/opt/rel/debian_version - >/dev/null
}

# bats test_tags=short
@test "cp: a stopped container, before and after" {
	inside box 'echo kept >/etc/kept; ls /etc/alternatives' >/dev/null
	cp_in new /etc/alternatives
	docker stop -t 0 box
	assert_equal "$(cp_out /etc/kept)" kept
	assert_equal "$(cp_out /etc/alternatives/new)" fresh
	cp_in new /etc
	docker start box
	run -0 inside box 'cat /etc/new /etc/alternatives/new; touch /etc/x /etc/alternatives/x'
	assert_line --index 0 fresh
	assert_line --index 1 fresh
}

@test "cp: a container that was never started" {
	sc create --name never sysbox/debian-docker:bookworm cat /root/new >/dev/null
	tar -C "$FILES" -cf - --owner=0 --group=0 new | docker cp - never:/root
	run -0 docker start -a never
	assert_output fresh
}

@test "cp: a paused container" {
	docker pause box
	assert_equal "$(cp_out /etc/debian_version | cut -d. -f1)" 12
	docker unpause box
	cp_in new /root
	assert_equal "$(inside box 'cat /root/new')" fresh
}

@test "cp: refused for a read-only root" {
	sc run -d --name ro --read-only sysbox/debian-docker:bookworm sleep infinity >/dev/null
	run bash -c 'tar -C "$1" -cf - new | "$2" cli "$3" cp - ro:/root' sh "$FILES" "$TOP/tests/engine/engine" "$ENGINE"
	assert_failure
	assert_output --partial read-only
}

# bats test_tags=short
@test "cp: nothing is left behind" {
	cp_in new /etc
	cp_out /etc/issue >/dev/null
	docker rm -f box
	run -0 engine check "$ENGINE"
}
