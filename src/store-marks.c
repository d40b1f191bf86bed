/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A layer of an inner image may need whiteouts, opaque directories and attributes that
 * the layer of the outer image could not carry. It is not copied for them: the layer
 * is seen through a small read-only overlay,
 *
 *	lowerdir=marks:layer
 *
 * whose upper half has directories and empty files only. It is mounted as the host
 * mounts overlays, with "trusted.overlay." marks, of which there are none; so the
 * "user.overlay." ones of the inner engine pass through it, and the inner overlay,
 * which lies upon it, obeys them. A whiteout is an empty file with an attribute, in a
 * directory with another (overlayfs.rst, "Whiteouts and opaque directories"; since
 * Linux 6.7): a real one would be obeyed here, and not be seen.
 *
 *	sysbox-store/.marks-NAME/list	one "NUMBER PATH" per line
 *	sysbox-store/.marks-NAME/0, 1 ..	the upper halves
 *
 * Overlays stack two deep. The inner one is the second, so a layer that lies on an
 * overlay itself has to be copied, as one whose regular files need attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/store-internal.h"
#include "src/store.h"

/* ------------------------------------------------------------------ the kernel */

static int make_probe(void)
{
	if (mkdir("w", 0755) < 0 || mkdir("v", 0755) < 0 || mkdir("m", 0755) < 0 ||
	    mknod("w/name", S_IFREG | 0600, 0) < 0 || mknod("v/name", S_IFREG | 0600, 0) < 0 ||
	    setxattr("w", "trusted.overlay.opaque", "x", 1, 0) < 0 ||
	    setxattr("w/name", "trusted.overlay.whiteout", "y", 1, 0) < 0)
		return -errno;
	return 0;
}

/* In a child: such a mark hides a file, or does not. */
static int probe(void *arg)
{
	_cleanup_close_ int fd = store_marks_scratch(arg);
	int r = fd < 0 ? fd : fchdir(fd) < 0 ? -errno : make_probe();

	if (r == 0 && mount("overlay", "m", "overlay", MS_RDONLY, "lowerdir=w:v") < 0)
		r = -errno;
	if (r < 0)
		return r;
	return access("m/name", F_OK) == 0 ? -EOPNOTSUPP : 0;
}

static bool is_supported(struct store_marks *m)
{
	char buf[FD_PATH_MAX];

	if (m->supported < 0) {
		_cleanup_free_ char *dir = realpath(fd_path(m->dirfd, buf), NULL);
		int r = dir ? spawn_call(probe, dir) : -errno;

		if (r < 0)
			log_debug("no overlays with marks: %s", strerror(-r));
		m->supported = r == 0;
	}
	return m->supported;
}

/* ------------------------------------------------------------------ make */

void store_marks_begin(struct store_marks *m, int dirfd, const char *name)
{
	*m = (struct store_marks){
		.dirfd = dirfd,
		.name = name,
		.fd = -EBADF,
		.list = {.max = STORE_MARKS_LIST_MAX},
		.supported = -1,
	};
}

void store_marks_done(struct store_marks *m)
{
	fd_close(m->fd);
	strbuf_done(&m->list);
}

/* What an interrupted seed left goes first. */
static int open_marks(struct store_marks *m)
{
	_cleanup_free_ char *name = store_marks_name(m->name);
	int r;

	if (m->fd >= 0)
		return 0;
	r = path_remove_tree(m->dirfd, name);
	if (r == 0 && mkdirat(m->dirfd, name, 0755) < 0)
		r = -errno;
	if (r < 0)
		return r;
	m->fd = dir_open_fd(m->dirfd, name);
	return m->fd < 0 ? m->fd : 0;
}

/* One layer: the same directory in it and in its marks. */
struct place {
	int layer, marks;
};

static void place_done(struct place *p)
{
	fd_close(p->layer);
	fd_close(p->marks);
}

static void copy_times(const struct place *p)
{
	struct stat st;

	if (fstat(p->layer, &st) == 0)
		(void)futimens(p->marks, (struct timespec[]){st.st_atim, st.st_mtim});
}

/* A directory of marks is as the layer's, since it is the one that is seen. */
static int enter_one(struct place *p, const char *name)
{
	struct place next = {-EBADF, -EBADF};
	int r = 0;

	next.layer = dir_open_fd(p->layer, name);
	if (next.layer < 0)
		return next.layer;
	if (mkdirat(p->marks, name, 0700) == 0) {
		r = store_copy_attributes(p->layer, name, p->marks, name, STORE_XATTRS_ALL);
		copy_times(p);
	} else if (errno != EEXIST) {
		r = -errno;
	}
	if (r == 0)
		next.marks = dir_open_fd(p->marks, name);
	if (r == 0 && next.marks < 0)
		r = next.marks;
	if (r < 0) {
		place_done(&next);
		return r;
	}
	place_done(p);
	*p = next;
	return 0;
}

static int enter(const struct place *top, const char *path, struct place *ret)
{
	_cleanup_(strv_freep) char **names = strv_split(path, "/");
	int r = 0;

	*ret = (struct place){fd_dup(top->layer), fd_dup(top->marks)};
	for (char **n = names; r == 0 && n && *n; n++) {
		if (str_eq(*n, "."))
			continue;
		r = str_eq(*n, "..") ? -EINVAL : enter_one(ret, *n);
	}
	return r;
}

/*
 * Of no use in an opaque directory, where nobody would look for it. It belongs to the
 * directory's owner: if it belonged to the host's root, which is unmapped inside, nobody there
 * could read the mark.
 */
static int mark_whiteout(const struct place *p, const char *name)
{
	char opaque = '\0', buf[FD_PATH_MAX];
	_cleanup_free_ char *path = xasprintf("%s/%s", fd_path(p->marks, buf), name);
	struct stat dir;

	if (fgetxattr(p->marks, "user.overlay.opaque", &opaque, 1) == 1 && opaque == 'y')
		return 0;
	if (str_eq(name, ".") || str_eq(name, ".."))
		return -EINVAL;
	if (mknodat(p->marks, name, S_IFREG | 0600, 0) < 0 || fstat(p->marks, &dir) < 0 ||
	    fchownat(p->marks, name, dir.st_uid, dir.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    lsetxattr(path, "user.overlay.whiteout", "y", 1, 0) < 0 ||
	    fsetxattr(p->marks, "user.overlay.opaque", "x", 1, 0) < 0)
		return -errno;
	copy_times(p);
	return 0;
}

static int mark(const struct store_meta_line *l, void *arg)
{
	const struct place *top = arg;
	_cleanup_(place_done) struct place p = {-EBADF, -EBADF};
	_cleanup_free_ char *dir = NULL, *name = NULL;
	int r;

	if (!l->name) {
		path_split(l->path, &dir, &name);
		r = enter(top, dir, &p);
		return r < 0 ? r : mark_whiteout(&p, name);
	}
	r = enter(top, l->path, &p);
	if (r < 0)
		return r == -ENOTDIR ? -EOPNOTSUPP : r;
	return fsetxattr(p.marks, l->name, l->value, l->value_len, 0) < 0 ? -errno : 0;
}

static bool is_on_overlay(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

static int make_marks(struct store_marks *m, const char *name, int layer, const char *text)
{
	_cleanup_close_ int fd = -EBADF;
	struct place top = {.layer = layer};
	int r;

	if (mkdirat(m->fd, name, 0700) < 0)
		return -errno;
	top.marks = fd = dir_open_fd(m->fd, name);
	if (fd < 0)
		return fd;
	r = store_copy_attributes(layer, ".", fd, ".", STORE_XATTRS_ALL);
	return r < 0 ? r : store_meta_for_each(text, mark, &top);
}

int store_marks_add(struct store_marks *m, int layer, int number, const char *path,
		    const char *text, struct error *err)
{
	char name[24];
	int r;

	if (is_on_overlay(layer) || !is_supported(m))
		return 0;
	(void)snprintf(name, sizeof(name), "%zu", m->n);
	r = open_marks(m);
	if (r == 0)
		r = make_marks(m, name, layer, text);
	if (r == -EOPNOTSUPP)
		return path_remove_tree(m->fd, name) < 0 ? -EIO : 0;
	if (r < 0)
		return error_errno(err, -r, "make the marks of %s", path);
	m->n++;
	strbuf_addf(&m->list, "%d %s\n", number, path);
	return 1;
}

int store_marks_end(struct store_marks *m, struct error *err)
{
	int r;

	if (!m->n)
		return 0;
	r = m->list.failed ? -E2BIG
			   : atomicfile_write(m->fd, STORE_MARKS_LIST, strbuf_str(&m->list),
					      m->list.len, 0600, ATOMICFILE_DURABLE);
	return r < 0 ? error_errno(err, -r, "write the list of marked layers") : 0;
}
