/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/strv.h"
#include "src/layers.c"

/* "upper|work|lower:lower|number of data layers|options" */
static char *describe(const struct layers *l)
{
	_cleanup_free_ char *lower = strv_join(l->lower, " ");

	return xasprintf("%s|%s|%s|%zu|%s", l->upper ? l->upper : "-", l->work ? l->work : "-",
			 lower, l->n_data, l->options ? l->options : "-");
}

static void parse__what_engines_mount(void **state)
{
	static const struct {
		const char *options, *layers;
	} cases[] = {
		/* Docker, overlay2 */
		{"rw,lowerdir=/o/l/A:/o/l/B,upperdir=/o/1/diff,workdir=/o/1/work",
		 "/o/1/diff|/o/1/work|/o/l/A /o/l/B|0|"},
		{"rw,lowerdir=l/A:l/B,upperdir=1/diff,workdir=1/work,index=off",
		 "1/diff|1/work|l/A l/B|0|"},
		/* A read-only one: containerd's views, `docker build` */
		{"ro,lowerdir=/a:/b", "-|-|/a /b|0|"},
		/* The last one counts. */
		{"lowerdir=/a,upperdir=/u,upperdir=/v,workdir=/w,workdir=/x", "/v|/x|/a|0|"},
		/* fsconfig(2): one layer each, in their order */
		{"rw,lowerdir+=/a,lowerdir+=/b:c,upperdir=/u,workdir=/w", "/u|/w|/a /b:c|0|"},
		/* composefs: layers of data only */
		{"rw,lowerdir=/a:/b::/d::/e,metacopy=on", "-|-|/a /b /d /e|2|,metacopy=on"},
		{"rw,lowerdir=/a::/d", "-|-|/a /d|1|"},
		{"rw,lowerdir+=/a,datadir+=/d,datadir+=/e", "-|-|/a /d /e|2|"},
		/* What ours must have too, and what not. */
		{"rw,lowerdir=/"
		 "a,xino=off,index=off,nfs_export=on,redirect_dir=nofollow,uuid=on",
		 "-|-|/a|0|,xino=off,redirect_dir=nofollow"},
		{"rw,lowerdir=/a,volatile,userxattr,userxattr2,verity=require",
		 "-|-|/a|0|,volatile,userxattr,verity=require"},
		{"rw,lowerdir=/a,fsync=volatile", "-|-|/a|0|,fsync=volatile"},
		/* SELinux: a label with categories */
		{"rw,context=\"u:r:t:s0:c1,c2\",lowerdir=/a:/b",
		 "-|-|/a /b|0|,context=\"u:r:t:s0:c1,c2\""},
		{"rw,context=u:r:t:s0,lowerdir=/a\"b,upperdir=/u",
		 "/u|-|/a\"b|0|,context=u:r:t:s0"},
		/* Names with the signs that separate. */
		{"rw,lowerdir=/a\\:b:/c\\\\d:/e f", "-|-|/a:b /c\\d /e f|0|"},
		{"rw,lowerdir=/a\\::/b", "-|-|/a: /b|0|"},
		{"rw,lowerdir=/a\\\\::/d", "-|-|/a\\ /d|1|"},
		{"rw,lowerdir=/a\\,b:/c,upperdir=/u\\,u,workdir=/w\\:w",
		 "/u,u|/w:w|/a,b /c|0|"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(layers_done) struct layers l = {0};
		_cleanup_free_ char *got = NULL;

		parse(&l, cases[i].options);
		got = describe(&l);
		assert_string_equal(got, cases[i].layers);
	}
}

static int try_resolve(struct layers *l, const char *base, const char *options,
		       const char *rootfs, struct error *err)
{
	_cleanup_free_ char *text = NULL, *path = path_join(base, rootfs);

	/* '@' stands for the directory of the test. */
	for (const char *p = options; *p; p++) {
		char *longer = *p == '@' ? xasprintf("%s%s", text ? text : "", base)
					 : xasprintf("%s%c", text ? text : "", *p);

		free(text);
		text = longer;
	}
	parse(l, text);
	return resolve(l, path, err);
}

/* Docker mounts from overlay2/, containerd from snapshots/. */
static void resolve__finds_where_relative_names_begin(void **state)
{
	static const struct {
		const char *options, *rootfs, *lower, *upper;
	} cases[] = {
		{"lowerdir=l/A:l/B,upperdir=1/diff,workdir=1/work", "overlay2/1/merged",
		 "overlay2/l/A", "overlay2/1/diff"},
		{"lowerdir=l/A:l/B,upperdir=@/overlay2/1/diff,workdir=@/overlay2/1/work",
		 "elsewhere/rootfs", "overlay2/l/A", "overlay2/1/diff"},
		{"lowerdir=l/A:@/overlay2/l/B", "overlay2/1/merged", "overlay2/l/A", NULL},
		{"lowerdir=@/absent:@/too", "overlay2/1/merged", "absent", NULL},
	};
	const struct unit_dir *d = *state;

	close(unit_mkdirs(d->fd, "overlay2/l/A"));
	close(unit_mkdirs(d->fd, "overlay2/l/B"));
	close(unit_mkdirs(d->fd, "overlay2/1/diff"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(layers_done) struct layers l = {0};
		_cleanup_free_ char *lower = path_join(d->path, cases[i].lower);
		_cleanup_free_ char *upper =
			cases[i].upper ? path_join(d->path, cases[i].upper) : NULL;
		struct error err = {0};

		assert_int_equal(
			try_resolve(&l, d->path, cases[i].options, cases[i].rootfs, &err), 0);
		assert_string_equal(l.lower[0], lower);
		assert_true(str_eq(l.upper, upper));
	}
}

static void resolve__says_what_it_cannot_find(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(layers_done) struct layers l = {0};
	struct error err = {0};

	assert_int_equal(try_resolve(&l, d->path, "lowerdir=l/nowhere:l/B", "1/merged", &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/1/merged: their paths are relative (l/nowhere, "));
}

/* On a file system of our own, where the test then stands. */
static void make_dirs(const struct unit_dir *d)
{
	static const char *const dirs[] = {"a", "b:", "c,d", "e f", "merged", "s/up", "s/wk"};
	_cleanup_close_ int fd = -EBADF;

	if (!unit_private_mounts() || mount("none", d->path, "tmpfs", 0, NULL) < 0)
		skip();
	assert_int_equal(chdir(d->path), 0);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		close(unit_mkdirs(fd, dirs[i]));
}

static void mount_overlay(const char *options)
{
	assert_int_equal(mount("overlay", "merged", "overlay", 0, options), 0);
}

static void read_merged(struct layers *l, const struct unit_dir *d, int expected)
{
	_cleanup_free_ char *target = path_join(d->path, "merged");
	struct error err = {0};

	assert_int_equal(layers_read(l, target, &err), expected);
}

static int leave(void **state)
{
	return chdir("/") < 0 || unit_dir_done(state);
}

/* What is written here comes back through the kernel's own table. */
static void layers_read__of_a_mounted_overlay(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(layers_done) struct layers l = {0};
	_cleanup_free_ char *got = NULL, *expected = NULL;

	make_dirs(d);
	mount_overlay("lowerdir=a:b\\::c\\,d:e f,upperdir=s/up,workdir=s/wk,volatile");
	read_merged(&l, d, 0);
	got = describe(&l);
	expected =
		xasprintf("%1$s/s/up|%1$s/s/wk|%1$s/a %1$s/b: %1$s/c,d %1$s/e f|0|", d->path);
	assert_true(str_has_prefix(got, expected));
	/* Some kernels call it "fsync=volatile". */
	assert_non_null(strstr(l.options, "volatile"));
	assert_true(layers_are_reachable(&l));
	assert_int_equal(rmdir("e f"), 0);
	assert_false(layers_are_reachable(&l));
}

static void layers_read__the_topmost_overlay(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(layers_done) struct layers l = {0}, none = {0};

	make_dirs(d);
	read_merged(&none, d, LAYERS_E_NONE);
	mount_overlay("lowerdir=a:c\\,d");
	mount_overlay("lowerdir=e f:a");
	assert_int_equal(mount("none", "merged", "tmpfs", 0, NULL), 0);
	read_merged(&l, d, 0);
	assert_true(str_has_suffix(l.lower[0], "/e f"));
	assert_null(l.upper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__what_engines_mount),
		unit_test_dir(resolve__finds_where_relative_names_begin),
		unit_test_dir(resolve__says_what_it_cannot_find),
		cmocka_unit_test_setup_teardown(layers_read__of_a_mounted_overlay, unit_dir,
						leave),
		cmocka_unit_test_setup_teardown(layers_read__the_topmost_overlay, unit_dir,
						leave),
	};

	return RUN(tests);
}
