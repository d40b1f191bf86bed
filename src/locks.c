/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	/run/sysbox/locks/table		never has content: a byte of it is a lock
 *	/run/sysbox/locks/KEY		who holds the place KEY, for people
 *	/run/sysbox/locks/lock		held while one of us looks and takes
 *
 * fcntl(2) locks of an open file description (F_OFD_SETLK) are on ranges of bytes, so
 * that one description holds all locks of a container, and needs to be passed on
 * only once. Which bytes follows from device and inode number. They end when
 * the last copy of the description is closed, by whatever death: nothing has to be
 * cleaned, nothing can be left behind but a KEY file, which the next one removes.
 *
 * A directory has three bytes. w: write lock, r: read lock, -: must be free of others
 *
 *			to have it   to share it   ancestors of: one had   one shared
 *	AT_PLACE	     w		  r			r	      r
 *	AT_ALONE_BELOW			  -			r
 *	AT_SHARED			  r			-
 *
 * So two that have only ancestors in common do not meet, but who wants an ancestor
 * itself finds a read lock there, and who wants a descendant finds our write lock on
 * his way up. Many may share a directory, and many may have something below it for
 * themselves, but not both: as no write lock can say that, each leaves a read lock on a
 * byte of its own kind and looks at the other's.
 *
 * The ancestors are those in the file system, not in the path: a bind mount of
 * /srv/data at /mnt has / as its parent, and conflicts with /srv all the same. The
 * mount table tells what part of which file system is mounted where.
 */
#include "src/locks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/syscont.h"

#define RUN_DIR	   "/run/sysbox"
#define LOCKS_DIR  RUN_DIR "/locks"
#define HOLDER_MAX 16384
/*
 * A container that has just ended may have a supervisor that does not know it yet: wait
 * so long for the same container, started anew, and so long for another.
 */
#define WAIT_SAME_MS  10000
#define WAIT_OTHER_MS 500
#define WAIT_STEP_MS  20

enum {
	AT_PLACE,
	AT_ALONE_BELOW,
	AT_SHARED,
	AT_END = 4,
};

struct key {
	off_t at;
	short type; /* F_RDLCK, F_WRLCK; F_UNLCK: must be free of others */
};

/* One lock, with all that it consists of. */
struct claim {
	const struct syscont_lock *lock;
	char *path;	  /* from the file system's root as far as it is in sight */
	struct key *keys; /* the directory's own place is the first */
	size_t n_keys;
};

struct work {
	const struct syscont_lock *locks;
	size_t n_locks;
	const char *id;
	int dirfd;
	int table;
	struct claim *claims;
	size_t n_claims;
};

static void free_claims(struct work *w)
{
	for (size_t i = 0; i < w->n_claims; i++) {
		free(w->claims[i].path);
		free(w->claims[i].keys);
	}
	free(w->claims);
	w->claims = NULL;
	w->n_claims = 0;
}

static void work_done(struct work *w)
{
	free_claims(w);
	fd_close(w->dirfd);
	fd_close(w->table);
}

/* ------------------------------------------------------------------ what to lock */

/*
 * 60 bits of device and inode number, mixed (the finalizer of MurmurHash3): two
 * directories of one machine share a place once in 10^18.
 */
static off_t place_of(const struct stat *st)
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

static void add_key(struct claim *c, off_t at, short type)
{
	struct key *k = array_add((void **)&c->keys, &c->n_keys, sizeof(*k));

	*k = (struct key){.at = at, .type = type};
}

static void add_own(struct claim *c, off_t place)
{
	add_key(c, place + AT_PLACE, c->lock->shared ? F_RDLCK : F_WRLCK);
	if (c->lock->shared) {
		add_key(c, place + AT_SHARED, F_RDLCK);
		add_key(c, place + AT_ALONE_BELOW, F_UNLCK);
	}
}

static void add_ancestor(struct claim *c, off_t place)
{
	add_key(c, place + AT_PLACE, F_RDLCK);
	if (!c->lock->shared) {
		add_key(c, place + AT_ALONE_BELOW, F_RDLCK);
		add_key(c, place + AT_SHARED, F_UNLCK);
	}
}

static void add_ancestors(struct claim *c, size_t mount_len)
{
	_cleanup_free_ char *path = xstrdup(c->path);
	struct stat st;

	for (char *slash; strlen(path) > mount_len && (slash = strrchr(path, '/'));) {
		slash[slash == path] = '\0';
		if (stat(path, &st) == 0)
			add_ancestor(c, place_of(&st));
		if (slash == path)
			break;
	}
}

static void add_claim(struct work *w, const struct syscont_lock *l)
{
	_cleanup_free_ char *real = realpath(l->source, NULL);
	size_t mount_len;
	struct claim *c;
	struct stat st;

	if (!real || stat(real, &st) < 0) {
		log_debug("%s is not there, and not locked", l->source);
		return;
	}
	c = array_add((void **)&w->claims, &w->n_claims, sizeof(*c));
	c->lock = l;
	c->path = highest_path(real, &st, &mount_len);
	add_own(c, place_of(&st));
	add_ancestors(c, mount_len);
}

static void find_claims(struct work *w)
{
	free_claims(w);
	for (size_t i = 0; i < w->n_locks; i++)
		add_claim(w, &w->locks[i]);
}

/* Now that all are locked: a claim whose path leads elsewhere since we looked, or NULL. */
static const struct claim *find_moved(const struct work *w)
{
	for (size_t i = 0; i < w->n_claims; i++) {
		const struct claim *c = &w->claims[i];
		struct stat st;

		if (stat(c->lock->source, &st) < 0 || place_of(&st) != c->keys[0].at)
			return c;
	}
	return NULL;
}

/* ------------------------------------------------------------------ holders */

static void key_name(char name[32], off_t at)
{
	(void)snprintf(name, 32, "%016" PRIx64, (uint64_t)at);
}

/* The file of a holder: four lines. */
struct holder {
	char *id, *target, *since, *path;
};

static void holder_done(struct holder *h)
{
	free(h->id);
	free(h->target);
	free(h->since);
	free(h->path);
}

static bool holder_read(const struct work *w, const char *name, struct holder *ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **lines = NULL;

	if (file_read(w->dirfd, name, HOLDER_MAX, &text, NULL) < 0)
		return false;
	lines = strv_split(text, "\n");
	if (strv_len(lines) != 4)
		return false;
	*ret = (struct holder){xstrdup(lines[0]), xstrdup(lines[1]), xstrdup(lines[2]),
			       xstrdup(lines[3])};
	return true;
}

/* A name with a line break would make five lines of four: it is told without. */
static void holder_write(const struct work *w, const struct claim *c)
{
	char name[32], since[32];
	time_t now = time(NULL);
	_cleanup_free_ char *text = NULL;
	struct tm tm;

	(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
	text = xasprintf("%s\n%s\n%s\n%s\n", w->id, c->lock->target, since, c->path);
	key_name(name, c->keys[0].at);
	if (atomicfile_write(w->dirfd, name, text, strlen(text), 0600, 0) < 0)
		log_debug("no word about who holds %s", c->path);
}

/* Of locks by others: 0, else -EAGAIN, as from trying. */
static int check_free(const struct work *w, off_t at)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	if (fcntl(w->table, F_OFD_GETLK, &l) < 0)
		return -errno;
	return l.l_type == F_UNLCK ? 0 : -EAGAIN;
}

static bool is_held(const struct work *w, off_t at)
{
	return check_free(w, at) == -EAGAIN;
}

static bool parse_key(const char *name, off_t *ret)
{
	char *end;
	uint64_t at = strtoull(name, &end, 16);

	*ret = (off_t)at;
	return strlen(name) == 16 && !*end;
}

/*
 * Go through the files of all holders: remove those that hold nothing any more. Who of
 * the others is at the place of `c`, above or below it, is put into *ret.
 */
static bool find_holder(const struct work *w, const struct claim *c, struct holder *ret)
{
	int fd = openat(w->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct holder h = {0};
		off_t at;

		if (!parse_key(e->d_name, &at))
			continue;
		if (!is_held(w, at)) {
			(void)unlinkat(w->dirfd, e->d_name, 0);
			continue;
		}
		if (found || !holder_read(w, e->d_name, &h))
			continue;
		if (c &&
		    (path_has_prefix(c->path, h.path) || path_has_prefix(h.path, c->path))) {
			found = true;
			*ret = h;
		} else {
			holder_done(&h);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ------------------------------------------------------------------ take */

static int lock_byte(const struct work *w, const struct key *k)
{
	struct flock l = {
		.l_type = k->type, .l_whence = SEEK_SET, .l_start = k->at, .l_len = 1};

	if (k->type == F_UNLCK)
		return check_free(w, k->at);
	return fcntl(w->table, F_OFD_SETLK, &l) < 0 ? -errno : 0;
}

static void unlock_all(const struct work *w)
{
	struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	(void)fcntl(w->table, F_OFD_SETLK, &l);
}

static int try_type(const struct work *w, short type, const struct claim **ret_refused)
{
	for (size_t i = 0; i < w->n_claims; i++) {
		const struct claim *c = &w->claims[i];

		for (size_t k = 0; k < c->n_keys; k++) {
			int r = c->keys[k].type == type ? lock_byte(w, &c->keys[k]) : 0;

			*ret_refused = c;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/*
 * Read locks of all first: a container may have two volumes, one in the other or both
 * the same, and a later read lock of ours would weaken the write lock.
 */
static int try_all(const struct work *w, const struct claim **ret_refused)
{
	static const short order[] = {F_RDLCK, F_WRLCK, F_UNLCK};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(order); i++)
		r = try_type(w, order[i], ret_refused);
	return r;
}

static int refuse(const struct claim *c, const struct holder *h, struct error *err)
{
	const char *what = !h->id		      ? "is in use"
			   : str_eq(h->path, c->path) ? "is held"
			   : path_has_prefix(c->path, h->path)
				   ? "lies in a directory that is held"
				   : "has a directory that is held";

	return error_set(
		err, EBUSY,
		"%s, to be mounted at %s, %s by container %.12s since %s (at %s): inner "
		"engines would destroy each other's data there; to share it on purpose, "
		"start all of them with SYSBOX_SHARE_VOLUMES=%s",
		c->lock->source, c->lock->target, what, h->id ? h->id : "another",
		h->since ? h->since : "an unknown time", h->target ? h->target : "unknown",
		c->lock->target);
}

static int refuse_moved(const struct claim *c, struct error *err)
{
	return error_set(err, EBUSY, "%s, to be mounted at %s, keeps changing", c->lock->source,
			 c->lock->target);
}

/*
 * One attempt, alone. 1: held by somebody, or another directory by now; *ret_wait_ms is
 * how long it is worth waiting.
 */
static int attempt(struct work *w, int *ret_wait_ms, struct error *err)
{
	_cleanup_close_ int mutex = lockfile_open(w->dirfd, "lock", LOCK_WAIT);
	_cleanup_(holder_done) struct holder h = {0};
	const struct claim *refused = NULL, *moved = NULL;
	int r;

	if (mutex < 0)
		return error_errno(err, -mutex, "lock " LOCKS_DIR);
	r = try_all(w, &refused);
	if (r == 0)
		moved = find_moved(w);
	if (r == 0 && !moved) {
		(void)find_holder(w, NULL, NULL);
		for (size_t i = 0; i < w->n_claims; i++)
			holder_write(w, &w->claims[i]);
		return 0;
	}
	unlock_all(w);
	if (moved) {
		*ret_wait_ms = WAIT_SAME_MS;
		(void)refuse_moved(moved, err);
		return 1;
	}
	if (r != -EAGAIN && r != -EACCES)
		return error_errno(err, -r, "lock %s", refused->path);
	(void)find_holder(w, refused, &h);
	*ret_wait_ms = str_eq(h.id, w->id) ? WAIT_SAME_MS : WAIT_OTHER_MS;
	(void)refuse(refused, &h, err);
	return 1;
}

static int take(struct work *w, struct error *err)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};

	for (int waited = 0;; waited += WAIT_STEP_MS) {
		int wait_ms, r;

		find_claims(w);
		r = attempt(w, &wait_ms, err);
		if (r <= 0)
			return r;
		if (waited >= wait_ms)
			return -EBUSY;
		(void)nanosleep(&step, NULL);
	}
}

static int open_table(struct work *w, struct error *err)
{
	if ((mkdir(RUN_DIR, 0711) < 0 && errno != EEXIST) ||
	    (mkdir(LOCKS_DIR, 0700) < 0 && errno != EEXIST))
		return error_errno(err, errno, "make " LOCKS_DIR);
	w->dirfd = open(LOCKS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->dirfd < 0)
		return error_errno(err, errno, "open " LOCKS_DIR);
	w->table = openat(w->dirfd, "table", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return w->table < 0 ? error_errno(err, errno, "open " LOCKS_DIR "/table") : 0;
}

int locks_take(const struct syscont_lock *locks, size_t n, const char *id, int *ret_fd,
	       struct error *err)
{
	_cleanup_(work_done) struct work w = {
		.locks = locks, .n_locks = n, .id = id, .dirfd = -EBADF, .table = -EBADF};
	int r = open_table(&w, err);

	if (r == 0 && n)
		r = take(&w, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&w.table);
	return 0;
}

bool locks_is_held(const char *source, char **ret_since)
{
	_cleanup_(work_done) struct work w = {.dirfd = -EBADF, .table = -EBADF};
	_cleanup_(holder_done) struct holder h = {0};
	struct error ignored = {0};
	char name[32];
	struct stat st;

	if (stat(source, &st) < 0 || open_table(&w, &ignored) < 0 ||
	    !is_held(&w, place_of(&st)))
		return false;
	key_name(name, place_of(&st));
	if (holder_read(&w, name, &h))
		*ret_since = xstrdup(h.since);
	return true;
}
