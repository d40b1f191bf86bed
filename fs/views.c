/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A number is given out once and never again, so that a mount that outlives its cgroup cannot
 * show another's figures: a request with a number that the register has forgotten gets the
 * container's own. Records are given up only when there is no room left, and then only those
 * whose cgroups are gone.
 *
 * A record is written by one process and read by another without a lock: its number is
 * stored last, and cleared first.
 */
#include "fs/views.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fs/cgroup-read.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/macro.h"

/* Views kept ready at a time; others are made again. */
#define READY_MAX 32

/* If nothing could be given up, this is how long to wait before trying again. */
#define SWEEP_PAUSE_MS 1000

#define NO_RECORD SIZE_MAX

/* Numbers and texts are separate: searching the numbers touches no memory of the texts. */
struct shared {
	uint64_t last_number;
	uint64_t numbers[VIEWS_MAX]; /* 0: free */
	char texts[VIEWS_MAX][VIEWS_TEXT_MAX + 16];
};

struct ready {
	uint64_t number;
	uint64_t used; /* when it was last used, in calls */
	struct view *view;
};

struct views {
	struct shared *shared;
	uint64_t n_calls;
	int64_t next_sweep_ms;
	struct ready ready[READY_MAX]; /* each process's own */
};

int views_map(struct views **ret, struct error *err)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return error_errno(err, errno, "map the register of views");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->shared = p;
	return 0;
}

void views_unmap(struct views *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < READY_MAX; i++)
		view_free(v->ready[i].view);
	munmap(v->shared, sizeof(*v->shared));
	free(v);
}

static uint64_t number_of(const struct views *v, size_t record)
{
	return __atomic_load_n(&v->shared->numbers[record], __ATOMIC_SEQ_CST);
}

static void set_number(struct views *v, size_t record, uint64_t number)
{
	__atomic_store_n(&v->shared->numbers[record], number, __ATOMIC_SEQ_CST);
}

/* 0: a free one. */
static size_t find_number(const struct views *v, uint64_t number)
{
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (number_of(v, i) == number)
			return i;
	return NO_RECORD;
}

static size_t find_text(const struct views *v, const char *text)
{
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (number_of(v, i) && strcmp(v->shared->texts[i], text) == 0)
			return i;
	return NO_RECORD;
}

static void forget_gone(struct views *v, const struct view *own)
{
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (!cgroup_read_exists(own->cgroup, v->shared->texts[i]))
			set_number(v, i, 0);
}

/*
 * Find a free record. A container with more groups than records must not make us scan each
 * time.
 */
static size_t make_room(struct views *v, const struct view *own)
{
	size_t i = find_number(v, 0);
	int64_t now;

	if (i != NO_RECORD)
		return i;
	now = clock_msec();
	if (now < v->next_sweep_ms)
		return NO_RECORD;
	forget_gone(v, own);
	i = find_number(v, 0);
	if (i == NO_RECORD) {
		v->next_sweep_ms = now + SWEEP_PAUSE_MS;
		log_warn("more than %d views of containers within", VIEWS_MAX);
	}
	return i;
}

uint64_t views_register(struct views *v, const struct view *own, const char *text)
{
	size_t i;

	if (strlen(text) > VIEWS_TEXT_MAX || cgroup_read_is_same(own->cgroup, text))
		return VIEWS_OWN;
	i = find_text(v, text);
	if (i != NO_RECORD)
		return number_of(v, i);
	i = make_room(v, own);
	if (i == NO_RECORD)
		return VIEWS_OWN;
	strcpy(v->shared->texts[i], text);
	set_number(v, i, ++v->shared->last_number);
	return number_of(v, i);
}

uint64_t views_next(const struct views *v)
{
	return v->shared->last_number + 1;
}

static struct ready *find_ready(struct views *v, uint64_t number)
{
	for (size_t i = 0; i < READY_MAX; i++)
		if (v->ready[i].number == number)
			return &v->ready[i];
	return NULL;
}

static struct ready *oldest(struct views *v)
{
	struct ready *r = &v->ready[0];

	for (size_t i = 1; i < READY_MAX; i++)
		if (v->ready[i].used < r->used)
			r = &v->ready[i];
	return r;
}

/* The text is copied: its record may be given up in the meantime. */
struct cgroup_read *views_cgroup(const struct views *v, const struct view *own, uint64_t number)
{
	size_t i = find_number(v, number);
	char text[VIEWS_TEXT_MAX + 16];
	struct cgroup_read *cgroup;

	if (number == VIEWS_OWN || i == NO_RECORD)
		return NULL;
	memcpy(text, v->shared->texts[i], sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (number_of(v, i) != number)
		return NULL;
	cgroup = cgroup_read_new();
	cgroup_read_within(cgroup, own->cgroup, text);
	return cgroup;
}

static int make(const struct views *v, const struct view *own, uint64_t number,
		struct view **ret)
{
	struct cgroup_read *cgroup = views_cgroup(v, own, number);
	struct error err;

	return cgroup ? view_new_within(ret, own, cgroup, &err) : -ENOENT;
}

/* Of a number that is not registered nothing is kept, and no other view makes room for it. */
static struct ready *make_ready(struct views *v, const struct view *own, uint64_t number)
{
	struct ready *r;
	struct view *view;

	if (make(v, own, number, &view) < 0)
		return NULL;
	r = oldest(v);
	view_free(r->view);
	*r = (struct ready){.number = number, .view = view};
	return r;
}

struct view *views_get(struct views *v, struct view *own, uint64_t number)
{
	struct ready *r;

	if (number == VIEWS_OWN || !v)
		return own;
	r = find_ready(v, number);
	if (!r)
		r = make_ready(v, own, number);
	if (!r)
		return own;
	r->used = ++v->n_calls;
	return r->view;
}

const char *views_prefix(uint64_t number, char ret[VIEWS_PREFIX_ROOM])
{
	*ret = '\0';
	if (number != VIEWS_OWN)
		(void)snprintf(ret, VIEWS_PREFIX_ROOM, "%llu:", (unsigned long long)number);
	return ret;
}

bool views_parse(const char **name, uint64_t *ret_number)
{
	const char *p = *name;

	*ret_number = VIEWS_OWN;
	if (*p < '0' || *p > '9')
		return true;
	if (!proctext_u64(&p, ret_number) || *p != ':' || *ret_number == VIEWS_OWN)
		return false;
	*name = p + 1;
	return true;
}
