/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/wait.h>

#include "lib/str.h"
#include "src/locks.h"
#include "src/syscont.h"

/* In a /run of our own, with directories a/b/c and d. */
static void open_dirs(void **state)
{
	const struct unit_dir *d = *state;

	if (!unit_private_mounts() || mount("run", "/run", "tmpfs", 0, NULL) < 0)
		skip();
	assert_int_equal(mkdirat(d->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "a/b/c", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "d", 0755), 0);
}

/* The descriptor that holds them. */
static int take_locks(const struct syscont_lock *l, size_t n, const char *id, struct error *err)
{
	_cleanup_(locks_done) struct locks taken = LOCKS_EMPTY;
	int r = locks_take(l, n, id, &taken, err);

	return r < 0 ? r : take_fd(&taken.fd);
}

static int take_as(void **state, const char *id, const char *name, bool shared,
		   struct error *err)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, name);
	const struct syscont_lock l = {
		.source = path, .target = (char *)"/var/lib/docker", .shared = shared};

	return take_locks(&l, 1, id, err);
}

static int take(void **state, const char *name)
{
	static int n;
	_cleanup_free_ char *id = xasprintf("container-%d-%d", getpid(), n++);
	struct error err = {0};

	return take_as(state, id, name, false, &err);
}

static void locks_take__tells_the_holder(void **state)
{
	struct error err = {0};
	int first;

	open_dirs(state);
	first = take_as(state, "first", "a", false, &err);
	assert_true(first >= 0);
	assert_int_equal(take_as(state, "second", "a", false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "is held by container first since 20"));
	assert_non_null(strstr(err.text, "at /var/lib/docker"));
	assert_non_null(strstr(err.text, "SYSBOX_SHARE_VOLUMES=/var/lib/docker"));
	fd_close(first);
	first = take(state, "a");
	assert_true(first >= 0);
	fd_close(first);
}

static void locks_take__above_and_below(void **state)
{
	_cleanup_close_ int first = -EBADF, other = -EBADF;
	struct error err = {0};

	open_dirs(state);
	first = take_as(state, "first", "a/b", false, &err);
	assert_int_equal(take_as(state, "second", "a", false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "has a directory that is held by container first"));
	assert_int_equal(take_as(state, "second", "a/b/c", false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "lies in a directory that is held"));
	other = take(state, "d");
	assert_true(other >= 0);
}

static void locks_take__by_another_name(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *b = path_join(d->path, "a/b"), *to = path_join(d->path, "d");
	_cleanup_close_ int first = -EBADF;

	open_dirs(state);
	assert_int_equal(symlinkat("a/b", d->fd, "link"), 0);
	assert_int_equal(mount(b, to, NULL, MS_BIND, NULL), 0);
	first = take(state, "a/b");
	assert_true(first >= 0);
	assert_int_equal(take(state, "link"), -EBUSY);
	assert_int_equal(take(state, "d"), -EBUSY);
	assert_int_equal(take(state, "d/c"), -EBUSY);
	fd_close(take_fd(&first));
	/* Its ancestors are not those of the path. */
	first = take(state, "d/c");
	assert_true(first >= 0);
	assert_int_equal(take(state, "a"), -EBUSY);
}

static void locks_take__shared(void **state)
{
	_cleanup_close_ int first = -EBADF, second = -EBADF;
	struct error err = {0};

	open_dirs(state);
	first = take_as(state, "first", "a", true, &err);
	second = take_as(state, "second", "a", true, &err);
	assert_true(first >= 0 && second >= 0);
	assert_int_equal(take(state, "a"), -EBUSY);
}

/* Who shares a directory writes in all of it. */
static void locks_take__shared_above_and_below(void **state)
{
	_cleanup_close_ int first = -EBADF, second = -EBADF;
	struct error err = {0};

	open_dirs(state);
	first = take_as(state, "first", "a", true, &err);
	assert_int_equal(take_as(state, "second", "a/b", false, &err), -EBUSY);
	assert_non_null(
		strstr(err.text, "lies in a directory that is held by container first"));
	second = take_as(state, "second", "a/b", true, &err);
	assert_true(second >= 0);
	first = fd_close(first);
	second = fd_close(second);

	first = take_as(state, "first", "a/b", false, &err);
	assert_int_equal(take_as(state, "second", "a", true, &err), -EBUSY);
	assert_non_null(strstr(err.text, "has a directory that is held by container first"));
	second = take_as(state, "second", "d", true, &err);
	assert_true(second >= 0);
	first = fd_close(first);

	first = take_as(state, "first", "a/b", true, &err);
	assert_int_equal(take_as(state, "second", "a", false, &err), -EBUSY);
	second = fd_close(second);
	second = take_as(state, "second", "a", true, &err);
	assert_true(second >= 0);
}

static void locks_take__all_or_none(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *a = path_join(d->path, "a"), *b = path_join(d->path, "a/b");
	_cleanup_free_ char *other = path_join(d->path, "d");
	struct syscont_lock l[] = {{other, (char *)"/1", false}, {a, (char *)"/2", false}};
	_cleanup_close_ int first = -EBADF, second = -EBADF;
	struct error err = {0};

	open_dirs(state);
	first = take(state, "a/b");
	assert_int_equal(take_locks(l, 2, "third", &err), -EBUSY);
	second = take(state, "d");
	assert_true(second >= 0);
	/* One of its own lies in the other: no conflict, and none is weakened. */
	first = fd_close(first);
	second = fd_close(second);
	l[0].source = b;
	first = take_locks(l, 2, "third", &err);
	assert_true(first >= 0);
	assert_int_equal(take(state, "a"), -EBUSY);
	assert_int_equal(take(state, "a/b"), -EBUSY);
}

/* A container may have one directory twice: the stronger use counts, whichever comes last. */
static void locks_take__twice_in_one(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *a = path_join(d->path, "a"), *b = path_join(d->path, "a/b");
	struct syscont_lock l[] = {{a, (char *)"/1", false}, {a, (char *)"/2", true}};
	_cleanup_close_ int first = -EBADF;
	struct error err = {0};

	open_dirs(state);
	first = take_locks(l, 2, "first", &err);
	assert_true(first >= 0);
	assert_int_equal(take_as(state, "second", "a", true, &err), -EBUSY);
	first = fd_close(first);
	l[0].source = b;
	first = take_locks(l, 2, "first", &err);
	assert_true(first >= 0);
	assert_int_equal(take_as(state, "second", "a", true, &err), -EBUSY);
	assert_int_equal(take_as(state, "second", "a/b", true, &err), -EBUSY);
}

static void locks_take__what_is_not_there(void **state)
{
	_cleanup_close_ int first = -EBADF, second = -EBADF;

	open_dirs(state);
	first = take(state, "absent");
	second = take(state, "absent");
	assert_true(first >= 0 && second >= 0);
}

static void lead(void **state, const char *to)
{
	const struct unit_dir *d = *state;

	assert_int_equal(symlinkat(to, d->fd, "new"), 0);
	assert_int_equal(renameat(d->fd, "new", d->fd, "link"), 0);
}

/* What is locked is what the path leads to when the wait is over: that will be mounted. */
static void locks_take__path_changes_meanwhile(void **state)
{
	_cleanup_close_ int first = -EBADF, other = -EBADF;
	struct error err = {0};
	int said[2];
	pid_t pid;
	char c;

	open_dirs(state);
	lead(state, "a");
	first = take_as(state, "first", "link", false, &err);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = unit_fork();
	if (pid == 0) {
		fd_close(first);
		c = take_as(state, "first", "link", false, &err) >= 0 ? 'w' : 'l';
		(void)!write(said[1], &c, 1);
		(void)pause();
		_exit(0);
	}
	close(said[1]);
	usleep(700 * 1000); /* it waits for its own end, longer than for another's */
	lead(state, "d");
	first = fd_close(first);
	assert_int_equal(read(said[0], &c, 1), 1);
	close(said[0]);
	assert_int_equal(c, 'w');
	assert_int_equal(take(state, "d"), -EBUSY);
	other = take(state, "a");
	assert_true(other >= 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* And what is mounted is what was locked, also when the path changes after that. */
static void locks_check__path_changes_behind(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, "link");
	const struct syscont_lock l[] = {{path, (char *)"/var/lib/docker", false}};
	_cleanup_(locks_done) struct locks taken = LOCKS_EMPTY;
	_cleanup_close_ int a = openat(d->fd, ".", O_PATH | O_CLOEXEC), other = -EBADF;
	struct error err = {0};

	open_dirs(state);
	lead(state, "a");
	assert_int_equal(locks_take(l, 1, "first", &taken, &err), 0);
	lead(state, "d");
	other = open(path, O_PATH | O_CLOEXEC);
	assert_int_equal(locks_check(&taken, l, 0, other, "", &err), -EBUSY);
	assert_non_null(strstr(err.text, "keeps changing"));
	assert_int_equal(locks_check(&taken, l, 0, a, "a", &err), 0);
	assert_int_equal(locks_check(&taken, l, 0, a, "a/b", &err), -EBUSY);
	/* A symlink leads elsewhere in the container. */
	assert_int_equal(locks_check(&taken, l, 0, a, "link", &err), 0);
}

/*
 * Versions of the runtime exclude each other by these bytes: they do not change any more. The
 * first of a directory is four times the mixed 60 bits, then what has it, has something below
 * for itself, shares it.
 */
static off_t byte_of(void **state, const char *name)
{
	const struct unit_dir *d = *state;
	struct stat st;
	uint64_t h;

	assert_int_equal(fstatat(d->fd, name, &st, 0), 0);
	h = st.st_ino * UINT64_C(11400714819323198485) + st.st_dev;
	h = (h ^ (h >> 33)) * UINT64_C(18397679294719823053);
	h = (h ^ (h >> 33)) * UINT64_C(14181476777654086739);
	return (off_t)(((h ^ (h >> 33)) >> 4) * 4);
}

static int type_at(off_t at)
{
	_cleanup_close_ int fd = open("/run/sysbox/locks/table", O_RDWR | O_CLOEXEC);
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	assert_int_equal(fcntl(fd, F_OFD_GETLK, &l), 0);
	return l.l_type;
}

static void locks_take__bytes_are_for_ever(void **state)
{
	_cleanup_close_ int alone = -EBADF, shared = -EBADF;
	struct error err = {0};

	open_dirs(state);
	alone = take(state, "a/b");
	shared = take_as(state, "second", "d", true, &err);
	assert_true(alone >= 0 && shared >= 0);
	assert_int_equal(type_at(byte_of(state, "a/b")), F_WRLCK);
	assert_int_equal(type_at(byte_of(state, "a/b/c")), F_UNLCK);
	assert_int_equal(type_at(byte_of(state, "a")), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, "a") + 1), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, "a") + 2), F_UNLCK);
	assert_int_equal(type_at(byte_of(state, "d")), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, "d") + 1), F_UNLCK);
	assert_int_equal(type_at(byte_of(state, "d") + 2), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, ".")), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, ".") + 1), F_RDLCK);
	assert_int_equal(type_at(byte_of(state, ".") + 2), F_UNLCK);
}

struct race {
	int start[2]; /* closed when all are there */
	int said[2];  /* a letter of each: what has become of it */
	int stop[2];  /* closed when all have spoken */
};

/* The winner holds it until all have spoken, however late the last is to give up. */
static _noreturn_ void racer(void **state, struct race *race)
{
	char c;
	int r;

	(void)alarm(60); /* that none waits for ever for one who died */
	close(race->start[1]);
	close(race->stop[1]);
	(void)!read(race->start[0], &c, 1);
	r = take(state, "a");
	c = r >= 0 ? 'w' : r == -EBUSY ? 'l' : '?';
	(void)!write(race->said[1], &c, 1);
	(void)!read(race->stop[0], &c, 1);
	_exit(0);
}

#define N_RACERS 4

static void run_race(void **state)
{
	char said[N_RACERS + 1] = "";
	pid_t pids[N_RACERS];
	struct race race;
	int won = 0;

	assert_int_equal(pipe2(race.start, O_CLOEXEC), 0);
	assert_int_equal(pipe2(race.said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(race.stop, O_CLOEXEC), 0);
	for (size_t k = 0; k < N_RACERS; k++) {
		pids[k] = unit_fork();
		if (pids[k] == 0)
			racer(state, &race);
	}
	close(race.start[0]);
	close(race.start[1]);
	close(race.said[1]);
	for (size_t k = 0; k < N_RACERS; k++)
		assert_int_equal(read(race.said[0], &said[k], 1), 1);
	close(race.said[0]);
	close(race.stop[0]);
	close(race.stop[1]);
	for (size_t k = 0; k < N_RACERS; k++) {
		assert_int_equal(waitpid(pids[k], NULL, 0), pids[k]);
		won += said[k] == 'w';
	}
	assert_null(strchr(said, '?'));
	assert_int_equal(won, 1);
}

static void locks_take__one_of_many_racers(void **state)
{
	open_dirs(state);
	for (int i = 0; i < 4; i++)
		run_race(state);
}

/* By a copy of the description, as the supervisor has it. */
static void locks_take__last_copy_holds(void **state)
{
	_cleanup_close_ int copy = -EBADF;
	int fd;

	open_dirs(state);
	fd = take(state, "a");
	copy = fd_dup(fd);
	fd_close(fd);
	assert_int_equal(take(state, "a"), -EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(locks_take__tells_the_holder),
		unit_test_dir(locks_take__above_and_below),
		unit_test_dir(locks_take__by_another_name),
		unit_test_dir(locks_take__shared),
		unit_test_dir(locks_take__shared_above_and_below),
		unit_test_dir(locks_take__all_or_none),
		unit_test_dir(locks_take__twice_in_one),
		unit_test_dir(locks_take__what_is_not_there),
		unit_test_dir(locks_take__path_changes_meanwhile),
		unit_test_dir(locks_check__path_changes_behind),
		unit_test_dir(locks_take__bytes_are_for_ever),
		unit_test_dir(locks_take__one_of_many_racers),
		unit_test_dir(locks_take__last_copy_holds),
	};

	return RUN(tests);
}
