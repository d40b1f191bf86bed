/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * What an engine commits is the upper layer. So before it looks there (the container is
 * paused, or has ended) the upper layer is given what is in the stores, by hard
 * links: nothing is copied, and what the layers of the image have already is left
 * out. What was removed since becomes a whiteout of the outer overlay. Inner
 * whiteouts and attributes go into STORE_META.
 *
 *	store		lower layers	upper layer gets
 *	file		the same	nothing
 *	file		another, none	a link
 *	directory	any		a directory, unless it is the same and empty
 *	nothing		any		a whiteout
 *
 * The store is the truth, the upper layer is derived: a flush compares and never
 * assumes, so it may be cut off anywhere and repeated. As long as the container runs,
 * nothing of it may be there: a file of two names is refused by some programs
 * (cron(8), logrotate(8)), and `docker diff` would list it. So it is taken away
 * before the container runs (again).
 *
 * Links need one mount on both sides: everything is opened from the engine's layer
 * directory, which holds both, and never through a clone of it (EXDEV).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/ns.h"
#include "lib/path.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/store.h"

#define TEMP	 ".sysbox-new"
#define META_MAX (256u << 20)
#define CAPS_MAX 64

struct flush {
	struct strbuf meta;
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

/* Every entry of a directory, while these may be removed and added. */
static int for_each(struct flush *f, const struct dir *d, int in, entry_fn fn)
{
	int fd = openat(in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		r = fail(f, d, ".", errno);
		fd_close(fd);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = fn(f, d, e->d_name);
	closedir(dir);
	return r;
}

/* ------------------------------------------------------------------ compare */

/* Sockets mean nothing in an image; STORE_META is ours. */
static bool is_flushed(const struct dir *d, const char *name, const struct stat *st)
{
	return !store_is_whiteout(st) && !S_ISSOCK(st->st_mode) &&
	       !(d->depth == 0 && str_eq(name, STORE_META));
}

/* What the lower layers show of a name; the layer's number, or -1. */
static ssize_t find_lower(const struct store_source *s, const char *name, struct stat *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		if (fstatat(s->fds[i], name, ret, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		return store_is_whiteout(ret) ? -1 : (ssize_t)i;
	}
	return -1;
}

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

/* Names of an image have whole seconds after most ways of transport; later writes do not. */
static bool has_same_attributes(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_same(const struct dir *d, const char *name, const struct stat *st, size_t layer,
		    const struct stat *lower)
{
	int fd = d->lower->fds[layer];

	if (!has_same_attributes(st, lower))
		return false;
	if (S_ISREG(st->st_mode))
		return st->st_size == lower->st_size &&
		       (!(st->st_mode & 0111) || has_same_caps(d->store, fd, name));
	if (S_ISLNK(st->st_mode))
		return has_same_target(d->store, fd, name);
	return st->st_rdev == lower->st_rdev;
}

/* ------------------------------------------------------------------ entries */

static int sync_dir(struct flush *f, const struct dir *d);

static int flush_plain(struct flush *f, const struct dir *d, const char *name,
		       const struct stat *st)
{
	struct stat lower, upper;
	ssize_t layer = find_lower(d->lower, name, &lower);
	int r;

	if (layer >= 0 && is_same(d, name, st, (size_t)layer, &lower)) {
		r = path_remove_tree(d->upper, name);
		return r < 0 ? fail(f, d, name, -r) : 0;
	}
	r = fstatat(d->upper, name, &upper, AT_SYMLINK_NOFOLLOW);
	if (r == 0 && upper.st_ino == st->st_ino)
		return 0;
	if (r == 0 && S_ISDIR(upper.st_mode))
		r = path_remove_tree(d->upper, name);
	(void)unlinkat(d->upper, TEMP, 0); /* of a flush that was cut off */
	if (linkat(d->store, name, d->upper, TEMP, 0) < 0 ||
	    renameat(d->upper, TEMP, d->upper, name) < 0)
		return fail(f, d, name, errno);
	return 0;
}

static int open_upper(const struct dir *d, const char *name)
{
	int fd;

	if (mkdirat(d->upper, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(d->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
		return fd < 0 ? -errno : fd;
	if (unlinkat(d->upper, name, 0) < 0 || mkdirat(d->upper, name, 0700) < 0)
		return -errno;
	fd = openat(d->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int flush_subdir(struct flush *f, const struct dir *d, const char *name,
			const struct stat *st)
{
	_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
	_cleanup_free_ char *path = xasprintf("%s%s%s", d->path, *d->path ? "/" : "", name);
	_cleanup_close_ int store =
		openat(d->store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int upper = store < 0 ? -errno : open_upper(d, name);
	struct dir sub = {store, upper, &lower, path, d->depth + 1};
	struct stat below;
	int r;

	if (store < 0 || upper < 0)
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
	/* Not empty: it has to stay. */
	if (lower.n && fstat(lower.fds[0], &below) == 0 && has_same_attributes(st, &below))
		(void)unlinkat(d->upper, name, AT_REMOVEDIR);
	return 0;
}

static int flush_entry(struct flush *f, const struct dir *d, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s%s", d->path, *d->path ? "/" : "", name);
	struct stat st;
	int r;

	if (fstatat(d->store, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, d, name, errno);
	if (d->depth == 0 && str_eq(name, STORE_META))
		return 0;
	r = store_meta_add(&f->meta, d->store, name, path);
	if (r < 0)
		return fail(f, d, name, -r);
	if (!is_flushed(d, name, &st))
		return 0;
	return S_ISDIR(st.st_mode) ? flush_subdir(f, d, name, &st)
				   : flush_plain(f, d, name, &st);
}

static bool is_in_store(const struct dir *d, const char *name)
{
	struct stat st;

	return fstatat(d->store, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       is_flushed(d, name, &st);
}

/* An entry of the upper layer that is not in the store; a whiteout follows, if needed. */
static int drop_stale(struct flush *f, const struct dir *d, const char *name)
{
	int r;

	if (is_in_store(d, name) || (d->depth == 0 && str_eq(name, STORE_META)))
		return 0;
	r = path_remove_tree(d->upper, name);
	return r < 0 ? fail(f, d, name, -r) : 0;
}

/* An entry of a lower layer that the store has no more. */
static int hide_removed(struct flush *f, const struct dir *d, const char *name)
{
	struct stat lower;

	if (is_in_store(d, name) || (d->depth == 0 && str_eq(name, STORE_META)) ||
	    find_lower(d->lower, name, &lower) < 0)
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

static bool lower_has_meta(const struct store_source *lower, const char *text)
{
	_cleanup_free_ char *there = NULL;
	struct stat st;
	ssize_t layer = find_lower(lower, STORE_META, &st);

	if (layer < 0)
		return !*text;
	return file_read(lower->fds[layer], STORE_META, META_MAX, &there, NULL) == 0 &&
	       str_eq(there, text);
}

/* Last, and only where it differs from what the image says. */
static int write_meta(struct flush *f, int upper, const struct store_source *lower)
{
	const char *text = strbuf_str(&f->meta);
	_cleanup_close_ int fd = -EBADF;
	int r = path_remove_tree(upper, STORE_META);

	if (f->meta.failed)
		return error_set(f->err, E2BIG, "too many whiteouts and attributes");
	if (r == 0 && lower_has_meta(lower, text))
		return 0;
	fd = r < 0 ? r : openat(upper, TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r == 0 && fd < 0)
		r = -errno;
	if (r == 0)
		r = fd_write_all(fd, text, f->meta.len);
	if (r == 0 && fchown(fd, f->uid, f->gid) < 0)
		r = -errno;
	if (r == 0 && renameat(upper, TEMP, upper, STORE_META) < 0)
		r = -errno;
	return r < 0 ? error_errno(f->err, -r, "write " STORE_META) : 0;
}

static bool is_empty(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	while (dir && n < 3 && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n < 3;
}

/* The directories on the way, as they are in the image; never behind a mounted overlay. */
static int make_chain(int upper_root, const struct store_source *lower_root, const char *path,
		      const struct stat *owner, struct error *err)
{
	_cleanup_(strv_freep) char **names = strv_split(path, "/");
	_cleanup_free_ char *done = xstrdup(".");
	_cleanup_close_ int at = fd_dup(upper_root);

	for (char **n = names; n && *n; n++) {
		_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
		_cleanup_free_ char *next = path_join(done, *n);
		int r = mkdirat(at, *n, 0755) < 0 ? -errno : 0, fd;

		if (r == 0 && fchownat(at, *n, owner->st_uid, owner->st_gid, 0) < 0)
			r = -errno;
		if (r == 0 && store_source_enter(lower_root, next, &lower) == 0 && lower.n)
			r = store_copy_attributes(lower.fds[0], ".", at, *n,
						  STORE_XATTRS_IMAGE);
		if (r < 0 && r != -EEXIST)
			return error_errno(err, -r, "make %s in the upper layer", path);
		fd = openat(at, *n, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_errno(err, errno, "open %s in the upper layer", path);
		fd_close(at);
		at = fd;
		free(done);
		done = take_ptr(&next);
	}
	return take_fd(&at);
}

struct roots {
	int holder; /* the engine's layer directory: of both others */
	int store;
	int upper;
	struct store_source lower;
};

static void roots_done(struct roots *r)
{
	fd_close(r->holder);
	fd_close(r->store);
	fd_close(r->upper);
	store_source_done(&r->lower);
}

static int flush_store(const struct roots *r, const char *name, const char *path,
		       struct error *err)
{
	_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
	_cleanup_close_ int store =
		openat(r->store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int upper = -EBADF;
	struct flush f = {.meta = {.max = META_MAX}, .err = err};
	struct stat st;
	int e;

	if (store < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "open the store %s", name);
	e = store_source_enter(&r->lower, path, &lower);
	if (e < 0)
		return error_errno(err, -e, "open %s in the image", path);
	if (fstat(r->upper, &st) < 0)
		return error_errno(err, errno, "stat the upper layer");
	f.uid = st.st_uid;
	f.gid = st.st_gid;
	upper = make_chain(r->upper, &r->lower, path, &st, err);
	if (upper < 0)
		return upper;
	e = sync_dir(&f, &(struct dir){store, upper, &lower, "", 0});
	if (e == 0)
		e = write_meta(&f, upper, &lower);
	strbuf_done(&f.meta);
	if (e == 0)
		e = store_copy_attributes(store, ".", upper, ".", STORE_XATTRS_IMAGE);
	return e < 0 ? error_wrap(err, e, "%s", path) : 0;
}

/* ------------------------------------------------------------------ all */

static int open_lower(struct store_source *s, char *const *paths, struct error *err)
{
	for (char *const *p = paths; *p; p++) {
		int fd = open(*p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_errno(err, errno, "open the layer %s", *p);
		store_source_add(s, fd);
	}
	return 0;
}

/*
 * 1: nobody is going to commit it: the engine's overlay is not there any more, or is one of
 * id-mapped layers, as in a Kubernetes pod with a user namespace, which cannot be committed.
 */
static int open_roots(struct roots *r, const struct store_flush *f, struct error *err)
{
	_cleanup_(layers_done) struct layers l = {0};
	_cleanup_free_ char *holder = NULL, *upper = NULL, *dir = NULL, *name = NULL;
	_cleanup_free_ char *rootfs = realpath(f->rootfs, NULL);
	int e = rootfs ? layers_read(&l, rootfs, err) : LAYERS_E_NONE;

	if (e != 0 || !layers_are_reachable(&l))
		return e < 0 ? e : 1;
	path_split(l.upper, &holder, &upper);
	path_split(f->dir, &dir, &name);
	if (!str_eq(holder, dir))
		return error_set(err, EINVAL, "the stores at %s are not beside %s", f->dir,
				 l.upper);
	r->holder = open(holder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->store = openat(r->holder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r->upper = openat(r->holder, upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->holder < 0 || r->store < 0 || r->upper < 0)
		return error_errno(err, errno, "open the layer directory %s", holder);
	return open_lower(&r->lower, l.lower, err);
}

/* Is there anything, or was there in the image? Else no trace is left of the store. */
static bool has_content(const struct roots *r, const char *name, const char *path)
{
	_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
	_cleanup_close_ int store =
		openat(r->store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (store_source_enter(&r->lower, path, &lower) == 0 && lower.n)
		return true;
	return store >= 0 && !is_empty(store);
}

struct copy_up {
	const struct store_flush *f;
	const struct roots *roots;
};

/* In a child that has entered the container's mount namespace, above all of its mounts. */
static int copy_up(void *arg)
{
	const struct copy_up *c = arg;
	const struct store_flush *f = c->f;
	_cleanup_close_ int root = -EBADF;

	if (setns(f->init_pidfd, CLONE_NEWNS) < 0)
		return -errno;
	root = mount_clone(AT_FDCWD, "/", MOUNT_CLONE_ONE);
	if (root < 0)
		return root;
	for (size_t i = 0; i < f->n_stores; i++) {
		_cleanup_close_ int fd = path_open_in_root(root, f->stores[i].value,
							   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 ||
		    !has_content(c->roots, f->stores[i].key, f->stores[i].value))
			continue;
		/* No change, but overlayfs copies it up, and all that it lies in. */
		if (fchmod(fd, st.st_mode & 07777) < 0 && errno != EROFS)
			return -errno;
	}
	return 0;
}

/*
 * A mounted overlay must make these directories itself: what appears behind its back
 * it does not see, and its own copy-up fails on it (ENOTEMPTY). With a read-only rootfs
 * nothing is ever copied up.
 */
static int copy_up_chains(const struct store_flush *f, const struct roots *roots,
			  struct error *err)
{
	struct copy_up c = {f, roots};
	int r;

	if (f->init_pidfd < 0)
		return 0;
	r = spawn_call(copy_up, &c);
	return r < 0 ? error_errno(err, -r, "copy the stores' mount points up") : 0;
}

int store_flush(const struct store_flush *f, struct error *err)
{
	_cleanup_(roots_done) struct roots r = {-EBADF, -EBADF, -EBADF, STORE_SOURCE_EMPTY};
	int e;

	if (!f->n_stores)
		return 0;
	e = open_roots(&r, f, err);
	if (e != 0)
		return e < 0 ? e : 0;
	e = copy_up_chains(f, &r, err);
	for (size_t i = 0; e == 0 && i < f->n_stores; i++)
		if (has_content(&r, f->stores[i].key, f->stores[i].value))
			e = flush_store(&r, f->stores[i].key, f->stores[i].value, err);
	return e;
}

/* Below the store's place, not itself: an overlay may know it. */
static int clear_upper(const struct roots *r, const char *path, struct error *err)
{
	const char *relative = path + strspn(path, "/");
	_cleanup_close_ int fd =
		path_open_in_root(r->upper, relative, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int copy, e = 0;
	DIR *dir;

	if (fd < 0) /* nothing was flushed there */
		return 0;
	copy = fd_dup(fd);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return error_errno(err, errno, "read %s in the upper layer", path);
	for (struct dirent *d; e == 0 && (d = readdir(dir));)
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			e = path_remove_tree(fd, d->d_name);
	closedir(dir);
	return e < 0 ? error_errno(err, -e, "clear %s in the upper layer", path) : 0;
}

int store_unflush(const struct store_flush *f, struct error *err)
{
	_cleanup_(roots_done) struct roots r = {-EBADF, -EBADF, -EBADF, STORE_SOURCE_EMPTY};
	int e;

	if (!f->n_stores)
		return 0;
	e = open_roots(&r, f, err);
	for (size_t i = 0; e == 0 && i < f->n_stores; i++)
		e = clear_upper(&r, f->stores[i].value, err);
	return e < 0 ? e : 0;
}
