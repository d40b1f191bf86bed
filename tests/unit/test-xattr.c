/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/xattr.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "lib/xattr.h"

/* On a file system that surely has them: "f", and "link" to it. */
struct place {
	char file[80], link[80];
};

static void enter(struct place *p, const struct unit_dir *d)
{
	(void)snprintf(p->file, sizeof(p->file), "%s/f", d->path);
	(void)snprintf(p->link, sizeof(p->link), "%s/link", d->path);
	if (!unit_private_mounts() || mount("none", d->path, "tmpfs", 0, NULL) < 0)
		skip();
	unit_file(AT_FDCWD, p->file, "");
	assert_int_equal(symlink("f", p->link), 0);
	if (setxattr(p->file, "trusted.t", "1", 1, 0) < 0)
		skip();
}

static int collect(const char *name, void *arg)
{
	char ***v = arg;

	strv_add(v, name);
	return str_eq(name, "trusted.stop") ? -ECANCELED : 0;
}

static size_t count(const char *path)
{
	_cleanup_(strv_freep) char **v = NULL;

	assert_int_equal(xattr_each(path, collect, &v), 0);
	return strv_len(v);
}

static void xattr_each__of_the_file_itself(void **state)
{
	struct place p;

	enter(&p, *state);
	assert_int_equal(count(p.file), 1);
	assert_int_equal(count(p.link), 0);
	assert_int_equal(xattr_each("/nonexistent", collect, NULL), -ENOENT);
	/* A file system without any has none. */
	assert_int_equal(count("/proc/self/status"), 0);
}

static void xattr_each__more_than_fit_at_first(void **state)
{
	struct place p;

	enter(&p, *state);
	for (int i = 0; i < 60; i++) {
		_cleanup_free_ char *name = xasprintf("trusted.with.a.long.name.%d", i);

		assert_int_equal(setxattr(p.file, name, "", 0, 0), 0);
	}
	assert_int_equal(count(p.file), 61);
}

static void xattr_each__until_one_says_no(void **state)
{
	_cleanup_(strv_freep) char **v = NULL;
	struct place p;

	enter(&p, *state);
	assert_int_equal(setxattr(p.file, "trusted.stop", "", 0, 0), 0);
	assert_int_equal(setxattr(p.file, "trusted.stop.not", "", 0, 0), 0);
	assert_int_equal(xattr_each(p.file, collect, &v), -ECANCELED);
	assert_string_equal(v[strv_len(v) - 1], "trusted.stop");
}

static void xattr_get__bytes(void **state)
{
	static const char value[] = {'a', '\0', '\xff'};
	_cleanup_free_ char *got = NULL, *empty = NULL;
	struct place p;
	char *none = NULL;

	enter(&p, *state);
	assert_int_equal(setxattr(p.file, "trusted.v", value, sizeof(value), 0), 0);
	assert_int_equal(setxattr(p.file, "trusted.e", "", 0, 0), 0);
	assert_int_equal(xattr_get(p.file, "trusted.v", &got), sizeof(value));
	assert_memory_equal(got, value, sizeof(value));
	assert_int_equal(xattr_get(p.file, "trusted.e", &empty), 0);
	assert_int_equal(xattr_get(p.file, "trusted.absent", &none), -ENODATA);
	assert_int_equal(xattr_get(p.link, "trusted.v", &none), -ENODATA);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(xattr_each__of_the_file_itself),
		unit_test_dir(xattr_each__more_than_fit_at_first),
		unit_test_dir(xattr_each__until_one_says_no),
		unit_test_dir(xattr_get__bytes),
	};

	return RUN(tests);
}
