/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and swap: the cgroup's figures where it is limited, else the host's. */
#include "fs/proctext.h"
#include "fs/view-internal.h"

struct host_memory {
	uint64_t total, free, available, swap_total, swap_free;
};
static const struct proctext_field host_fields[] = {
	{"MemTotal", offsetof(struct host_memory, total)},
	{"MemFree", offsetof(struct host_memory, free)},
	{"MemAvailable", offsetof(struct host_memory, available)},
	{"SwapTotal", offsetof(struct host_memory, swap_total)},
	{"SwapFree", offsetof(struct host_memory, swap_free)},
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct host_memory host_memory(const char *text)
{
	struct host_memory h = {0};

	proctext_fields(text, host_fields, ARRAY_SIZE(host_fields), &h);
	return h;
}

/*
 * Available is what can be allocated without swapping: free memory, and the file caches that
 * the cgroup's own reclaim can drop. No more than the host can give.
 */
static void limit_memory(struct view_memory *m, const struct host_memory *h)
{
	const struct cgroup_memory *c = &m->cgroup;
	uint64_t caches =
		c->stat.active_file + c->stat.inactive_file + c->stat.slab_reclaimable;

	m->total = c->limit;
	m->free = minus(m->total, c->used);
	m->available = min(min(m->free + caches, m->total), h->available);
}

/* Of the host's figures little is shown in a limited container, but they are without limits. */
static void fill_memory(struct view *v)
{
	struct view_memory *m = &v->memory;
	struct host_memory h = host_memory(view_text(v, VIEW_MEMINFO));
	const struct cgroup_memory *c = &m->cgroup;

	cgroup_read_memory(v->cgroup, &m->cgroup);
	m->is_limited = c->limit < h.total;
	if (!m->is_limited || (h.swap_total && c->swap_limit >= h.swap_total))
		h = host_memory(view_text_within(v, VIEW_MEMINFO, 1)); /* of this snapshot */
	m->total = h.total;
	m->free = h.free;
	m->available = h.available;
	if (m->is_limited)
		limit_memory(m, &h);
	m->swap_total = min(c->swap_limit, h.swap_total);
	m->swap_free =
		c->swap_limit < h.swap_total ? minus(m->swap_total, c->swap_used) : h.swap_free;
}

const struct view_memory *view_memory(struct view *v)
{
	if (view_claim(v, PART_MEMORY))
		fill_memory(v);
	return &v->memory;
}
