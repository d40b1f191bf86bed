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
	NONE, /* not known for a cgroup, and programs look for it */
};

#define M(member) offsetof(struct view_memory, member)
#define S(member) offsetof(struct view_memory, cgroup.stat.member)

/*
 * The kernel's other fields are not known for a cgroup, and are left out: kernels differ in
 * them, and the text stays short enough to be fast.
 */
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
	{"pswpin", NONE, 0},
	{"pswpout", NONE, 0},
	{"pgfault", EVENTS, S(pgfault)},
	{"pgmajfault", EVENTS, S(pgmajfault)},
	{"oom_kill", NONE, 0},
};

static const char *key_of(size_t row)
{
	return rows[row].key;
}

static const struct proctext_keys keys = {key_of, ARRAY_SIZE(rows)};

static uint64_t value_of(const struct row *r, const struct view_memory *m)
{
	uint64_t n;

	if (r->unit == NONE)
		return 0;
	memcpy(&n, (const char *)m + r->offset, sizeof(n));
	return r->unit == PAGES ? n / PAGE : n;
}

void node_vmstat(struct view *v, struct strbuf *out)
{
	const struct view_memory *m = view_memory(v);
	size_t n = 0;

	for (const char *line = view_text(v, VIEW_VMSTAT); line && *line;
	     line = proctext_next_line(line), n++) {
		size_t row = proctext_row(&v->lines[VIEW_VMSTAT], n, line, &keys);

		if (row == keys.n)
			continue;
		strbuf_add(out, line, strcspn(line, " \n"));
		strbuf_addc(out, ' ');
		strbuf_addu(out, value_of(&rows[row], m), 0);
		strbuf_addc(out, '\n');
	}
}
