/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A layer of an inner image that is new since the container began, and holds nothing
 * that an image cannot carry, is not linked file by file: its directory is renamed
 * into the upper layer for as long as the container stands still, and back before it
 * runs again. That costs the same for ten files and for fifty thousand, and no file
 * ever has a second name.
 *
 * At any time it is in one of two places. Which layers may be missing in the store
 * is written down, and synced, before the first rename:
 *
 *	sysbox-store/.moved-NAME	one path per line, from the top of the store
 *
 * so that the next command, after whatever crash, brings back what is in the upper layer and
 * not in the store. Only then may the upper layer be cleared.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "lib/sys.h"
#include "src/store-internal.h"

#define LIST_MAX (64u << 20)

static char *list_name(const struct store_move *m)
{
	return xasprintf(".moved-%s", m->name);
}

/* Both ends of one rename: the directories that hold it. */
struct ends {
	int store, upper;
	char *name;
};

static void ends_done(struct ends *e)
{
	fd_close(e->store);
	fd_close(e->upper);
	free(e->name);
}

static int open_ends(struct ends *e, const struct store_move *m, const char *path)
{
	_cleanup_free_ char *dir = NULL;

	path_split(path, &dir, &e->name);
	e->store = path_open_beneath(m->store, dir, O_RDONLY | O_DIRECTORY);
	if (e->store < 0)
		return e->store;
	e->upper = path_open_beneath(m->upper, dir, O_RDONLY | O_DIRECTORY);
	return e->upper < 0 ? e->upper : 0;
}

/* Both directories keep their times. */
static int rename_quietly(int from, int to, const char *name)
{
	struct stat a, b;

	if (fstat(from, &a) < 0 || fstat(to, &b) < 0 || renameat(from, name, to, name) < 0)
		return -errno;
	(void)futimens(from, (struct timespec[]){a.st_atim, a.st_mtim});
	(void)futimens(to, (struct timespec[]){b.st_atim, b.st_mtim});
	return 0;
}

static int move_one(const struct store_move *m, const char *path)
{
	_cleanup_(ends_done) struct ends e = {-EBADF, -EBADF, NULL};
	int r = open_ends(&e, m, path);

	/* What a former flush has linked there. */
	if (r == 0)
		r = path_remove_tree(e.upper, e.name);
	return r < 0 ? r : rename_quietly(e.store, e.upper, e.name);
}

int store_move_out(const struct store_move *m, char *const *paths, struct error *err)
{
	_cleanup_free_ char *name = list_name(m);
	_cleanup_strbuf_ struct strbuf text = {.max = LIST_MAX};
	int r;

	if (!paths || !*paths)
		return 0;
	for (char *const *p = paths; *p; p++)
		strbuf_addf(&text, "%s\n", *p);
	r = text.failed ? -E2BIG
			: atomicfile_write(m->dirfd, name, strbuf_str(&text), text.len, 0600,
					   ATOMICFILE_DURABLE);
	if (r < 0)
		return error_errno(err, -r, "write %s", name);
	for (char *const *p = paths; *p; p++) {
		r = move_one(m, *p);
		if (r < 0)
			return error_errno(err, -r, "move %s to the upper layer", *p);
	}
	return 0;
}

static bool is_there(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Not moved yet, or back already, or gone with all that it was in: nothing to do. */
static int back_one(const struct store_move *m, const char *path)
{
	_cleanup_(ends_done) struct ends e = {-EBADF, -EBADF, NULL};
	int r = open_ends(&e, m, path);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (is_there(e.store, e.name) || !is_there(e.upper, e.name))
		return 0;
	return rename_quietly(e.upper, e.store, e.name);
}

int store_move_back(const struct store_move *m, struct error *err)
{
	_cleanup_free_ char *name = list_name(m), *text = NULL;
	_cleanup_(strv_freep) char **paths = NULL;
	int r = file_read(m->dirfd, name, LIST_MAX, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : error_errno(err, -r, "read %s", name);
	paths = strv_split(text, "\n");
	for (char **p = paths; p && *p; p++) {
		r = back_one(m, *p);
		if (r < 0)
			return error_errno(err, -r, "bring %s back from the upper layer", *p);
	}
	return unlinkat(m->dirfd, name, 0) < 0 ? error_errno(err, errno, "remove %s", name) : 0;
}
