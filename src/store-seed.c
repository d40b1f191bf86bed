/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A store begins with what the image has at its place. That could be read through the engine's
 * own overlay, were it not for the layers of *inner* overlays in it: their whiteouts (0:0
 * devices) look like the outer overlay's, and a merged directory does not show them. So the
 * layers are read one by one and merged here, by overlayfs' rules
 * (Documentation/filesystems/overlayfs.rst), with one more:
 *
 *	a 0:0 device that hides a name of a layer below belongs to the outer overlay;
 *	one that hides nothing can only be data.
 *
 * Where a directory comes from one layer alone, which is nearly always so, nothing
 * has to be compared.
 *
 * With a source that is a merged view itself (layers that cannot be read one by one),
 * readdir(3) shows such a device and stat(2) does not: it is made from that.
 */
#include "src/store.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/copy.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/str.h"
#include "src/store-internal.h"
#include "src/store-layers.h"
#include "src/store-source.h"
#include "src/syscont.h"

#define META_MAX (256u << 20)

/* A file of several names, by where it was and where its first copy is. */
struct linked {
	dev_t dev;
	ino_t ino;
	char *path; /* below the destination */
};

struct seed {
	int to_root;
	const struct store_layers *layers; /* immutable; or NULL */
	struct store_marks *marks;	   /* or NULL */
	void *linked;			   /* tsearch(3) */
	int n_copied;
	struct error *err;
};

/* One directory in hand. */
struct dir {
	const struct store_source *from;
	int to;
	const char *path; /* below the destination; "" is itself */
	unsigned int depth;
};

/* ------------------------------------------------------------------ one entry */

static char *join(const struct dir *d, const char *name)
{
	return *d->path ? xasprintf("%s/%s", d->path, name) : xstrdup(name);
}

static int fail(struct seed *s, const struct dir *d, const char *name, int errnum)
{
	_cleanup_free_ char *path = join(d, name);

	return error_errno(s->err, errnum, "copy %s", path);
}

static int copy_file(int from, const struct dir *d, const char *name)
{
	_cleanup_close_ int fd = copy_new(from, d->to, name);

	if (fd < 0)
		return fd;
	/* Begun now, waited for by store_sync(). */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static int compare_linked(const void *a, const void *b)
{
	const struct linked *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino == y->ino ? 0 : x->ino < y->ino ? -1 : 1;
}

static void free_linked(void *p)
{
	struct linked *l = p;

	free(l->path);
	free(l);
}

/* 1: it is another name of a file that is copied already, and has been linked to it. */
static int link_known(struct seed *s, const struct dir *d, const char *name,
		      const struct stat *st)
{
	struct linked *l;
	struct linked **found;

	if (st->st_nlink < 2)
		return 0;
	l = xcalloc(1, sizeof(*l));
	*l = (struct linked){.dev = st->st_dev, .ino = st->st_ino};
	found = (struct linked **)tsearch(l, &s->linked, compare_linked);
	if (!found)
		abort();
	if (*found == l) {
		l->path = join(d, name);
		return 0;
	}
	free_linked(l);
	return linkat(s->to_root, (*found)->path, d->to, name, 0) < 0 ? -errno : 1;
}

static int copy_plain(struct seed *s, int from, const struct dir *d, const char *name,
		      const struct stat *st)
{
	int r = link_known(s, d, name, st);

	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISREG(st->st_mode))
		r = copy_file(from, d, name);
	else if (S_ISLNK(st->st_mode))
		r = copy_symlink(from, d->to, name);
	else
		r = mknodat(d->to, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0
			    ? -errno
			    : 0;
	return r < 0 ? r : store_give_attributes(from, name, d->to, name, st, STORE_XATTRS_ALL);
}

/* ------------------------------------------------------------------ links to the image */

static int make_view_link(const struct dir *d, const char *name, int number,
			  const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	_cleanup_free_ char *path = join(d, name);
	_cleanup_free_ char *target = store_view_link(path, number);

	if (symlinkat(target, d->to, name) < 0 ||
	    fchownat(d->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(d->to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* 1: an immutable file of the image, and linked. */
static int link_blob(struct seed *s, const struct dir *d, size_t layer, const char *name,
		     const struct stat *st)
{
	int number = d->from->numbers[layer], r;

	if (!s->layers || number < 0 || !S_ISREG(st->st_mode) ||
	    !store_layers_has_blobs(s->layers, d->path))
		return 0;
	r = make_view_link(d, name, number, st);
	return r < 0 ? r : 1;
}

static bool is_layer(const struct seed *s, const struct dir *d, const char *name)
{
	_cleanup_free_ char *path = join(d, name);

	return s->layers && store_layers_has(s->layers, path);
}

/*
 * What the image could not carry of a layer has been written down beside it. 1: the link
 * leads to both together.
 */
static int mark_layer(struct seed *s, const struct dir *d, const char *name, int fd, int number)
{
	_cleanup_free_ char *path = join(d, name), *text = NULL;
	int r = store_source_read(d->from, STORE_META, META_MAX, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail(s, d, STORE_META, -r);
	r = s->marks ? store_marks_add(s->marks, fd, number, path, text, s->err) : 0;
	return r == 0 ? -EOPNOTSUPP : r;
}

/*
 * 1: linked. An inner layer that several layers of the image have part in has no
 * directory that shows it whole (images of runtimes that copy have such).
 */
static int link_layer(struct seed *s, const struct dir *d, const char *name,
		      const struct store_source *below, const struct stat *st)
{
	int number = below->n == 1 ? below->numbers[0] : STORE_SOURCE_OWN, r;

	if (number < 0)
		return 0;
	r = mark_layer(s, d, name, below->fds[0], number);
	if (r == -EOPNOTSUPP)
		log_debug("%s/%s is copied", d->path, name);
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;
	r = make_view_link(d, name, r ? STORE_VIEW_MARKED : number, st);
	return r < 0 ? fail(s, d, name, -r) : 1;
}

/* ------------------------------------------------------------------ directories */

static int copy_dir(struct seed *s, const struct dir *d);

/* Its attributes last: what is made in it changes its times. */
static int copy_subdir(struct seed *s, const struct dir *d, size_t layer, const char *name,
		       const struct stat *st)
{
	_cleanup_(store_source_done) struct store_source below = STORE_SOURCE_EMPTY;
	_cleanup_free_ char *path = join(d, name);
	struct dir sub = {.from = &below, .path = path, .depth = d->depth + 1};
	const bool layer_here = is_layer(s, d, name);
	int r = store_source_enter_one(d->from, layer, name, &below);

	if (r < 0)
		return fail(s, d, name, -r);
	if (layer_here) {
		r = link_layer(s, d, name, &below, st);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (mkdirat(d->to, name, 0700) < 0)
		return fail(s, d, name, errno);
	sub.to = dir_open_fd(d->to, name);
	if (sub.to < 0)
		return fail(s, d, name, -sub.to);
	r = copy_dir(s, &sub);
	if (r == 0 && layer_here)
		r = store_meta_restore(d->from, sub.to, s->err);
	fd_close(sub.to);
	if (r < 0)
		return r;
	r = store_give_attributes(d->from->fds[layer], name, d->to, name, st, STORE_XATTRS_ALL);
	return r < 0 ? fail(s, d, name, -r) : 0;
}

static bool is_in_layers(const struct store_source *s, size_t first, size_t end,
			 const char *name)
{
	struct stat st;

	for (size_t i = first; i < end; i++)
		if (fstatat(s->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* In a store, but not the engine's. */
static bool is_ours(const struct seed *s, const struct dir *d, const char *name)
{
	if (str_eq(name, STORE_META))
		return d->depth == 0 || (s->layers && store_layers_in(s->layers, d->path));
	return d->depth == 0 && (str_eq(name, SYSCONT_STORE_VIEWS) || str_eq(name, STORE_NOTE));
}

static int copy_entry(struct seed *s, const struct dir *d, size_t layer, const struct dirent *e)
{
	const struct store_source *from = d->from;
	const char *name = e->d_name;
	struct stat st;
	int r;

	if (is_in_layers(from, 0, layer, name) || is_ours(s, d, name))
		return 0;
	if (fstatat(from->fds[layer], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		/* A whiteout in a merged view. */
		if (errno != ENOENT || e->d_type != DT_CHR)
			return fail(s, d, name, errno);
		r = mknodat(d->to, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
		return r < 0 ? fail(s, d, name, -r) : 0;
	}
	if (store_is_whiteout(&st) && is_in_layers(from, layer + 1, from->n, name))
		return 0;
	s->n_copied++;
	if (S_ISDIR(st.st_mode))
		return copy_subdir(s, d, layer, name, &st);
	r = link_blob(s, d, layer, name, &st);
	if (r == 0)
		r = copy_plain(s, from->fds[layer], d, name, &st);
	return r < 0 ? fail(s, d, name, -r) : 0;
}

static int copy_layer(struct seed *s, const struct dir *d, size_t layer)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = dir_open(&dir, d->from->fds[layer], "."), more;

	if (r < 0)
		return fail(s, d, ".", -r);
	while ((more = dir_next(dir, &e)) > 0) {
		r = copy_entry(s, d, layer, e);
		if (r < 0)
			return r;
	}
	return more < 0 ? fail(s, d, ".", -more) : 0;
}

static int copy_dir(struct seed *s, const struct dir *d)
{
	int r = 0;

	if (d->depth > STORE_SEED_MAX_DEPTH)
		return fail(s, d, "", ELOOP);
	for (size_t i = 0; r == 0 && i < d->from->n; i++)
		r = copy_layer(s, d, i);
	return r;
}

int store_seed(const struct store_seed *what, int to, struct error *err)
{
	const struct store_source *from = what->from;
	struct seed s = {
		.to_root = to, .layers = what->layers, .marks = what->marks, .err = err};
	const struct dir d = {.from = from, .to = to, .path = ""};
	struct stat st;
	int r;

	if (from->n == 0)
		return 0;
	r = copy_dir(&s, &d);
	tdestroy(s.linked, free_linked);
	if (r < 0)
		return r;
	if (fstat(from->fds[0], &st) < 0)
		return error_errno(err, errno, "stat the directory to copy");
	r = store_meta_restore(from, to, err);
	if (r < 0)
		return r;
	r = store_give_attributes(from->fds[0], ".", to, ".", &st, STORE_XATTRS_ALL);
	return r < 0 ? error_errno(err, -r, "copy the directory's attributes") : s.n_copied;
}
