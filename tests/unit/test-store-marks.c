/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that are seen with marks which an image brought, written by anybody. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/xattr.h>

#include "lib/str.h"
#include "src/store-internal.h"

#define LAYER "overlay2/abc/diff"

/* Stores below "stores"; a layer of an image: d/f, r, and a link that leads out. */
struct world {
	struct unit_dir *dir;
	struct store_marks marks;
	int stores, layer;
};

static void enter(struct world *w, struct unit_dir *dir)
{
	w->dir = dir;
	unit_put(dir->fd, "layer/d/f", "");
	unit_put(dir->fd, "layer/r", "");
	assert_int_equal(symlinkat("..", dir->fd, "layer/out"), 0);
	assert_int_equal(fchmodat(dir->fd, "layer/d", 01711, 0), 0);
	w->layer = openat(dir->fd, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(unit_mkdirs(dir->fd, "stores"));
	w->stores = openat(dir->fd, "stores", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	store_marks_begin(&w->marks, w->stores, "docker");
}

static void leave(struct world *w)
{
	store_marks_done(&w->marks);
	close(w->layer);
	close(w->stores);
}

static char *hex(const char *text)
{
	char *out = xmalloc(2 * strlen(text) + 1);

	out[0] = '\0';
	for (size_t i = 0; text[i]; i++)
		(void)sprintf(out + 2 * i, "%02x", (unsigned char)text[i]);
	return out;
}

/* Appends a line: a whiteout, or an attribute. */
static void say(char **text, const char *path, const char *name, const char *value)
{
	_cleanup_free_ char *p = hex(path), *n = name ? hex(name) : NULL,
			    *v = value ? hex(value) : NULL, *old = *text;

	*text = n ? xasprintf("%sx %s %s %s\n", old ? old : "", p, n, v)
		  : xasprintf("%sw %s\n", old ? old : "", p);
}

static int add(struct world *w, int number, const char *text)
{
	struct error err = {0};
	int r = store_marks_add(&w->marks, w->layer, number, LAYER, text, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

static bool is_marked(const struct world *w, const char *path, const char *name,
		      const char *value)
{
	_cleanup_free_ char *full = xasprintf("%s/stores/.marks-docker/%s", w->dir->path, path);
	char got[8] = "";

	return lgetxattr(full, name, got, sizeof(got) - 1) >= 0 && strcmp(got, value) == 0;
}

static bool exists(const struct world *w, const char *path)
{
	struct stat st;

	return fstatat(w->dir->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void store_marks_add__whiteouts_and_attributes(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct error err = {0};
	struct world w;
	struct stat st;

	enter(&w, *state);
	say(&text, "gone", NULL, NULL);
	say(&text, "d/f2", NULL, NULL);
	say(&text, "d", "user.a", "b");
	if (add(&w, 7, text) == 0)
		skip(); /* a kernel before 6.7 */
	assert_true(is_marked(&w, "0/gone", "user.overlay.whiteout", "y"));
	assert_true(is_marked(&w, "0/d/f2", "user.overlay.whiteout", "y"));
	assert_true(is_marked(&w, "0/d", "user.overlay.opaque", "x"));
	assert_true(is_marked(&w, "0/d", "user.a", "b"));
	assert_int_equal(fstatat(w.stores, ".marks-docker/0/d", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 01711);
	/* The layer is as it was. */
	assert_false(exists(&w, "layer/gone"));
	assert_int_equal(add(&w, 8, text), 1);
	assert_int_equal(store_marks_end(&w.marks, &err), 0);
	unit_assert_file(w.stores, ".marks-docker/list", "7 " LAYER "\n8 " LAYER "\n");
	leave(&w);
}

static void store_marks_add__an_opaque_directory_needs_no_whiteouts(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct world w;

	enter(&w, *state);
	say(&text, "d", "user.overlay.opaque", "y");
	say(&text, "d/gone", NULL, NULL);
	if (add(&w, 7, text) == 0)
		skip();
	assert_true(is_marked(&w, "0/d", "user.overlay.opaque", "y"));
	assert_false(exists(&w, "stores/.marks-docker/0/d/gone"));
	leave(&w);
}

/* None of them is obeyed, and none keeps the others from it. */
static void store_marks_add__lines_that_lead_elsewhere(void **state)
{
	static const char *const paths[] = {
		"../escaped",  "d/../../escaped", "out/escaped",  "/escaped", "d/..",
		"absent/gone", "r/gone",	  "out/../gone2", ".",	      "..",
	};
	_cleanup_free_ char *text = xstrdup("w zz\nx 61\nwhat\n\n");
	struct world w;

	enter(&w, *state);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		say(&text, paths[i], NULL, NULL);
		/* What is no directory cannot be marked so: that layer would be copied. */
		if (!str_has_prefix(paths[i], "out") && !str_has_prefix(paths[i], "r"))
			say(&text, paths[i], "user.a", "b");
	}
	say(&text, "d", "trusted.overlay.opaque", "y");
	say(&text, "d", "security.capability", "y");
	say(&text, "gone", NULL, NULL);
	if (add(&w, 7, text) == 0)
		skip();
	assert_true(is_marked(&w, "0/gone", "user.overlay.whiteout", "y"));
	assert_false(exists(&w, "escaped"));
	assert_false(exists(&w, "stores/escaped"));
	assert_false(exists(&w, "stores/.marks-docker/escaped"));
	assert_false(is_marked(&w, "0/d", "trusted.overlay.opaque", "y"));
	assert_false(is_marked(&w, "0/d", "user.a", "b"));
	assert_false(exists(&w, "stores/.marks-docker/0/absent"));
	leave(&w);
}

static void store_marks_add__a_file_with_attributes_is_copied(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct error err = {0};
	struct world w;

	enter(&w, *state);
	say(&text, "gone", NULL, NULL);
	say(&text, "r", "user.a", "b");
	assert_int_equal(add(&w, 7, text), 0);
	assert_false(exists(&w, "stores/.marks-docker/0"));
	assert_int_equal(store_marks_end(&w.marks, &err), 0);
	assert_false(exists(&w, "stores/.marks-docker/list"));
	leave(&w);
}

/* A seed that was cut off, and what an old one has written. */
static void store_marks_add__what_was_left_goes_first(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct world w;

	enter(&w, *state);
	unit_put(w.stores, ".marks-docker/0/d/old", "");
	unit_put(w.stores, ".marks-docker/list", "0 old\n");
	say(&text, "gone", NULL, NULL);
	if (add(&w, 7, text) == 0)
		skip();
	assert_false(exists(&w, "stores/.marks-docker/0/d"));
	assert_false(exists(&w, "stores/.marks-docker/list"));
	leave(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(store_marks_add__whiteouts_and_attributes),
		unit_test_dir(store_marks_add__an_opaque_directory_needs_no_whiteouts),
		unit_test_dir(store_marks_add__lines_that_lead_elsewhere),
		unit_test_dir(store_marks_add__a_file_with_attributes_is_copied),
		unit_test_dir(store_marks_add__what_was_left_goes_first),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}
