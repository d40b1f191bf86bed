/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/dir.h"

static int count(DIR *dir)
{
	struct dirent *e;
	int n = 0, r;

	while ((r = dir_next(dir, &e)) > 0)
		n++;
	return r < 0 ? r : n;
}

static void dir_next__all_but_dots(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_dir_ DIR *dir = NULL;

	unit_file(d->fd, "a", "");
	unit_file(d->fd, "..b", "");
	assert_int_equal(dir_open(&dir, d->fd, "."), 0);
	assert_int_equal(count(dir), 2);
}

static void dir_next__an_error_is_no_end(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_dir_ DIR *dir = NULL;
	_cleanup_close_ int file = -EBADF;

	unit_file(d->fd, "a", "");
	assert_int_equal(dir_open(&dir, d->fd, "."), 0);
	file = openat(d->fd, "a", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup3(file, dirfd(dir), O_CLOEXEC), dirfd(dir));
	assert_int_equal(count(dir), -ENOTDIR);
}

/* Two who read one directory do not share a position. */
static void dir_open__from_the_start(void **state)
{
	const struct unit_dir *d = *state;

	unit_file(d->fd, "a", "");
	for (int i = 0; i < 2; i++) {
		_cleanup_dir_ DIR *dir = NULL;

		assert_int_equal(dir_open(&dir, d->fd, "."), 0);
		assert_int_equal(count(dir), 1);
	}
}

static void dir_open__through_no_symlink(void **state)
{
	const struct unit_dir *d = *state;
	const int before = unit_count_fds();
	DIR *dir = NULL;

	unit_file(d->fd, "file", "");
	assert_int_equal(symlinkat(".", d->fd, "link"), 0);
	assert_int_equal(dir_open(&dir, d->fd, "link"), -ENOTDIR);
	assert_int_equal(dir_open(&dir, d->fd, "file"), -ENOTDIR);
	assert_int_equal(dir_open(&dir, d->fd, "absent"), -ENOENT);
	assert_null(dir);
	assert_int_equal(unit_count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(dir_next__all_but_dots),
		unit_test_dir(dir_next__an_error_is_no_end),
		unit_test_dir(dir_open__from_the_start),
		unit_test_dir(dir_open__through_no_symlink),
	};

	return RUN(tests);
}
