/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/macro.h"
#include "lib/strbuf.h"

#define SWAP_HEADER "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

enum source {
	AS_HOST,  /* a property of the kernel */
	OF_VIEW,  /* of struct view_memory */
	OF_SUM,	  /* the sum of two of them */
	OF_MINUS, /* the difference */
	SWAP,	  /* as OF_VIEW, even where memory itself is not limited */
};

#define M(member) offsetof(struct view_memory, member)
#define S(member) offsetof(struct view_memory, cgroup.stat.member)

/* In the kernel's order. What has no row is not known for a cgroup, and is 0. */
static const struct row {
	const char *key;
	enum source source;
	size_t a, b;
} rows[] = {
	{"MemTotal", OF_VIEW, M(total), 0},
	{"MemFree", OF_VIEW, M(free), 0},
	{"MemAvailable", OF_VIEW, M(available), 0},
	{"MemUsed", OF_MINUS, M(total), M(free)}, /* of a node */
	{"Cached", OF_MINUS, S(file), S(swap_cached)},
	{"SwapCached", OF_VIEW, S(swap_cached), 0},
	{"Active", OF_SUM, S(active_anon), S(active_file)},
	{"Inactive", OF_SUM, S(inactive_anon), S(inactive_file)},
	{"Active(anon)", OF_VIEW, S(active_anon), 0},
	{"Inactive(anon)", OF_VIEW, S(inactive_anon), 0},
	{"Active(file)", OF_VIEW, S(active_file), 0},
	{"Inactive(file)", OF_VIEW, S(inactive_file), 0},
	{"Unevictable", OF_VIEW, S(unevictable), 0},
	{"FilePages", OF_VIEW, S(file), 0}, /* of a node */
	{"SwapTotal", SWAP, M(swap_total), 0},
	{"SwapFree", SWAP, M(swap_free), 0},
	{"Dirty", OF_VIEW, S(dirty), 0},
	{"Writeback", OF_VIEW, S(writeback), 0},
	{"AnonPages", OF_VIEW, S(anon), 0},
	{"Mapped", OF_VIEW, S(mapped), 0},
	{"Shmem", OF_VIEW, S(shmem), 0},
	{"KReclaimable", OF_VIEW, S(slab_reclaimable), 0},
	{"Slab", OF_SUM, S(slab_reclaimable), S(slab_unreclaimable)},
	{"SReclaimable", OF_VIEW, S(slab_reclaimable), 0},
	{"SUnreclaim", OF_VIEW, S(slab_unreclaimable), 0},
	{"KernelStack", OF_VIEW, S(kernel_stack), 0},
	{"PageTables", OF_VIEW, S(page_tables), 0},
	{"CommitLimit", OF_SUM, M(total), M(swap_total)},
	{"Committed_AS", OF_VIEW, M(cgroup.used), 0},
	{"VmallocTotal", AS_HOST, 0, 0},
	{"AnonHugePages", OF_VIEW, S(anon_thp), 0},
	{"HugePages_Total", AS_HOST, 0, 0},
	{"HugePages_Free", AS_HOST, 0, 0},
	{"HugePages_Rsvd", AS_HOST, 0, 0},
	{"HugePages_Surp", AS_HOST, 0, 0},
	{"Hugepagesize", AS_HOST, 0, 0},
	{"Hugetlb", AS_HOST, 0, 0},
	{"DirectMap4k", AS_HOST, 0, 0},
	{"DirectMap2M", AS_HOST, 0, 0},
	{"DirectMap1G", AS_HOST, 0, 0},
};

static const char *key_of(size_t row)
{
	return rows[row].key;
}

static const struct proctext_keys keys = {key_of, ARRAY_SIZE(rows)};

static const struct row *find(struct proctext_lines *lines, size_t n, const char *line)
{
	size_t row = proctext_row(lines, n, line, &keys);

	return row < keys.n ? &rows[row] : NULL;
}

static uint64_t member(const struct view_memory *m, size_t offset)
{
	uint64_t n;

	memcpy(&n, (const char *)m + offset, sizeof(n));
	return n;
}

static uint64_t value_of(const struct row *r, const struct view_memory *m)
{
	uint64_t a = member(m, r->a), b;

	if (r->source != OF_SUM && r->source != OF_MINUS)
		return a;
	b = member(m, r->b);
	if (r->source == OF_SUM)
		return a + b;
	return a > b ? a - b : 0;
}

static bool is_as_host(const struct row *r, const struct view_memory *m)
{
	if (r && r->source == AS_HOST)
		return true;
	return !m->is_limited && !(r && r->source == SWAP);
}

/* The value is split between `parts` nodes. */
static void add_line(struct strbuf *out, const char *line, const struct view_memory *m,
		     const struct row *r, unsigned int parts)
{
	size_t key_len = strcspn(line, ":\n");

	if (is_as_host(r, m)) {
		strbuf_add(out, line, strcspn(line, "\n"));
		strbuf_addc(out, '\n');
		return;
	}
	/* The kernel's columns: the key and colon take 16. */
	strbuf_add(out, line, key_len);
	strbuf_addc(out, ':');
	strbuf_addu(out, r ? value_of(r, m) / 1024 / parts : 0,
		    key_len < 15 ? (unsigned int)(23 - key_len) : 8);
	strbuf_adds(out, " kB\n");
}

void node_meminfo(struct view *v, struct strbuf *out)
{
	const struct view_memory *m = view_memory(v);
	size_t n = 0;

	for (const char *line = view_text(v, VIEW_MEMINFO); line && *line;
	     line = proctext_next_line(line), n++)
		add_line(out, line, m, find(&v->lines[VIEW_MEMINFO], n, line), 1);
}

/* "Node 0 MemTotal: ...". */
void node_meminfo_of_node(struct view *v, unsigned int node, const char *text,
			  struct strbuf *out)
{
	const struct view_memory *m = view_memory(v);
	unsigned int parts = cpus_count(view_nodes(v));
	struct proctext_lines none = {0};

	for (const char *line = text; line && *line; line = proctext_next_line(line)) {
		const char *rest = proctext_after(line, "Node");
		uint64_t n;

		if (!rest || !proctext_u64(&rest, &n))
			continue;
		rest += strspn(rest, " ");
		strbuf_addf(out, "Node %u ", node);
		add_line(out, rest, m, find(&none, PROCTEXT_LINES_MAX, rest), parts);
	}
}

/* One swap area without a name: where it is located is the host's business. */
void node_swaps(struct view *v, struct strbuf *out)
{
	const struct view_memory *m = view_memory(v);

	strbuf_adds(out, SWAP_HEADER);
	if (m->swap_total)
		strbuf_addf(out, "none\t\t\t\t\tvirtual\t\t%" PRIu64 "\t\t%" PRIu64 "\t\t0\n",
			    m->swap_total / 1024, (m->swap_total - m->swap_free) / 1024);
}

/* A cgroup does not report its caches one by one. */
void node_slabinfo(struct view *v, struct strbuf *out)
{
	(void)v;
	strbuf_adds(out, "slabinfo - version: 2.1\n"
			 "# name            <active_objs> <num_objs> <objsize> <objperslab> "
			 "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
			 "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
}
