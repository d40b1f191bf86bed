/* SPDX-License-Identifier: Apache-2.0 */
/* Layers are plain directories here: what overlayfs would make of them is written out. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "lib/str.h"
#include "src/store-source.h"
#include "src/store.h"

struct fixture {
	struct store_source layers; /* "0" is the topmost */
	int to;
};

static int make_dir(int fd, const char *name)
{
	int dir;

	assert_true(mkdirat(fd, name, 0755) == 0 || errno == EEXIST);
	dir = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	return dir;
}

static void fixture_open(struct fixture *f, void **state, size_t n)
{
	const struct unit_dir *d = *state;

	if (geteuid() != 0)
		skip();
	*f = (struct fixture){.layers = STORE_SOURCE_EMPTY};
	for (size_t i = 0; i < n; i++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "%zu", i);
		store_source_add(&f->layers, make_dir(d->fd, name), (int)i);
	}
	f->to = make_dir(d->fd, "to");
}

static void fixture_done(struct fixture *f)
{
	store_source_done(&f->layers);
	fd_close(f->to);
}

static void make_whiteout(int fd, const char *name)
{
	assert_int_equal(mknodat(fd, name, S_IFCHR, makedev(0, 0)), 0);
}

/* "Overlay" of the path in all layers. */
static int seed(struct fixture *f, const char *path)
{
	_cleanup_(store_source_done) struct store_source from = STORE_SOURCE_EMPTY;
	struct error err = {0};
	int r = store_source_enter(&f->layers, path, &from);

	assert_int_equal(r, 0);
	r = store_seed(&(struct store_seed){.from = &from}, f->to, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

static struct stat stat_of(const struct fixture *f, const char *name)
{
	struct stat st;

	if (fstatat(f->to, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static bool is_there(const struct fixture *f, const char *name)
{
	return faccessat(f->to, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static ssize_t xattr_size(const struct fixture *f, const char *path, const char *name)
{
	_cleanup_close_ int fd = openat(f->to, path, O_RDONLY | O_CLOEXEC);

	return fgetxattr(fd, name, NULL, 0);
}

static void seed__layers_are_merged(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int top = -EBADF, bottom = -EBADF;

	fixture_open(&f, state, 2);
	top = make_dir(f.layers.fds[0], "d");
	bottom = make_dir(f.layers.fds[1], "d");
	unit_file(top, "both", "new");
	unit_file(bottom, "both", "old");
	unit_file(top, "one", "1");
	unit_file(bottom, "two", "2");
	assert_int_equal(seed(&f, "/d"), 3);
	unit_assert_file(f.to, "both", "new");
	unit_assert_file(f.to, "one", "1");
	unit_assert_file(f.to, "two", "2");
}

/* The one hides a file of the layer below, the other is of an inner layer. */
static void seed__outer_and_inner_whiteouts(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	fixture_open(&f, state, 2);
	make_whiteout(f.layers.fds[0], "gone");
	unit_file(f.layers.fds[1], "gone", "");
	make_whiteout(f.layers.fds[0], "inner");
	make_whiteout(f.layers.fds[1], "inner-below");
	assert_int_equal(seed(&f, "."), 2);
	assert_false(is_there(&f, "gone"));
	assert_true(S_ISCHR(stat_of(&f, "inner").st_mode));
	assert_int_equal(stat_of(&f, "inner-below").st_rdev, 0);
}

static void seed__opaque_directory_hides(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int top = -EBADF, bottom = -EBADF;

	fixture_open(&f, state, 2);
	top = make_dir(f.layers.fds[0], "d");
	bottom = make_dir(f.layers.fds[1], "d");
	unit_file(bottom, "old", "");
	if (fsetxattr(top, "trusted.overlay.opaque", "y", 1, 0) < 0)
		skip();
	assert_int_equal(seed(&f, "."), 1);
	assert_true(is_there(&f, "d"));
	assert_false(is_there(&f, "d/old"));
	/* An outer mark has no meaning in the copy. */
	assert_int_equal(xattr_size(&f, "d", "trusted.overlay.opaque"), -1);
}

static void seed__file_in_place_of_a_directory(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	fixture_open(&f, state, 3);
	fd_close(make_dir(f.layers.fds[0], "x"));
	unit_file(f.layers.fds[1], "x", "");
	unit_file(make_dir(f.layers.fds[2], "x"), "hidden", "");
	assert_int_equal(seed(&f, "x"), 0);
	assert_false(is_there(&f, "hidden"));
}

static void seed__attributes(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct timespec times[2] = {{1, 0}, {1000000000, 123456789}};
	/* cap_net_raw+ep, version 2 */
	static const unsigned char caps[20] = {1, 0, 0, 2, 0, 0x20};
	unsigned char got[20];
	_cleanup_close_ int dir = -EBADF, copy = -EBADF;

	fixture_open(&f, state, 1);
	dir = make_dir(f.layers.fds[0], "dir");
	unit_file(dir, "prog", "#!");
	assert_int_equal(fchownat(dir, "prog", 1000, 2000, 0), 0);
	assert_int_equal(fchmodat(dir, "prog", 06755, 0), 0);
	copy = openat(dir, "prog", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(copy, "security.capability", caps, sizeof(caps), 0), 0);
	assert_int_equal(fsetxattr(copy, "user.x", "value", 5, 0), 0);
	assert_int_equal(fsetxattr(dir, "user.overlay.opaque", "y", 1, 0), 0);
	copy = fd_close(copy);
	assert_int_equal(utimensat(dir, "prog", times, 0), 0);
	assert_int_equal(futimens(dir, times), 0);
	assert_int_equal(seed(&f, "."), 2);

	assert_int_equal(stat_of(&f, "dir/prog").st_uid, 1000);
	assert_int_equal(stat_of(&f, "dir/prog").st_gid, 2000);
	assert_int_equal(stat_of(&f, "dir/prog").st_mode, S_IFREG | 06755);
	assert_int_equal(stat_of(&f, "dir/prog").st_mtim.tv_nsec, 123456789);
	assert_int_equal(stat_of(&f, "dir").st_mtim.tv_sec, 1000000000);
	copy = openat(f.to, "dir/prog", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(copy, "security.capability", got, sizeof(got)), 20);
	assert_memory_equal(got, caps, sizeof(caps));
	assert_int_equal(fgetxattr(copy, "user.x", got, sizeof(got)), 5);
	fd_close(copy);
	copy = openat(f.to, "dir", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(copy, "user.overlay.opaque", got, sizeof(got)), 1);
}

static void seed__kinds_of_files(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int file = -EBADF;
	int from;

	fixture_open(&f, state, 1);
	from = f.layers.fds[0];
	assert_int_equal(mkfifoat(from, "fifo", 0600), 0);
	assert_int_equal(mknodat(from, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(symlinkat("/no/where", from, "link"), 0);
	unit_file(from, "a", "linked");
	assert_int_equal(linkat(from, "a", from, "b", 0), 0);
	file = openat(from, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(file, "end", 3, 64 << 20), 3);
	assert_int_equal(seed(&f, "."), 6);

	assert_true(S_ISFIFO(stat_of(&f, "fifo").st_mode));
	assert_int_equal(stat_of(&f, "null").st_rdev, makedev(1, 3));
	assert_true(S_ISLNK(stat_of(&f, "link").st_mode));
	assert_int_equal(stat_of(&f, "a").st_ino, stat_of(&f, "b").st_ino);
	assert_int_equal(stat_of(&f, "a").st_nlink, 2);
	unit_assert_file(f.to, "b", "linked");
	assert_int_equal(stat_of(&f, "sparse").st_size, (64 << 20) + 3);
	assert_true(stat_of(&f, "sparse").st_blocks < 1024);
}

static void seed__too_deep_is_an_error(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct error err = {0};
	int at;

	fixture_open(&f, state, 1);
	at = fd_dup(f.layers.fds[0]);
	for (int i = 0; i < STORE_SEED_MAX_DEPTH + 2; i++) {
		int next = make_dir(at, "d");

		fd_close(at);
		at = next;
	}
	fd_close(at);
	assert_int_equal(store_seed(&(struct store_seed){.from = &f.layers}, f.to, &err),
			 -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(seed__layers_are_merged),
		unit_test_dir(seed__outer_and_inner_whiteouts),
		unit_test_dir(seed__opaque_directory_hides),
		unit_test_dir(seed__file_in_place_of_a_directory),
		unit_test_dir(seed__attributes),
		unit_test_dir(seed__kinds_of_files),
		unit_test_dir(seed__too_deep_is_an_error),
	};

	return RUN(tests);
}
