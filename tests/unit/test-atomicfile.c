/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/atomicfile.h"
#include "lib/spawn.h"

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void atomicfile_write__creates_and_replaces(void **state)
{
	struct unit_dir *d = *state;
	mode_t old = umask(077);
	struct stat st;

	assert_int_equal(atomicfile_write(d->fd, "f", "one", 3, 0644, ATOMICFILE_DURABLE), 0);
	unit_assert_file(d->fd, "f", "one");
	assert_int_equal(atomicfile_write(d->fd, "f", "", 0, 0600, ATOMICFILE_DURABLE), 0);
	umask(old);
	unit_assert_file(d->fd, "f", "");
	assert_int_equal(fstatat(d->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_entries(d->path), 1);
}

static void atomicfile_write__mode_despite_umask(void **state)
{
	struct unit_dir *d = *state;
	mode_t old = umask(077);
	struct stat st;

	assert_int_equal(atomicfile_write(d->fd, "f", "x", 1, 0644, ATOMICFILE_DURABLE), 0);
	umask(old);
	assert_int_equal(fstatat(d->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void atomicfile_write__path_fd(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int dirfd = open(d->path, O_PATH | O_CLOEXEC);

	assert_int_equal(atomicfile_write(dirfd, "f", "x", 1, 0644, ATOMICFILE_DURABLE), 0);
	unit_assert_file(d->fd, "f", "x");
}

static void atomicfile_write__leaves_nothing_on_failure(void **state)
{
	struct unit_dir *d = *state;

	assert_int_equal(mkdirat(d->fd, "f", 0755), 0);
	assert_int_equal(atomicfile_write(d->fd, "f", "x", 1, 0644, ATOMICFILE_DURABLE),
			 -EISDIR);
	assert_int_equal(count_entries(d->path), 1);
	assert_int_equal(atomicfile_write(-1, "f", "x", 1, 0644, ATOMICFILE_DURABLE), -EBADF);
}

static void atomicfile_link__replaces(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int from = -EBADF;
	struct stat a, b;

	assert_int_equal(mkdirat(d->fd, "from", 0755), 0);
	from = openat(d->fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(atomicfile_link(from, d->fd, "f"), -ENOENT);
	unit_file(from, "f", "new");
	/* In place of a link, not through it; and once more over itself. */
	unit_file(d->fd, "other", "old");
	assert_int_equal(symlinkat("other", d->fd, "f"), 0);
	assert_int_equal(atomicfile_link(from, d->fd, "f"), 0);
	assert_int_equal(atomicfile_link(from, d->fd, "f"), 0);
	assert_int_equal(fstatat(from, "f", &a, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(d->fd, "f", &b, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	unit_assert_file(d->fd, "other", "old");
	assert_int_equal(count_entries(d->path), 3);
}

/* An open reader keeps the old file: it is replaced, not rewritten. */
static void atomicfile_write__readers_keep_the_old(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(atomicfile_write(d->fd, "f", "old", 3, 0644, ATOMICFILE_DURABLE), 0);
	fd = openat(d->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(atomicfile_write(d->fd, "f", "new", 3, 0644, ATOMICFILE_DURABLE), 0);
	assert_int_equal(fd_read_all(fd, 10, &text, NULL), 0);
	assert_string_equal(text, "old");
}

static void lockfile_open__excludes(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = lockfile_open(d->fd, "lock", LOCK_TRY);
	struct stat st;

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(lockfile_open(d->fd, "lock", LOCK_TRY), -EAGAIN);
	fd = fd_close(fd);
	fd = lockfile_open(d->fd, "lock", LOCK_TRY);
	assert_true(fd >= 0);
}

static void lockfile_open__dies_with_its_holder(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF;
	int p[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = unit_fork();
	if (pid == 0) {
		if (lockfile_open(d->fd, "lock", LOCK_TRY) >= 0 && write(p[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(lockfile_open(d->fd, "lock", LOCK_TRY), -EAGAIN);
	kill(pid, SIGKILL);
	assert_int_equal(spawn_wait(pid, NULL), 0);
	fd = lockfile_open(d->fd, "lock", LOCK_TRY);
	assert_true(fd >= 0);
	close(p[0]);
	close(p[1]);
}

/* The holder removes the file: who waited must not end up with a lock on a dead one. */
static void lockfile_open__removed_meanwhile(void **state)
{
	struct unit_dir *d = *state;
	int held = lockfile_open(d->fd, "lock", LOCK_TRY), status;
	pid_t pid = unit_fork();

	if (pid == 0) {
		struct stat own, there;
		int fd;

		close(held);
		fd = lockfile_open(d->fd, "lock", LOCK_WAIT);
		if (fd < 0 || fstat(fd, &own) < 0 || fstatat(d->fd, "lock", &there, 0) < 0)
			_exit(1);
		_exit(own.st_ino != there.st_ino);
	}
	usleep(50000);
	assert_int_equal(unlinkat(d->fd, "lock", 0), 0);
	close(held);
	assert_int_equal(spawn_wait(pid, &status), 0);
	assert_int_equal(status, 0);
}

static void lockfile_open__no_symlinks(void **state)
{
	struct unit_dir *d = *state;

	assert_int_equal(symlinkat("target", d->fd, "lock"), 0);
	assert_int_equal(lockfile_open(d->fd, "lock", LOCK_TRY), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(atomicfile_write__creates_and_replaces),
		unit_test_dir(atomicfile_write__mode_despite_umask),
		unit_test_dir(atomicfile_write__path_fd),
		unit_test_dir(atomicfile_write__leaves_nothing_on_failure),
		unit_test_dir(atomicfile_link__replaces),
		unit_test_dir(atomicfile_write__readers_keep_the_old),
		unit_test_dir(lockfile_open__excludes),
		unit_test_dir(lockfile_open__dies_with_its_holder),
		unit_test_dir(lockfile_open__removed_meanwhile),
		unit_test_dir(lockfile_open__no_symlinks),
	};

	return RUN(tests);
}
