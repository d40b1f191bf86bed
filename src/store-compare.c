/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an entry of a store what a layer of the image has already? Told without reading any
 * content: an image of gigabytes is compared at every pause.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "src/store-internal.h"

#define CAPS_MAX 64

static ssize_t read_caps(int dirfd, const char *name, char caps[CAPS_MAX])
{
	char buf[FD_PATH_MAX];
	_cleanup_free_ char *path = xasprintf("%s/%s", fd_path(dirfd, buf), name);

	return lgetxattr(path, "security.capability", caps, CAPS_MAX);
}

static bool has_same_caps(int a, int b, const char *name)
{
	char x[CAPS_MAX], y[CAPS_MAX];
	ssize_t n = read_caps(a, name, x), m = read_caps(b, name, y);

	return n == m && (n <= 0 || memcmp(x, y, (size_t)n) == 0);
}

static bool has_same_target(int a, int b, const char *name)
{
	char x[PATH_MAX], y[PATH_MAX];
	ssize_t n = readlinkat(a, name, x, sizeof(x)), m = readlinkat(b, name, y, sizeof(y));

	return n > 0 && n == m && memcmp(x, y, (size_t)n) == 0;
}

/*
 * Files of an image have times of whole seconds after most kinds of transport; later writes do
 * not.
 */
bool store_has_same_attributes(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool store_is_same(int store, const struct stat *st, int lower, const struct stat *lower_st,
		   const char *name)
{
	if (!store_has_same_attributes(st, lower_st))
		return false;
	if (S_ISREG(st->st_mode))
		return st->st_size == lower_st->st_size &&
		       (!(st->st_mode & 0111) || has_same_caps(store, lower, name));
	if (S_ISLNK(st->st_mode))
		return has_same_target(store, lower, name);
	return st->st_rdev == lower_st->st_rdev;
}
