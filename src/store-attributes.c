/* SPDX-License-Identifier: Apache-2.0 */
/* Everything about a file but its content, given to its copy. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "lib/xattr.h"
#include "src/store-internal.h"

/*
 * Not the outer overlay's own, which mean nothing here; labels are the policy's to
 * give.
 */
static bool is_copied_xattr(const char *name, enum store_xattrs which)
{
	if (str_has_prefix(name, "trusted.overlay.") || str_eq(name, "security.selinux"))
		return false;
	return which == STORE_XATTRS_ALL || !str_has_prefix(name, "user.overlay.");
}

struct copying {
	const char *from, *to; /* paths */
	enum store_xattrs which;
};

static int copy_xattr(const char *name, void *arg)
{
	const struct copying *c = arg;
	_cleanup_free_ char *value = NULL;
	ssize_t n;

	if (!is_copied_xattr(name, c->which))
		return 0;
	n = xattr_get(c->from, name, &value);
	if (n < 0)
		return n == -ENODATA ? 0 : (int)n;
	return lsetxattr(c->to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

/*
 * In this order: a change of owner takes setuid bits and capabilities away. The names
 * are taken relative to directories, by paths below /proc/self/fd.
 */
int store_give_attributes(int from, const char *from_name, int to, const char *to_name,
			  const struct stat *st, enum store_xattrs which)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	char a[FD_PATH_MAX], b[FD_PATH_MAX];
	_cleanup_free_ char *from_path = xasprintf("%s/%s", fd_path(from, a), from_name);
	_cleanup_free_ char *to_path = xasprintf("%s/%s", fd_path(to, b), to_name);
	int r;

	if (fchownat(to, to_name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) &&
	    fchmodat(to, to_name, st->st_mode & 07777, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = xattr_each(from_path, copy_xattr, &(struct copying){from_path, to_path, which});
	if (r < 0)
		return r;
	return utimensat(to, to_name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int store_copy_attributes(int from, const char *from_name, int to, const char *to_name,
			  enum store_xattrs which)
{
	struct stat st;
	int r = fstatat(from, from_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	return r < 0 ? r : store_give_attributes(from, from_name, to, to_name, &st, which);
}
