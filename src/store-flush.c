/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The upper layer is given what is in a store: by hard links, or by moving whole layers
 * (src/store-move.c). Nothing is copied, and what the layers of the image have already is left
 * out. What was removed since becomes a whiteout of the outer overlay. Inner whiteouts and
 * attributes go into STORE_META: for a layer of an inner image beside it, where it stays with
 * it forever; for everything else at the top of the store.
 *
 *	store			lower layers	upper layer gets
 *	symlink to a view	any		nothing
 *	new layer		none		the directory itself
 *	 that needs more	none		links, and STORE_META
 *	file			the same	nothing
 *	file			another, none	a link
 *	directory		any		a directory, unless the same and empty
 *	nothing			any		a whiteout
 *
 * The store is the truth, the upper layer is derived: a flush compares and never
 * assumes, so it may be cut off anywhere and repeated.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strlist.h"
#include "src/store-internal.h"
#include "src/store-layers.h"
#include "src/store-source.h"
#include "src/store.h"
#include "src/syscont.h"

#define META_MAX (256u << 20)

struct flush {
	struct strbuf meta;
	const struct store_layers *layers; /* immutable ones of the store */
	struct store_clean *clean;
	struct strlist moves; /* those to be moved; paths from the top */
	bool in_layer;	      /* what it needs has been written down already */
	/* Of what is made here: an engine that remaps ids itself has no host root's files. */
	uid_t uid;
	gid_t gid;
	struct error *err;
};

/* One directory in hand. */
struct dir {
	int store;
	int upper;
	const struct store_source *lower;
	const char *path; /* below the store; "" is itself */
	unsigned int depth;
};

typedef int (*entry_fn)(struct flush *f, const struct dir *d, const char *name);

static int fail(struct flush *f, const struct dir *d, const char *name, int errnum)
{
	return error_errno(f->err, errnum, "flush %s%s%s", d->path, *d->path ? "/" : "", name);
}

/* Every entry of a directory, while entries may be removed and added. */
static int for_each(struct flush *f, const struct dir *d, int in, entry_fn fn)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = dir_open(&dir, in, "."), more;

	if (r < 0)
		return fail(f, d, ".", -r);
	while ((more = dir_next(dir, &e)) > 0) {
		r = fn(f, d, e->d_name);
		if (r < 0)
			return r;
	}
	return more < 0 ? fail(f, d, ".", -more) : 0;
}

/* Not the engine's. */
static bool is_ours(const struct flush *f, const struct dir *d, const char *name)
{
	if (str_eq(name, STORE_META))
		return d->depth == 0 || (!f->in_layer && store_layers_in(f->layers, d->path));
	return d->depth == 0 && str_eq(name, SYSCONT_STORE_VIEWS);
}

/* Sockets mean nothing in an image. */
static bool is_flushed(const struct stat *st)
{
	return !store_is_whiteout(st) && !S_ISSOCK(st->st_mode);
}

/* ------------------------------------------------------------------ what is written down */

static bool lower_has_meta(const struct store_source *lower, const char *text)
{
	_cleanup_free_ char *there = NULL;
	int r = store_source_read(lower, STORE_META, META_MAX, &there, NULL);

	return r == -ENOENT ? !*text : r == 0 && str_eq(there, text);
}

/*
 * Last, and only where it differs from what the image says. By a name that nobody could
 * foresee: names in the upper layer are those that the container has chosen, and so are the
 * symlinks behind them.
 */
static int write_meta(struct flush *f, const struct strbuf *meta, int upper,
		      const struct store_source *lower)
{
	const char *text = strbuf_str(meta);
	int r = path_remove_tree(upper, STORE_META);

	if (meta->failed)
		return error_set(f->err, E2BIG, "too many whiteouts and attributes");
	if (r == 0 && lower_has_meta(lower, text))
		return 0;
	if (r == 0)
		r = atomicfile_write(upper, STORE_META, text, meta->len, 0600, 0);
	if (r == 0 && fchownat(upper, STORE_META, f->uid, f->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r < 0 ? error_errno(f->err, -r, "write " STORE_META) : 0;
}

/* ------------------------------------------------------------------ entries */

static int sync_dir(struct flush *f, const struct dir *d);

static int flush_plain(struct flush *f, const struct dir *d, const char *name,
		       const struct stat *st)
{
	struct stat lower, upper;
	ssize_t layer = store_source_find(d->lower, name, &lower);
	int r = 0;

	if (layer >= 0 && store_is_same(d->store, st, d->lower->fds[layer], &lower, name)) {
		r = path_remove_tree(d->upper, name);
		return r < 0 ? fail(f, d, name, -r) : 0;
	}
	if (fstatat(d->upper, name, &upper, AT_SYMLINK_NOFOLLOW) == 0) {
		if (upper.st_ino == st->st_ino)
			return 0;
		if (S_ISDIR(upper.st_mode))
			r = path_remove_tree(d->upper, name);
	}
	if (r == 0)
		r = atomicfile_link(d->store, d->upper, name);
	return r < 0 ? fail(f, d, name, -r) : 0;
}

static int open_upper(const struct dir *d, const char *name)
{
	int fd;

	if (mkdirat(d->upper, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = dir_open_fd(d->upper, name);
	if (fd != -ENOTDIR && fd != -ELOOP)
		return fd;
	if (unlinkat(d->upper, name, 0) < 0 || mkdirat(d->upper, name, 0700) < 0)
		return -errno;
	return dir_open_fd(d->upper, name);
}

static int flush_subdir(struct flush *f, const struct dir *d, const char *name,
			const struct stat *st)
{
	_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
	_cleanup_free_ char *path = xasprintf("%s%s%s", d->path, *d->path ? "/" : "", name);
	_cleanup_close_ int store = dir_open_fd(d->store, name);
	_cleanup_close_ int upper = store < 0 ? store : open_upper(d, name);
	struct dir sub = {store, upper, &lower, path, d->depth + 1};
	const size_t n_moves = f->moves.n;
	struct stat below;
	int r;

	if (upper < 0)
		return fail(f, d, name, -upper);
	r = store_source_enter_one(d->lower, 0, name, &lower);
	if (r < 0)
		return fail(f, d, name, -r);
	r = sync_dir(f, &sub);
	if (r < 0)
		return r;
	r = store_copy_attributes(d->store, name, d->upper, name, STORE_XATTRS_IMAGE);
	if (r < 0)
		return fail(f, d, name, -r);
	/* Not empty: it has to stay, as where something is moved to. */
	if (lower.n && n_moves == f->moves.n && fstat(lower.fds[0], &below) == 0 &&
	    store_has_same_attributes(st, &below))
		(void)unlinkat(d->upper, name, AT_REMOVEDIR);
	return 0;
}

/* 1: an image can carry it as it is. */
static int scan_layer(const struct flush *f, int fd, const char *path, struct strbuf *meta)
{
	int r;

	if (store_clean_has(f->clean, fd, path))
		return 1;
	r = store_meta_scan(meta, fd);
	if (r == 1)
		store_clean_add(f->clean, fd, path);
	return r;
}

/*
 * A layer of an inner image. That our image has one of that name does not make it the same: an
 * engine that was reset counts from 1 again.
 */
static int flush_layer(struct flush *f, const struct dir *d, const char *name, const char *path,
		       const struct stat *st)
{
	_cleanup_strbuf_ struct strbuf meta = {.max = META_MAX};
	_cleanup_close_ int fd = dir_open_fd(d->store, name);
	struct stat lower;
	int r = fd < 0 ? fd : scan_layer(f, fd, path, &meta);

	if (r < 0)
		return fail(f, d, name, -r);
	if (r == 1 && store_source_find(d->lower, name, &lower) < 0) {
		strlist_take(&f->moves, xstrdup(path));
	} else {
		f->in_layer = true;
		r = flush_subdir(f, d, name, st);
		f->in_layer = false;
	}
	return r < 0 ? r : write_meta(f, &meta, d->upper, d->lower);
}

/* As the image has it. */
static int flush_view_link(struct flush *f, const struct dir *d, const char *name)
{
	int r = path_remove_tree(d->upper, name);

	return r < 0 ? fail(f, d, name, -r) : 0;
}

static int flush_entry(struct flush *f, const struct dir *d, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s%s", d->path, *d->path ? "/" : "", name);
	struct stat st;
	int r;

	if (is_ours(f, d, name))
		return 0;
	if (fstatat(d->store, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, d, name, errno);
	if (S_ISLNK(st.st_mode) && store_view_is_link(d->store, name, path))
		return flush_view_link(f, d, name);
	if (S_ISDIR(st.st_mode) && !f->in_layer && store_layers_has(f->layers, path))
		return flush_layer(f, d, name, path, &st);
	r = f->in_layer ? 0 : store_meta_add(&f->meta, d->store, name, path);
	if (r < 0)
		return fail(f, d, name, -r);
	if (!is_flushed(&st))
		return 0;
	return S_ISDIR(st.st_mode) ? flush_subdir(f, d, name, &st)
				   : flush_plain(f, d, name, &st);
}

static bool is_in_store(const struct dir *d, const char *name)
{
	struct stat st;

	return fstatat(d->store, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_flushed(&st);
}

/* An entry of the upper layer that is not in the store; a whiteout follows, if needed. */
static int drop_stale(struct flush *f, const struct dir *d, const char *name)
{
	int r;

	if (is_in_store(d, name) || is_ours(f, d, name))
		return 0;
	r = path_remove_tree(d->upper, name);
	return r < 0 ? fail(f, d, name, -r) : 0;
}

/* An entry of a lower layer that the store no longer has. */
static int hide_removed(struct flush *f, const struct dir *d, const char *name)
{
	struct stat lower;

	if (is_in_store(d, name) || is_ours(f, d, name) ||
	    store_source_find(d->lower, name, &lower) < 0)
		return 0;
	if (mknodat(d->upper, name, S_IFCHR, makedev(0, 0)) < 0)
		return errno == EEXIST ? 0 : fail(f, d, name, errno);
	return fchownat(d->upper, name, f->uid, f->gid, AT_SYMLINK_NOFOLLOW) < 0
		       ? fail(f, d, name, errno)
		       : 0;
}

/* Deletions last: an interrupted flush has too much rather than too little. */
static int sync_dir(struct flush *f, const struct dir *d)
{
	int r;

	if (d->depth > STORE_SEED_MAX_DEPTH)
		return fail(f, d, "", ELOOP);
	r = for_each(f, d, d->store, flush_entry);
	if (r == 0)
		r = for_each(f, d, d->upper, drop_stale);
	for (size_t i = 0; r == 0 && i < d->lower->n; i++)
		r = for_each(f, d, d->lower->fds[i], hide_removed);
	return r;
}

/* ------------------------------------------------------------------ one store */

int store_flush_tree(const struct store_flush_tree *t, struct error *err)
{
	_cleanup_(store_source_done) struct store_source all = STORE_SOURCE_EMPTY;
	_cleanup_(store_layers_done) struct store_layers layers = {0};
	struct store_clean clean;
	struct flush f = {
		.meta = {.max = META_MAX},
		.layers = &layers,
		.clean = &clean,
		.uid = t->uid,
		.gid = t->gid,
		.err = err,
	};
	int r;

	store_source_add(&all, fd_dup(t->at.store), STORE_SOURCE_OWN);
	store_layers_find(&layers, &all);
	store_clean_load(&clean, t->at.dirfd, t->at.name);
	r = sync_dir(&f, &(struct dir){t->at.store, t->at.upper, t->lower, "", 0});
	if (r == 0)
		r = write_meta(&f, &f.meta, t->at.upper, t->lower);
	strbuf_done(&f.meta);
	store_clean_save(&clean);
	store_clean_done(&clean);
	if (r == 0)
		r = store_copy_attributes(t->at.store, ".", t->at.upper, ".",
					  STORE_XATTRS_IMAGE);
	if (r == 0)
		r = store_move_out(&t->at, f.moves.v, err);
	strlist_done(&f.moves);
	return r;
}
