/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

/* The parser of a line is static. */
#include "lib/mountinfo.c"

static void parse_line__all_fields(void **state)
{
	static const char line[] =
		"36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 shared:22 - ext3 /dev/root "
		"rw,errors=continue\n37 next line";
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	(void)state;
	assert_int_equal(parse_line(line, &m), 0);
	assert_int_equal(m->id, 36);
	assert_int_equal(m->parent_id, 35);
	assert_string_equal(m->root, "/mnt1");
	assert_string_equal(m->target, "/mnt/parent");
	assert_string_equal(m->vfs_options, "rw,noatime");
	assert_string_equal(m->optional, "master:1 shared:22");
	assert_string_equal(m->fstype, "ext3");
	assert_string_equal(m->source, "/dev/root");
	assert_string_equal(m->fs_options, "rw,errors=continue");
}

static void parse_line__escapes_and_empty_source(void **state)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	(void)state;
	assert_int_equal(parse_line("1 0 0:1 / /a\\040b\\134c\\01 rw - tmpfs  rw", &m), 0);
	assert_string_equal(m->target, "/a b\\c\\01");
	assert_string_equal(m->optional, "");
	assert_string_equal(m->source, "");
	assert_string_equal(m->fs_options, "rw");
}

static void parse_line__bad(void **state)
{
	static const char *const bad[] = {"",
					  "1",
					  "1 0 0:1 / /a rw",
					  "1 0 0:1 / /a rw - tmpfs x",
					  "x 0 0:1 / /a rw - tmpfs x rw",
					  "1 0 0:1 / /a rw -\n- x"};
	struct mountinfo *m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_line(bad[i], &m), -EBADMSG);
}

static void assert_option(const char *options, const char *name, const char *value)
{
	_cleanup_free_ char *got = mountinfo_option(options, name);

	if (value)
		assert_string_equal(got, value);
	else
		assert_null(got);
}

static void mountinfo_option__values(void **state)
{
	static const char o[] = "rw,lowerdir=/a\\:b:/c\\,d,upperdir=/u,xino=,index=off";

	(void)state;
	assert_option(o, "rw", "");
	assert_option(o, "lowerdir", "/a\\:b:/c\\,d");
	assert_option(o, "upperdir", "/u");
	assert_option(o, "xino", "");
	assert_option(o, "index", "off");
	assert_option(o, "dir", NULL);
	assert_option(o, "lower", NULL);
	assert_option(o, "workdir", NULL);
	assert_option("", "rw", NULL);
	assert_option(NULL, "rw", NULL);
}

static void mountinfo_all__has_proc(void **state)
{
	struct mountinfo **all;
	bool found = false;
	size_t n;

	(void)state;
	assert_int_equal(mountinfo_all(&all, &n), 0);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		found |= str_eq(all[i]->target, "/proc") && str_eq(all[i]->fstype, "proc");
	assert_true(found);
	mountinfo_free_all(all, n);
}

static void mountinfo_at__mount_points_only(void **state)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	(void)state;
	assert_int_equal(mountinfo_at("/proc", &m), 0);
	assert_string_equal(m->target, "/proc");
	assert_string_equal(m->fstype, "proc");
	assert_int_equal(mountinfo_at("/proc/self", &m), -ENOENT);
	assert_int_equal(mountinfo_at("/nonexistent", &m), -ENOENT);
	assert_int_equal(mountinfo_at("/proc/version/x", &m), -ENOENT);
}

static void mountinfo_of__existing_and_not(void **state)
{
	_cleanup_(mountinfo_freep) struct mountinfo *a = NULL, *b = NULL, *c = NULL;

	(void)state;
	assert_int_equal(mountinfo_of("/proc/sys/kernel", &a), 0);
	assert_string_equal(a->target, "/proc");
	assert_int_equal(mountinfo_of("/proc/nonexistent/too", &b), 0);
	assert_string_equal(b->target, "/proc");
	assert_int_equal(mountinfo_of("/nonexistent/x", &c), 0);
	assert_string_equal(c->target, "/");
}

static void make_tmpfs(const char *path, const char *source)
{
	assert_int_equal(mount(source, path, "tmpfs", 0, "size=64k"), 0);
}

static void mountinfo_at__stacked(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;
	_cleanup_free_ char *at = path_join(d->path, "a b\\c");

	if (geteuid() != 0 || !unit_private_mounts())
		skip();
	assert_int_equal(mkdir(at, 0755), 0);
	make_tmpfs(at, "lower");
	make_tmpfs(at, "upper");
	assert_int_equal(mountinfo_at(at, &m), 0);
	assert_string_equal(m->target, at);
	assert_string_equal(m->source, "upper");
}

/* A mount that another one covers is in the table, but no path leads to it. */
static void mountinfo_of__covered(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL, *none = NULL;
	_cleanup_free_ char *a = path_join(d->path, "a"), *b = path_join(a, "b");

	if (geteuid() != 0 || !unit_private_mounts())
		skip();
	assert_int_equal(mkdir(a, 0755), 0);
	assert_int_equal(mkdir(b, 0755), 0);
	make_tmpfs(b, "inner");
	make_tmpfs(a, "cover");
	assert_int_equal(mkdir(b, 0755), 0);
	assert_int_equal(mountinfo_at(b, &none), -ENOENT);
	assert_int_equal(mountinfo_of(b, &m), 0);
	assert_string_equal(m->source, "cover");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_line__all_fields),
		cmocka_unit_test(parse_line__escapes_and_empty_source),
		cmocka_unit_test(parse_line__bad),
		cmocka_unit_test(mountinfo_option__values),
		cmocka_unit_test(mountinfo_all__has_proc),
		cmocka_unit_test(mountinfo_at__mount_points_only),
		cmocka_unit_test(mountinfo_of__existing_and_not),
		unit_test_dir(mountinfo_at__stacked),
		unit_test_dir(mountinfo_of__covered),
	};

	return RUN(tests);
}
