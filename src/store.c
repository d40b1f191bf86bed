/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The mount points come from a lower layer of ours, the skeleton, under all layers of
 * the image: it has nothing but the directories on the way to each store. So an image
 * without /var/lib/docker gets one, nothing is written to the upper layer for it,
 * and `docker diff` and `docker commit` do not see that there are stores. Nor is
 * anything made in the upper layer behind a mounted overlay, which would break the
 * container (copy-up then fails with ENOTEMPTY).
 *
 * A store is made once, under a temporary name, and renamed when it is complete and
 * on disk. Without content of the image there is nothing to wait for.
 */
#include "src/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/store-layers.h"
#include "src/store-source.h"
#include "src/syscont.h"

#define STORE_DIR "sysbox-store"
#define DROPPED	  "sysbox-store.dropped"
#define SKELETON  ".skeleton"
#define NOTE_MAX  4096

int store_locate(char **ret_dir, const char *rootfs, struct error *err)
{
	_cleanup_(layers_done) struct layers l = {0};
	_cleanup_free_ char *real = realpath(rootfs, NULL), *holder = NULL, *name = NULL;
	int r;

	if (!real)
		return error_errno(err, errno, "the root file system %s", rootfs);
	r = layers_read(&l, real, err);
	if (r < 0)
		return r;
	if (r == LAYERS_E_NONE || !l.upper)
		return STORE_E_NONE;
	path_split(l.upper, &holder, &name);
	*ret_dir = path_join(holder, STORE_DIR);
	return 0;
}

/* What the steps below share. */
struct work {
	const struct store_make *m;
	int dirfd;		    /* the stores' directory */
	struct store_source source; /* the whole rootfs, opened when first needed */
};

/* ------------------------------------------------------------------ one store */

/*
 * Its path without the image's symlinks, relative to the root; NULL: the image has no
 * such directory.
 */
static char *path_in_image(const char *rootfs, const char *path)
{
	_cleanup_close_ int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd =
		path_open_in_root(root, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char a[FD_PATH_MAX], b[FD_PATH_MAX];
	_cleanup_free_ char *root_path = fd < 0 ? NULL : realpath(fd_path(root, a), NULL);
	_cleanup_free_ char *real = fd < 0 ? NULL : realpath(fd_path(fd, b), NULL);

	if (!root_path || !real || !path_has_prefix(real, root_path))
		return NULL;
	return xstrdup(real + strlen(root_path));
}

/* Docker commits even if the pause has failed. */
static void tell_note(const struct syscont_store *s, const struct store_source *from)
{
	_cleanup_free_ char *why = NULL;

	if (store_source_read(from, STORE_NOTE, NOTE_MAX, &why, NULL) == 0)
		log_warn("the image may lack what was in %s when it was committed: %s", s->path,
			 why);
}

/* What the image has there, merged; returns the number of entries. */
static int seed(struct work *w, const struct syscont_store *s, int to, struct error *err)
{
	struct store_marks marks;
	_cleanup_free_ char *path = path_in_image(w->m->rootfs, s->path);
	_cleanup_(store_source_done) struct store_source from = STORE_SOURCE_EMPTY;
	_cleanup_(store_layers_done) struct store_layers layers = {0};
	int r = 0;

	if (!path)
		return 0;
	if (!w->source.n)
		r = store_source_open(&w->source, w->m->rootfs, NULL, err);
	if (r < 0)
		return r;
	r = store_source_enter(&w->source, path, &from);
	if (r < 0)
		return error_errno(err, -r, "open %s in the layers of the image", s->path);
	tell_note(s, &from);
	store_layers_find(&layers, &from);
	store_marks_begin(&marks, w->dirfd, s->name);
	r = store_seed(&(struct store_seed){&from, &layers, &marks}, to, err);
	if (r >= 0) {
		int e = store_marks_end(&marks, err);

		r = e < 0 ? e : r;
	}
	store_marks_done(&marks);
	return r;
}

static uid_t root_uid(const struct work *w)
{
	return w->m->shift ? idmap_to_outside(&w->m->shift->uids, 0) : 0;
}

static gid_t root_gid(const struct work *w)
{
	return w->m->shift ? idmap_to_outside(&w->m->shift->gids, 0) : 0;
}

static int give_owner(const struct work *w, const struct syscont_store *s, int fd)
{
	return fchown(fd, root_uid(w), root_gid(w)) < 0 || fchmod(fd, s->mode) < 0 ? -errno : 0;
}

static int make_new(struct work *w, const struct syscont_store *s, const char *name,
		    struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (mkdirat(w->dirfd, name, 0700) < 0)
		return error_errno(err, errno, "make %s/%s", w->m->dir, name);
	fd = dir_open_fd(w->dirfd, name);
	r = fd < 0 ? fd : give_owner(w, s, fd);
	if (r < 0)
		return error_errno(err, -r, "make %s/%s", w->m->dir, name);
	r = seed(w, s, fd, err);
	if (r <= 0)
		return r;
	log_debug("%s: %d entries of the image copied", s->path, r);
	r = store_sync(fd);
	return r < 0 ? error_errno(err, -r, "write %s to disk", s->path) : 0;
}

static int make_store(struct work *w, const struct syscont_store *s, struct error *err)
{
	_cleanup_free_ char *new = xasprintf(".new-%s", s->name);
	int r;

	if (faccessat(w->dirfd, s->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = path_remove_tree(w->dirfd, new);
	if (r < 0)
		return error_errno(err, -r, "remove %s/%s", w->m->dir, new);
	r = make_new(w, s, new, err);
	if (r == 0 && renameat(w->dirfd, new, w->dirfd, s->name) < 0)
		r = error_errno(err, errno, "rename %s/%s", w->m->dir, new);
	if (r < 0) {
		(void)path_remove_tree(w->dirfd, new); /* else at the next start */
		return error_wrap(err, r, "the store of %s", s->path);
	}
	return 0;
}

/* ------------------------------------------------------------------ all */

static int open_dir(struct work *w, struct error *err)
{
	if (mkdir(w->m->dir, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make %s", w->m->dir);
	w->dirfd = dir_open_fd(AT_FDCWD, w->m->dir);
	return w->dirfd < 0 ? error_errno(err, -w->dirfd, "open %s", w->m->dir) : 0;
}

static int make_view_point(const struct work *w, const struct syscont_store *s, int root,
			   const char *name, struct error *err)
{
	_cleanup_free_ char *path = path_join(SYSCONT_STORE_VIEWS, name);
	_cleanup_close_ int fd = path_mkdir_in_root(root, path, 0700, root_uid(w), root_gid(w));

	return fd < 0 ? error_errno(err, -fd, "make %s/%s/%s", w->m->dir, s->name, path) : 0;
}

/* The mount points of the views, in a store of any age. */
static int make_view_points(struct work *w, const struct syscont_store *s, struct error *err)
{
	_cleanup_close_ int root =
		openat(w->dirfd, s->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (root < 0)
		return error_errno(err, errno, "open %s/%s", w->m->dir, s->name);
	for (size_t i = 0; r == 0 && i < w->m->n_views; i++) {
		const struct syscont_view *v = &w->m->views[i];
		char name[16];

		if (!str_eq(v->path, s->real))
			continue;
		(void)snprintf(name, sizeof(name), "%d", v->number);
		r = make_view_point(w, s, root, name, err);
		if (r == 0)
			r = make_view_point(w, s, root, STORE_MARKED, err);
	}
	return r;
}

static int make_skeleton(const struct work *w, struct error *err)
{
	_cleanup_close_ int root = -EBADF;

	if (mkdirat(w->dirfd, SKELETON, 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make %s/" SKELETON, w->m->dir);
	root = openat(w->dirfd, SKELETON, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, errno, "open %s/" SKELETON, w->m->dir);
	for (size_t i = 0; i < w->m->n_stores; i++) {
		_cleanup_close_ int fd = path_mkdir_in_root(root, w->m->stores[i].path, 0755,
							    (uid_t)-1, (gid_t)-1);

		if (fd < 0)
			return error_errno(err, -fd, "make the mount point %s",
					   w->m->stores[i].path);
	}
	return 0;
}

int store_make(const struct store_make *m, char **ret_skeleton, struct error *err)
{
	struct work w = {.m = m, .dirfd = -EBADF, .source = STORE_SOURCE_EMPTY};
	int r = open_dir(&w, err);

	for (size_t i = 0; r == 0 && i < m->n_stores; i++)
		r = make_store(&w, &m->stores[i], err);
	for (size_t i = 0; r == 0 && i < m->n_stores; i++)
		r = make_view_points(&w, &m->stores[i], err);
	if (r == 0)
		r = make_skeleton(&w, err);
	fd_close(w.dirfd);
	store_source_done(&w.source);
	if (r < 0)
		return r;
	*ret_skeleton = path_join(m->dir, SKELETON);
	return 0;
}

/* By a rename, so that there is never a part of it. */
int store_drop(const char *dir, struct error *err)
{
	_cleanup_free_ char *holder = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;
	int r;

	path_split(dir, &holder, &name);
	fd = open(holder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : path_remove_tree(fd, DROPPED);
	if (r == 0 && renameat(fd, name, fd, DROPPED) < 0)
		r = -errno;
	if (r == 0)
		r = path_remove_tree(fd, DROPPED);
	return r < 0 ? error_errno(err, -r, "remove %s", dir) : 0;
}
