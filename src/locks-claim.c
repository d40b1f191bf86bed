/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Which bytes a directory takes follows from device and inode number, its own and those of
 * what it lies in.
 *
 * A directory has three bytes. w: write lock, r: read lock, -: must be free of others
 *
 *			to have it   to share it   ancestors of: one had   one shared
 *	AT_PLACE	     w		  r			r	      r
 *	AT_ALONE_BELOW			  -			r
 *	AT_SHARED			  r			-
 *
 * So two that have only ancestors in common do not meet, but whoever wants an ancestor itself
 * finds a read lock there, and whoever wants a descendant finds our write lock on the way up.
 * Many may share a directory, and many may have something below it for themselves, but not
 * both: as no write lock can say that, each leaves a read lock on a byte of its own kind and
 * looks at the other's.
 *
 * The ancestors are those in the file system, not in the path: a bind mount of
 * /srv/data at /mnt has / as its parent, and conflicts with /srv all the same. The
 * mount table says which part of which file system is mounted where.
 *
 * Runtimes of two versions exclude one another as long as they agree on these bytes: a unit
 * test says which they are, and they do not change.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/locks-internal.h"
#include "src/syscont.h"

enum {
	AT_PLACE,
	AT_ALONE_BELOW,
	AT_SHARED,
	AT_END = 4,
};

/*
 * 60 bits of device and inode number, mixed (the finalizer of MurmurHash3): two
 * directories of one machine share a place once in 10^18.
 */
off_t locks_place(const struct stat *st)
{
	uint64_t h = (uint64_t)st->st_ino * UINT64_C(0x9e3779b97f4a7c15) + st->st_dev;

	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return (off_t)((h >> 4) * AT_END);
}

static bool is_same(const char *path, const struct stat *st)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev &&
	       other.st_ino == st->st_ino;
}

/* "/root/of/mount" + "/a" - "/root" = "/of/mount/a" */
static const char *below(const char *path, const char *prefix)
{
	return str_eq(prefix, "/") ? path : path + strlen(prefix);
}

/*
 * The path of the directory by which most of its ancestors are seen, and how much of
 * it is the mount that they are in; owned.
 */
static char *highest_path(const char *path, const struct stat *st, size_t *ret_mount_len)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;
	_cleanup_free_ char *inner = NULL, *best = xstrdup(path);
	struct mountinfo **all = NULL;
	size_t n = 0, best_len;

	*ret_mount_len = 0;
	if (mountinfo_of(path, &m) < 0 || mountinfo_all(&all, &n) < 0)
		return take_ptr(&best);
	*ret_mount_len = strlen(m->target);
	inner = path_join(m->root, below(path, m->target));
	best_len = strlen(m->root);
	for (size_t i = 0; i < n; i++) {
		const struct mountinfo *x = all[i];
		_cleanup_free_ char *other = NULL;

		if (!str_eq(x->device, m->device) || strlen(x->root) >= best_len ||
		    !path_has_prefix(inner, x->root))
			continue;
		other = path_join(x->target, below(inner, x->root));
		/* Something else may be mounted over it. */
		if (!is_same(other, st))
			continue;
		best_len = strlen(x->root);
		*ret_mount_len = strlen(x->target);
		free(best);
		best = take_ptr(&other);
	}
	mountinfo_free_all(all, n);
	return take_ptr(&best);
}

static void add_key(struct locks_claim *c, off_t at, short type)
{
	struct locks_key *k = array_add((void **)&c->keys, &c->n_keys, sizeof(*k));

	*k = (struct locks_key){.at = at, .type = type};
}

static void add_own(struct locks_claim *c, off_t place)
{
	add_key(c, place + AT_PLACE, c->lock->shared ? F_RDLCK : F_WRLCK);
	if (c->lock->shared) {
		add_key(c, place + AT_SHARED, F_RDLCK);
		add_key(c, place + AT_ALONE_BELOW, F_UNLCK);
	}
}

static void add_ancestor(struct locks_claim *c, off_t place)
{
	add_key(c, place + AT_PLACE, F_RDLCK);
	if (!c->lock->shared) {
		add_key(c, place + AT_ALONE_BELOW, F_RDLCK);
		add_key(c, place + AT_SHARED, F_UNLCK);
	}
}

static void add_ancestors(struct locks_claim *c, size_t mount_len)
{
	_cleanup_free_ char *path = xstrdup(c->path);
	struct stat st;

	for (char *slash; strlen(path) > mount_len && (slash = strrchr(path, '/'));) {
		slash[slash == path] = '\0';
		if (stat(path, &st) == 0)
			add_ancestor(c, locks_place(&st));
		if (slash == path)
			break;
	}
}

int locks_claim_find(struct locks_claim *ret, const struct syscont_lock *l)
{
	_cleanup_free_ char *real = realpath(l->source, NULL);
	size_t mount_len;
	struct stat st;

	if (!real || stat(real, &st) < 0) {
		log_debug("%s is not there, and not locked", l->source);
		return 0;
	}
	*ret = (struct locks_claim){.lock = l};
	ret->path = highest_path(real, &st, &mount_len);
	add_own(ret, locks_place(&st));
	add_ancestors(ret, mount_len);
	return 1;
}

void locks_claim_done(struct locks_claim *c)
{
	free(c->path);
	free(c->keys);
	*c = (struct locks_claim){0};
}

bool locks_claim_has_moved(const struct locks_claim *c)
{
	struct stat st;

	return stat(c->lock->source, &st) < 0 || locks_place(&st) != c->keys[0].at;
}
