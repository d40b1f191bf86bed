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
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/syscont.h"

#define STORE_DIR "sysbox-store"
#define SKELETON  ".skeleton"
#define META_MAX  (256u << 20)

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
	bool source_open;
};

/* ------------------------------------------------------------------ source */

/*
 * Names in such layers are not where they seem, or files are without their data:
 * overlayfs alone can read them. Or nobody can reach them any more.
 */
static bool are_readable_alone(const struct layers *l)
{
	return layers_are_reachable(l) && l->n_data == 0 &&
	       !strstr(l->options, "redirect_dir=on") && !strstr(l->options, "metacopy=on") &&
	       !strstr(l->options, "userxattr");
}

static int add_dir(struct store_source *s, const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "open the layer %s", path);
	store_source_add(s, fd);
	return 0;
}

static int open_source(struct work *w, struct error *err)
{
	_cleanup_free_ char *real = realpath(w->m->rootfs, NULL);
	_cleanup_(layers_done) struct layers l = {0};
	int r;

	if (!real)
		return error_errno(err, errno, "the root file system %s", w->m->rootfs);
	w->source_open = true;
	r = layers_read(&l, real, err);
	if (r < 0)
		return r;
	if (r == LAYERS_E_NONE || !are_readable_alone(&l))
		return add_dir(&w->source, real, err);
	r = l.upper ? add_dir(&w->source, l.upper, err) : 0;
	for (char **p = l.lower; r == 0 && *p; p++)
		r = add_dir(&w->source, *p, err);
	return r;
}

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

/* What the image could not carry, and who committed it wrote down; `n` is passed on. */
static int apply_meta(const struct store_source *from, int to, int n, struct error *err)
{
	for (size_t i = 0; i < from->n; i++) {
		_cleanup_free_ char *text = NULL;
		struct stat st;
		int r;

		if (fstatat(from->fds[i], STORE_META, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISREG(st.st_mode))
			return n;
		r = file_read(from->fds[i], STORE_META, META_MAX, &text, NULL);
		if (r < 0)
			return error_errno(err, -r, "read " STORE_META);
		r = store_meta_apply(text, to, err);
		return r < 0 ? r : n;
	}
	return n;
}

/* What the image has there, merged; returns how much it was. */
static int seed(struct work *w, const struct syscont_store *s, int to, struct error *err)
{
	_cleanup_free_ char *path = path_in_image(w->m->rootfs, s->path);
	_cleanup_(store_source_done) struct store_source from = STORE_SOURCE_EMPTY;
	int r = 0;

	if (!path)
		return 0;
	if (!w->source_open)
		r = open_source(w, err);
	if (r < 0)
		return r;
	r = store_source_enter(&w->source, path, &from);
	if (r < 0)
		return error_errno(err, -r, "open %s in the layers of the image", s->path);
	r = store_seed(&from, to, err);
	return r < 0 ? r : apply_meta(&from, to, r, err);
}

static int give_owner(const struct work *w, const struct syscont_store *s, int fd)
{
	uid_t uid = 0;
	gid_t gid = 0;

	if (w->m->shift) {
		uid = idmap_to_outside(&w->m->shift->uids, 0);
		gid = idmap_to_outside(&w->m->shift->gids, 0);
	}
	return fchown(fd, uid, gid) < 0 || fchmod(fd, s->mode) < 0 ? -errno : 0;
}

static int make_new(struct work *w, const struct syscont_store *s, const char *name,
		    struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (mkdirat(w->dirfd, name, 0700) < 0)
		return error_errno(err, errno, "make %s/%s", w->m->dir, name);
	fd = openat(w->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : give_owner(w, s, fd);
	if (r < 0)
		return error_errno(err, -r, "make %s/%s", w->m->dir, name);
	r = seed(w, s, fd, err);
	if (r <= 0)
		return r;
	log_debug("%s: %d entries of the image copied", s->path, r);
	return syncfs(fd) < 0 ? error_errno(err, errno, "write %s to disk", s->path) : 0;
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
	w->dirfd = open(w->m->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return w->dirfd < 0 ? error_errno(err, errno, "open %s", w->m->dir) : 0;
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
	if (r == 0)
		r = make_skeleton(&w, err);
	fd_close(w.dirfd);
	store_source_done(&w.source);
	if (r < 0)
		return r;
	*ret_skeleton = path_join(m->dir, SKELETON);
	return 0;
}
