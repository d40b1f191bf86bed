/* SPDX-License-Identifier: Apache-2.0 */
#include "src/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/locks-internal.h"
#include "src/syscont.h"

/*
 * A container that has just ended may have a supervisor that has not noticed yet: how long to
 * wait for it when the same container is started again, and how long when it is another one.
 */
#define WAIT_SAME_MS  10000
#define WAIT_OTHER_MS 500
#define WAIT_STEP_MS  20

struct work {
	const struct syscont_lock *locks;
	size_t n_locks;
	const char *id;
	struct locks_table table;
	struct locks_claim *claims; /* parallel; no keys: not there */
};

static void free_claims(struct work *w)
{
	for (size_t i = 0; w->claims && i < w->n_locks; i++)
		locks_claim_done(&w->claims[i]);
	free(take_ptr(&w->claims));
}

static void work_done(struct work *w)
{
	free_claims(w);
	locks_table_done(&w->table);
}

static void find_claims(struct work *w)
{
	free_claims(w);
	w->claims = xcalloc(w->n_locks, sizeof(*w->claims));
	for (size_t i = 0; i < w->n_locks; i++)
		(void)locks_claim_find(&w->claims[i], &w->locks[i]);
}

/* Now that all are locked: a claim whose path leads elsewhere since we looked, or NULL. */
static const struct locks_claim *find_moved(const struct work *w)
{
	for (size_t i = 0; i < w->n_locks; i++)
		if (w->claims[i].n_keys && locks_claim_has_moved(&w->claims[i]))
			return &w->claims[i];
	return NULL;
}

static int try_type(const struct work *w, short type, const struct locks_claim **ret_refused)
{
	for (size_t i = 0; i < w->n_locks; i++) {
		const struct locks_claim *c = &w->claims[i];

		for (size_t k = 0; k < c->n_keys; k++) {
			int r = c->keys[k].type == type
					? locks_table_try(&w->table, &c->keys[k])
					: 0;

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
static int try_all(const struct work *w, const struct locks_claim **ret_refused)
{
	static const short order[] = {F_RDLCK, F_WRLCK, F_UNLCK};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(order); i++)
		r = try_type(w, order[i], ret_refused);
	return r;
}

static int refuse(const struct locks_claim *c, const struct locks_holder *h, struct error *err)
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

static int refuse_moved(const struct syscont_lock *l, struct error *err)
{
	return error_set(err, EBUSY, "%s, to be mounted at %s, keeps changing", l->source,
			 l->target);
}

static void write_holders(const struct work *w)
{
	(void)locks_holder_find(&w->table, NULL, NULL);
	for (size_t i = 0; i < w->n_locks; i++)
		if (w->claims[i].n_keys)
			locks_holder_write(&w->table, &w->claims[i], w->id);
}

/*
 * One attempt, alone. 1: held by somebody, or another directory by now; *ret_wait_ms is how
 * long waiting is worthwhile.
 */
static int attempt(struct work *w, int *ret_wait_ms, struct error *err)
{
	_cleanup_close_ int mutex = locks_table_mutex(&w->table, err);
	_cleanup_(locks_holder_done) struct locks_holder h = {0};
	const struct locks_claim *refused = NULL, *moved = NULL;
	int r;

	if (mutex < 0)
		return mutex;
	r = try_all(w, &refused);
	if (r == 0)
		moved = find_moved(w);
	if (r == 0 && !moved) {
		write_holders(w);
		return 0;
	}
	locks_table_release(&w->table);
	if (moved) {
		*ret_wait_ms = WAIT_SAME_MS;
		(void)refuse_moved(moved->lock, err);
		return 1;
	}
	if (r != -EAGAIN && r != -EACCES)
		return error_errno(err, -r, "lock %s", refused->path);
	(void)locks_holder_find(&w->table, refused, &h);
	*ret_wait_ms = str_eq(h.id, w->id) ? WAIT_SAME_MS : WAIT_OTHER_MS;
	(void)refuse(refused, &h, err);
	return 1;
}

static int take(struct work *w, struct error *err)
{
	for (int waited = 0;; waited += WAIT_STEP_MS) {
		int wait_ms, r;

		find_claims(w);
		r = attempt(w, &wait_ms, err);
		if (r <= 0)
			return r;
		if (waited >= wait_ms)
			return -EBUSY;
		clock_sleep_usec(WAIT_STEP_MS * 1000);
	}
}

static off_t *take_places(const struct work *w)
{
	off_t *places = xcalloc(w->n_locks + 1, sizeof(*places));

	for (size_t i = 0; i < w->n_locks; i++)
		places[i] = w->claims[i].n_keys ? w->claims[i].keys[0].at : LOCKS_NOT_THERE;
	return places;
}

int locks_take(const struct syscont_lock *locks, size_t n, const char *id, struct locks *ret,
	       struct error *err)
{
	_cleanup_(work_done) struct work w = {
		.locks = locks, .n_locks = n, .id = id, .table = LOCKS_TABLE_EMPTY};
	int r = locks_table_open(&w.table, err);

	if (r == 0 && n)
		r = take(&w, err);
	if (r < 0)
		return r;
	ret->places = n ? take_places(&w) : NULL;
	ret->fd = take_fd(&w.table.fd);
	return 0;
}

void locks_done(struct locks *l)
{
	l->fd = fd_close(l->fd);
	free(take_ptr(&l->places));
}

int locks_check(const struct locks *l, const struct syscont_lock *locks, size_t i, int mount_fd,
		const char *below, struct error *err)
{
	_cleanup_close_ int fd = path_open_beneath(mount_fd, *below ? below : ".", O_PATH);
	struct stat st;

	/* A symlink leads elsewhere in the container than on the host; a mount is pinned. */
	if (fd == -ELOOP || fd == -EXDEV || (fd < 0 && l->places[i] == LOCKS_NOT_THERE))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse_moved(&locks[i], err);
	return S_ISLNK(st.st_mode) || locks_place(&st) == l->places[i]
		       ? 0
		       : refuse_moved(&locks[i], err);
}

bool locks_is_held(const char *source, char **ret_since)
{
	_cleanup_(locks_table_done) struct locks_table t = LOCKS_TABLE_EMPTY;
	_cleanup_(locks_holder_done) struct locks_holder h = {0};
	struct error ignored = {0};
	struct stat st;

	if (stat(source, &st) < 0 || locks_table_open(&t, &ignored) < 0 ||
	    !locks_table_is_held(&t, locks_place(&st)))
		return false;
	if (locks_holder_read(&t, locks_place(&st), &h))
		*ret_since = xstrdup(h.since);
	return true;
}
