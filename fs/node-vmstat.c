/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/macro.h"
#include "lib/strbuf.h"

#define PAGE UINT64_C(4096)

enum unit {
	PAGES,
	EVENTS,
};

#define M(member) offsetof(struct view_memory, member)
#define S(member) offsetof(struct view_memory, stat.member)

/* In the kernel's order. The host's other counters are nobody's business here: 0. */
static const struct row {
	const char *key;
	enum unit unit;
	size_t offset;
} rows[] = {
	{"nr_free_pages", PAGES, M(free)},
	{"nr_zone_inactive_anon", PAGES, S(inactive_anon)},
	{"nr_zone_active_anon", PAGES, S(active_anon)},
	{"nr_zone_inactive_file", PAGES, S(inactive_file)},
	{"nr_zone_active_file", PAGES, S(active_file)},
	{"nr_zone_unevictable", PAGES, S(unevictable)},
	{"nr_inactive_anon", PAGES, S(inactive_anon)},
	{"nr_active_anon", PAGES, S(active_anon)},
	{"nr_inactive_file", PAGES, S(inactive_file)},
	{"nr_active_file", PAGES, S(active_file)},
	{"nr_unevictable", PAGES, S(unevictable)},
	{"nr_slab_reclaimable", PAGES, S(slab_reclaimable)},
	{"nr_slab_unreclaimable", PAGES, S(slab_unreclaimable)},
	{"nr_anon_pages", PAGES, S(anon)},
	{"nr_mapped", PAGES, S(mapped)},
	{"nr_file_pages", PAGES, S(file)},
	{"nr_dirty", PAGES, S(dirty)},
	{"nr_writeback", PAGES, S(writeback)},
	{"nr_shmem", PAGES, S(shmem)},
	{"nr_page_table_pages", PAGES, S(page_tables)},
	{"nr_swapcached", PAGES, S(swap_cached)},
	{"pgpgin", EVENTS, S(pgpgin)},
	{"pgpgout", EVENTS, S(pgpgout)},
	{"pgfault", EVENTS, S(pgfault)},
	{"pgmajfault", EVENTS, S(pgmajfault)},
};

static uint64_t value_of(const char *line, const struct view_memory *m, size_t *next)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[(*next + i) % ARRAY_SIZE(rows)];
		uint64_t n;

		if (!proctext_after(line, r->key))
			continue;
		*next = (size_t)(r - rows) + 1;
		memcpy(&n, (const char *)m + r->offset, sizeof(n));
		return r->unit == PAGES ? n / PAGE : n;
	}
	return 0;
}

/* Most are 0, and formatting is what takes the time. */
static void add_value(struct strbuf *out, uint64_t n)
{
	if (n)
		strbuf_addf(out, " %" PRIu64 "\n", n);
	else
		strbuf_adds(out, " 0\n");
}

void node_vmstat(struct view *v, struct strbuf *out)
{
	const struct view_memory *m = view_memory(v);
	size_t next = 0;

	for (const char *line = view_text(v, VIEW_VMSTAT); line && *line;
	     line = proctext_next_line(line)) {
		strbuf_add(out, line, strcspn(line, " \n"));
		add_value(out, value_of(line, m, &next));
	}
}
