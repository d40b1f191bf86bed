/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <signal.h>

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void fd_close__keeps_errno(void **state)
{
	(void)state;
	errno = ENOTTY;
	assert_int_equal(fd_close(-EBADF), -EBADF);
	assert_int_equal(fd_close(999999), -EBADF);
	assert_int_equal(errno, ENOTTY);
}

static void take_fd__empties(void **state)
{
	int fd = 7, taken = take_fd(&fd);

	(void)state;
	assert_int_equal(taken, 7);
	assert_int_equal(fd, -EBADF);
}

static void cleanup_close__closes(void **state)
{
	int before = unit_count_fds();

	(void)state;
	{
		_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		assert_int_equal(unit_count_fds(), before + 1);
		assert_true(fd >= 0);
	}
	assert_int_equal(unit_count_fds(), before);
}

static void fd_dup__above_stdio(void **state)
{
	int saved = dup(STDIN_FILENO);
	_cleanup_close_ int fd = -EBADF;

	(void)state;
	close(STDIN_FILENO);
	fd = fd_dup(STDERR_FILENO);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_true(fd >= 3);
	assert_true(is_cloexec(fd));
}

static void fd_memfd__reads_back(void **state)
{
	_cleanup_close_ int fd = fd_memfd("x", "a\0b", 3);
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(fd_read_all(fd, 100, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a\0b", 4);
}

static void fd_read_all__limit_is_inclusive(void **state)
{
	_cleanup_close_ int fd = fd_memfd("x", "12345", 5);
	_cleanup_free_ char *text = NULL;
	size_t len = 99;

	(void)state;
	assert_int_equal(fd_read_all(fd, 4, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(len, 99);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 5, &text, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(text, "12345");
}

static void fd_read_all__grows(void **state)
{
	_cleanup_free_ char *big = xmalloc(100000), *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	size_t len;

	(void)state;
	for (int i = 0; i < 100000; i++)
		big[i] = (char)('a' + i % 26);
	fd = fd_memfd("x", big, 100000);
	assert_int_equal(fd_read_all(fd, 100000, &text, &len), 0);
	assert_int_equal(len, 100000);
	assert_memory_equal(text, big, 100000);
}

static void fd_read_all__empty_and_zero_limit(void **state)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(fd_read_all(fd, 0, &text, NULL), 0);
	assert_string_equal(text, "");
}

static void fd_write_all__closed_pipe(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	close(p[0]);
	assert_int_equal(fd_write_all(p[1], "x", 1), -EPIPE);
	close(p[1]);
}

static void file_read_line__cuts_one_newline(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_free_ char *one = NULL, *two = NULL, *none = NULL;

	unit_file(d->fd, "one", "max\n");
	unit_file(d->fd, "two", "a\n\n");
	unit_file(d->fd, "none", "");
	assert_int_equal(file_read_line(d->fd, "one", &one), 0);
	assert_string_equal(one, "max");
	assert_int_equal(file_read_line(d->fd, "two", &two), 0);
	assert_string_equal(two, "a\n");
	assert_int_equal(file_read_line(d->fd, "none", &none), 0);
	assert_string_equal(none, "");
	assert_int_equal(file_read_line(d->fd, "absent", &none), -ENOENT);
}

static void file_write__writes_and_does_not_create(void **state)
{
	struct unit_dir *d = *state;

	unit_file(d->fd, "f", "");
	assert_int_equal(file_write(d->fd, "f", "12"), 0);
	unit_assert_file(d->fd, "f", "12");
	assert_int_equal(file_write(d->fd, "absent", "12"), -ENOENT);
	assert_int_equal(file_write(AT_FDCWD, "/proc/self/oom_score_adj", "words"), -EINVAL);
}

static void fd_reopen__from_path_fd(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int path_fd = -EBADF, fd = -EBADF;
	_cleanup_free_ char *text = NULL;

	unit_file(d->fd, "f", "text");
	path_fd = openat(d->fd, "f", O_PATH | O_CLOEXEC);
	fd = fd_reopen(path_fd, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(fd_read_all(fd, 10, &text, NULL), 0);
	assert_string_equal(text, "text");
	assert_int_equal(fd_reopen(-1, O_RDONLY), -ENOENT);
}

static void fd_same_inode__hard_links(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int a = -EBADF, b = -EBADF;

	unit_file(d->fd, "f", "text");
	assert_int_equal(linkat(d->fd, "f", d->fd, "g", 0), 0);
	a = openat(d->fd, "f", O_PATH | O_CLOEXEC);
	b = openat(d->fd, "g", O_PATH | O_CLOEXEC);
	assert_int_equal(fd_same_inode(a, b), 1);
	assert_int_equal(fd_same_inode(a, d->fd), 0);
	assert_int_equal(fd_same_inode(a, -1), -EBADF);
}

static void fd_path__names_the_fd(void **state)
{
	char buf[FD_PATH_MAX];

	(void)state;
	assert_string_equal(fd_path(12, buf), "/proc/self/fd/12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fd_close__keeps_errno),
		cmocka_unit_test(take_fd__empties),
		cmocka_unit_test(cleanup_close__closes),
		cmocka_unit_test(fd_dup__above_stdio),
		cmocka_unit_test(fd_memfd__reads_back),
		cmocka_unit_test(fd_read_all__limit_is_inclusive),
		cmocka_unit_test(fd_read_all__grows),
		cmocka_unit_test(fd_read_all__empty_and_zero_limit),
		cmocka_unit_test(fd_write_all__closed_pipe),
		unit_test_dir(file_read_line__cuts_one_newline),
		unit_test_dir(file_write__writes_and_does_not_create),
		unit_test_dir(fd_reopen__from_path_fd),
		unit_test_dir(fd_same_inode__hard_links),
		cmocka_unit_test(fd_path__names_the_fd),
	};

	signal(SIGPIPE, SIG_IGN);
	return RUN(tests);
}
