/* SPDX-License-Identifier: Apache-2.0 */
/* The comparing of three trees, by itself: no overlay is needed for it. */
#include "src/store-flush.c"

#include <sys/xattr.h>

#include "tests/unit/unit.h"

struct fixture {
	int store, upper, image;
	struct store_source lower;
	struct flush f;
	struct store_layers layers; /* none */
	struct store_clean clean;
	struct error err;
};

static int make_dir(int fd, const char *name)
{
	int dir;

	assert_true(mkdirat(fd, name, 0755) == 0 || errno == EEXIST);
	dir = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	return dir;
}

static void fixture_open(struct fixture *f, void **state)
{
	const struct unit_dir *d = *state;

	if (geteuid() != 0)
		skip();
	*f = (struct fixture){.lower = STORE_SOURCE_EMPTY};
	f->store = make_dir(d->fd, "store");
	f->upper = make_dir(d->fd, "upper");
	f->image = make_dir(d->fd, "image");
	store_source_add(&f->lower, make_dir(d->fd, "image"), 0);
}

static void fixture_done(struct fixture *f)
{
	fd_close(f->store);
	fd_close(f->upper);
	fd_close(f->image);
	store_source_done(&f->lower);
	strbuf_done(&f->f.meta);
}

static void flush(struct fixture *f)
{
	strbuf_reset(&f->f.meta);
	f->f.err = &f->err;
	f->f.layers = &f->layers;
	f->f.clean = &f->clean;
	if (sync_dir(&f->f, &(struct dir){f->store, f->upper, &f->lower, "", 0}) < 0 ||
	    write_meta(&f->f, &f->f.meta, f->upper, &f->lower) < 0)
		fail_msg("%s", f->err.text);
}

static bool has(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct stat stat_of(int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static void set_time(int fd, const char *name, time_t t)
{
	const struct timespec times[2] = {{t, 0}, {t, 0}};

	assert_int_equal(utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* The same file in the image and, as seeding makes it, in the store. */
static void seed_file(struct fixture *f, const char *name, const char *text)
{
	unit_file(f->image, name, text);
	unit_file(f->store, name, text);
	set_time(f->image, name, 1000);
	set_time(f->store, name, 1000);
}

static void flush__new_is_linked_and_unchanged_left_out(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	fixture_open(&f, state);
	unit_file(f.store, "new", "x");
	seed_file(&f, "same", "x");
	seed_file(&f, "changed", "x");
	unit_file(f.store, "changed", "y");
	flush(&f);
	assert_int_equal(stat_of(f.upper, "new").st_ino, stat_of(f.store, "new").st_ino);
	assert_int_equal(stat_of(f.upper, "changed").st_ino,
			 stat_of(f.store, "changed").st_ino);
	assert_false(has(f.upper, "same"));
	assert_false(has(f.upper, STORE_META));
}

static void flush__removed_becomes_a_whiteout(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	fixture_open(&f, state);
	seed_file(&f, "file", "");
	fd_close(make_dir(f.image, "dir"));
	assert_int_equal(unlinkat(f.store, "file", 0), 0);
	flush(&f);
	flush(&f);
	assert_true(S_ISCHR(stat_of(f.upper, "file").st_mode));
	assert_true(S_ISCHR(stat_of(f.upper, "dir").st_mode));
	/* And comes back. */
	fd_close(make_dir(f.store, "dir"));
	unit_file(f.store, "file", "again");
	flush(&f);
	assert_true(S_ISDIR(stat_of(f.upper, "dir").st_mode));
	unit_assert_file(f.upper, "file", "again");
}

static void flush__stale_entries_go(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int dir = -EBADF;

	fixture_open(&f, state);
	dir = make_dir(f.store, "d");
	unit_file(dir, "x", "");
	flush(&f);
	assert_true(has(f.upper, "d/x"));
	assert_int_equal(unlinkat(dir, "x", 0), 0);
	assert_int_equal(unlinkat(f.store, "d", AT_REMOVEDIR), 0);
	assert_int_equal(mknodat(f.upper, "old", S_IFCHR, 0), 0);
	flush(&f);
	assert_false(has(f.upper, "d"));
	assert_false(has(f.upper, "old"));
}

static void flush__directory_without_changes_is_left_out(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int a = -EBADF, b = -EBADF;

	fixture_open(&f, state);
	a = make_dir(f.store, "d");
	b = make_dir(f.image, "d");
	set_time(f.store, "d", 1000);
	set_time(f.image, "d", 1000);
	flush(&f);
	assert_false(has(f.upper, "d"));
	assert_int_equal(fchmod(a, 0700), 0);
	flush(&f);
	assert_int_equal(stat_of(f.upper, "d").st_mode & 0777, 0700);
	assert_int_equal(stat_of(f.upper, "d").st_mtim.tv_sec, 1000);
}

static void flush__what_no_image_carries_is_written_down(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int dir = -EBADF, copy = -EBADF;
	_cleanup_free_ char *meta = NULL;
	char value[4];

	fixture_open(&f, state);
	dir = make_dir(f.store, "opaque");
	assert_int_equal(fsetxattr(dir, "user.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(mknodat(dir, "gone", S_IFCHR, 0), 0);
	flush(&f);
	assert_false(has(f.upper, "opaque/gone"));
	assert_true(has(f.upper, "opaque"));
	fd_close(take_fd(&dir));
	dir = openat(f.upper, "opaque", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(dir, "user.overlay.opaque", NULL, 0), -1);

	assert_int_equal(file_read(f.upper, STORE_META, 4096, &meta, NULL), 0);
	copy = make_dir(d->fd, "copy");
	fd_close(make_dir(copy, "opaque"));
	set_time(copy, "opaque", 5);
	assert_int_equal(store_meta_apply(meta, copy, &f.err), 0);
	assert_true(S_ISCHR(stat_of(copy, "opaque/gone").st_mode));
	assert_int_equal(stat_of(copy, "opaque").st_mtim.tv_sec, 5);
	fd_close(take_fd(&dir));
	dir = openat(copy, "opaque", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(dir, "user.overlay.opaque", value, 4), 1);
}

/*
 * Whatever names the container has chosen, and whatever an earlier flush has shown of them:
 * nothing is opened by a name that may be a link to a file of the host.
 */
static void flush__links_lead_no_writer_out(void **state)
{
	static const char *const names[] = {
		".sysbox-new",
		STORE_META,
		STORE_NOTE,
		("." STORE_META),
	};
	const struct unit_dir *d = *state;
	_cleanup_(fixture_done) struct fixture f;

	fixture_open(&f, state);
	unit_file(d->fd, "victim", "host's");
	/* Something to be written down. */
	assert_int_equal(mknodat(f.store, "gone", S_IFCHR, makedev(0, 0)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(symlinkat("../victim", f.store, names[i]), 0);
	flush(&f);
	flush(&f);
	unit_assert_file(d->fd, "victim", "host's");
	assert_true(S_ISREG(stat_of(f.upper, STORE_META).st_mode));
	assert_true(S_ISLNK(stat_of(f.upper, ".sysbox-new").st_mode));
}

/* Nor does it wait for anybody, or stop at a directory of the name of its own file. */
static void flush__odd_entries(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	char name[NAME_MAX + 1] = "";

	fixture_open(&f, state);
	memset(name, 'x', NAME_MAX);
	unit_file(f.store, name, "long");
	assert_int_equal(mkfifoat(f.store, ".sysbox-new", 0666), 0);
	fd_close(make_dir(f.store, STORE_META));
	fd_close(make_dir(f.upper, STORE_META));
	assert_int_equal(mknodat(f.store, "gone", S_IFCHR, makedev(0, 0)), 0);
	flush(&f);
	unit_assert_file(f.upper, name, "long");
	assert_true(S_ISREG(stat_of(f.upper, STORE_META).st_mode));
}

/* The text comes from an image: "w PATH" and "x PATH NAME VALUE" of an attacker. */
static void meta_apply__hostile(void **state)
{
	static const char *const lines[] = {
		"w 2e2e2f6f7574",	      /* ../out */
		"w 2f746d702f6f7574",	      /* /tmp/out */
		"w 6c696e6b2f6f7574",	      /* link/out */
		"w 2e2e",		      /* .. */
		"x 6c696e6b 757365722e78 79", /* link user.x y */
		"x 66 747275737465642e78 79", /* f trusted.x y */
		"x 66 73656375726974792e6361706162696c697479 79",
		"w 6g",
		"w 6",
		"w",
		"x 66",
		"y 66 66 66",
		"w 00",
		"   ",
	};
	const struct unit_dir *d = *state;
	struct error err = {0};
	_cleanup_close_ int top = -EBADF, f = -EBADF;

	if (geteuid() != 0)
		skip();
	top = make_dir(d->fd, "top");
	unit_file(top, "f", "");
	assert_int_equal(symlinkat("..", top, "link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(store_meta_apply(lines[i], top, &err), 0);
	assert_false(has(d->fd, "out"));
	f = openat(top, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flistxattr(f, NULL, 0), 0);
	assert_int_equal(store_meta_apply("x 66 757365722e78 79\nw 67\n", top, &err), 0);
	assert_int_equal(fgetxattr(f, "user.x", NULL, 0), 1);
	assert_true(S_ISCHR(stat_of(top, "g").st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(flush__new_is_linked_and_unchanged_left_out),
		unit_test_dir(flush__removed_becomes_a_whiteout),
		unit_test_dir(flush__stale_entries_go),
		unit_test_dir(flush__directory_without_changes_is_left_out),
		unit_test_dir(flush__what_no_image_carries_is_written_down),
		unit_test_dir(flush__links_lead_no_writer_out),
		unit_test_dir(flush__odd_entries),
		unit_test_dir(meta_apply__hostile),
	};

	return RUN(tests);
}
