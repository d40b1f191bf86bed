/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * What an engine commits is the upper layer. So before it looks there (the container is paused,
 * or has ended) the upper layer is given what is in the stores (src/store-flush.c). As long as
 * the container runs, nothing of it may be there: a file with two names is refused by some
 * programs (cron(8), logrotate(8)), layers are missed in the store, and `docker diff` would
 * list it. So it is taken away before the container runs (again).
 *
 * Links and renames need one mount on both sides: everything is opened from the
 * engine's layer directory, which holds both, and never through a clone of it
 * (EXDEV).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/store-source.h"
#include "src/store.h"

/* A chain of directories on a busy disk takes less. */
#define COPY_UP_MS 10000

static bool is_empty(int dirfd)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;

	return dir_open(&dir, dirfd, ".") < 0 || dir_next(dir, &e) <= 0;
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

		if (r == 0 &&
		    fchownat(at, *n, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
			r = -errno;
		if (r == 0 && store_source_enter(lower_root, next, &lower) == 0 && lower.n)
			r = store_copy_attributes(lower.fds[0], ".", at, *n,
						  STORE_XATTRS_IMAGE);
		if (r < 0 && r != -EEXIST)
			return error_errno(err, -r, "make %s in the upper layer", path);
		fd = dir_open_fd(at, *n);
		if (fd < 0)
			return error_errno(err, -fd, "open %s in the upper layer", path);
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
	_cleanup_close_ int store = dir_open_fd(r->store, name), upper = -EBADF;
	struct store_flush_tree t = {.lower = &lower};
	struct stat st;
	int e;

	if (store < 0)
		return store == -ENOENT ? 0
					: error_errno(err, -store, "open the store %s", name);
	e = store_source_enter(&r->lower, path, &lower);
	if (e < 0)
		return error_errno(err, -e, "open %s in the image", path);
	if (fstat(r->upper, &st) < 0)
		return error_errno(err, errno, "stat the upper layer");
	t.uid = st.st_uid;
	t.gid = st.st_gid;
	upper = make_chain(r->upper, &r->lower, path, &st, err);
	if (upper < 0)
		return upper;
	t.at = (struct store_move){r->store, name, store, upper};
	e = store_flush_tree(&t, err);
	return e < 0 ? error_wrap(err, e, "%s", path) : 0;
}

/* ------------------------------------------------------------------ all */

static int open_lower(struct store_source *s, char *const *paths, struct error *err)
{
	for (char *const *p = paths; *p; p++) {
		int fd = open(*p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_errno(err, errno, "open the layer %s", *p);
		store_source_add(s, fd, (int)s->n);
	}
	return 0;
}

/*
 * 1: nobody is going to commit it: the engine's overlay is gone, or is made of id-mapped
 * layers, as in a Kubernetes pod with a user namespace, which cannot be committed.
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
	if (r->holder < 0)
		return error_errno(err, errno, "open the layer directory %s", holder);
	r->store = dir_open_fd(r->holder, name);
	r->upper = dir_open_fd(r->holder, upper);
	if (r->store < 0 || r->upper < 0)
		return error_errno(err, r->store < 0 ? -r->store : -r->upper,
				   "open the stores and the upper layer in %s", holder);
	return open_lower(&r->lower, l.lower, err);
}

/* Is there anything, or was there in the image? Else no trace is left of the store. */
static bool has_content(const struct roots *r, const char *name, const char *path)
{
	_cleanup_(store_source_done) struct store_source lower = STORE_SOURCE_EMPTY;
	_cleanup_close_ int store = dir_open_fd(r->store, name);

	if (store_source_enter(&r->lower, path, &lower) == 0 && lower.n)
		return true;
	return store >= 0 && !is_empty(store);
}

struct copy_up {
	const struct store_flush *f;
	bool *wanted; /* of its stores */
};

/* The child may hang forever, and must not hold the container's lock then. */
static int close_all_but(int fd)
{
	if (fd > 3 && close_range(3, (unsigned int)fd - 1, 0) < 0)
		return -errno;
	return close_range((unsigned int)fd + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* In a child that has entered the container's mount namespace, above all of its mounts. */
static int copy_up(void *arg)
{
	const struct copy_up *c = arg;
	const struct store_flush *f = c->f;
	_cleanup_close_ int root = -EBADF;
	int r = close_all_but(f->init_pidfd);

	if (r < 0)
		return r;
	if (setns(f->init_pidfd, CLONE_NEWNS) < 0)
		return -errno;
	root = mount_clone(AT_FDCWD, "/", MOUNT_CLONE_ONE);
	if (root < 0)
		return root;
	for (size_t i = 0; i < f->n_stores; i++) {
		_cleanup_close_ int fd = -EBADF;
		struct stat st;

		if (!c->wanted[i])
			continue;
		fd = path_open_in_root(root, f->stores[i].value,
				       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		/* No change, but overlayfs copies it up, and all that it lies in. */
		if (fchmod(fd, st.st_mode & 07777) < 0 && errno != EROFS)
			return -errno;
	}
	return 0;
}

/*
 * A mounted overlay must make these directories itself: what appears behind its back it does
 * not see, and its own copy-up fails on it (ENOTEMPTY). With a read-only rootfs nothing is ever
 * copied up. Root inside may have covered "/" with a file system of its own, which does not
 * answer, since its server is frozen.
 */
static int copy_up_chains(const struct store_flush *f, const struct roots *roots,
			  struct error *err)
{
	_cleanup_free_ bool *wanted = xcalloc(f->n_stores, sizeof(*wanted));
	struct copy_up c = {f, wanted};
	int r;

	if (f->init_pidfd < 0)
		return 0;
	for (size_t i = 0; i < f->n_stores; i++)
		wanted[i] = has_content(roots, f->stores[i].key, f->stores[i].value);
	r = spawn_call_within(COPY_UP_MS, copy_up, &c);
	return r < 0 ? error_errno(err, -r, "copy the stores' mount points up") : 0;
}

/* Layers that a flush has moved come back. */
static int bring_back(const struct roots *r, const char *name, const char *path,
		      struct error *err)
{
	_cleanup_close_ int store = dir_open_fd(r->store, name);
	_cleanup_close_ int upper = path_open_in_root(r->upper, path, O_RDONLY | O_DIRECTORY);
	const struct store_move m = {r->store, name, store, upper};

	/* Nothing was ever flushed there. */
	return store < 0 || upper < 0 ? 0 : store_move_back(&m, err);
}

static int bring_all_back(const struct roots *r, const struct store_flush *f, struct error *err)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < f->n_stores; i++)
		e = bring_back(r, f->stores[i].key, f->stores[i].value, err);
	return e;
}

int store_flush(const struct store_flush *f, struct error *err)
{
	_cleanup_(roots_done) struct roots r = {-EBADF, -EBADF, -EBADF, STORE_SOURCE_EMPTY};
	int e;

	if (!f->n_stores)
		return STORE_E_NONE;
	e = open_roots(&r, f, err);
	if (e != 0)
		return e < 0 ? e : STORE_E_NONE;
	e = bring_all_back(&r, f, err);
	if (e == 0)
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
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *d;
	int e;

	if (fd < 0) /* nothing was flushed there */
		return 0;
	e = dir_open(&dir, fd, ".");
	while (e == 0 && (e = dir_next(dir, &d)) > 0)
		e = path_remove_tree(fd, d->d_name);
	return e < 0 ? error_errno(err, -e, "clear %s in the upper layer", path) : 0;
}

int store_unflush(const struct store_flush *f, struct error *err)
{
	_cleanup_(roots_done) struct roots r = {-EBADF, -EBADF, -EBADF, STORE_SOURCE_EMPTY};
	int e;

	if (!f->n_stores)
		return 0;
	e = open_roots(&r, f, err);
	if (e == 0)
		e = bring_all_back(&r, f, err);
	for (size_t i = 0; e == 0 && i < f->n_stores; i++)
		e = clear_upper(&r, f->stores[i].value, err);
	return e < 0 ? e : 0;
}

static void leave_note(const struct roots *r, const char *path, const char *why)
{
	_cleanup_close_ int fd = path_open_in_root(r->upper, path, O_RDONLY | O_DIRECTORY);
	int e = fd < 0 ? fd : atomicfile_write(fd, STORE_NOTE, why, strlen(why), 0600, 0);

	if (e < 0)
		log_debug("no note in %s: %s", path, strerror(-e));
}

int store_flush_failed(const struct store_flush *f, const char *why, struct error *err)
{
	_cleanup_(roots_done) struct roots r = {-EBADF, -EBADF, -EBADF, STORE_SOURCE_EMPTY};
	int e = store_unflush(f, err);

	if (e < 0 || !f->n_stores)
		return e;
	e = open_roots(&r, f, err);
	for (size_t i = 0; e == 0 && i < f->n_stores; i++)
		leave_note(&r, f->stores[i].value, why);
	return e < 0 ? e : 0;
}
