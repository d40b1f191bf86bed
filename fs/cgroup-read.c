/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and processor figures: limits are the minimum along the path. */
#include "fs/cgroup-read.h"

#include <limits.h>
#include <string.h>

#include "fs/cgroup-read-internal.h"
#include "fs/cpus.h"
#include "fs/proctext.h"
#include "lib/macro.h"

/* On v1, "no limit" is this or more: LONG_MAX rounded down to pages. */
#define V1_UNLIMITED (UINT64_C(1) << 62)

#define ONE_CPU UINT64_C(1000000000) /* ns in a second */

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t limit_of_level(struct cgroup_read *c, enum cgroup_file f, size_t level)
{
	const char *text = cgroup_read_text(c, f, level);
	uint64_t n;

	return text && proctext_limit(&text, &n) ? n : PROCTEXT_UNLIMITED;
}

/*
 * The minimum along the path. Limits above the cgroup itself hardly ever change, yet they are
 * most of what there is to read.
 */
static uint64_t min_of_path(struct cgroup_read *c, enum cgroup_file f,
			    uint64_t (*of_level)(struct cgroup_read *c, enum cgroup_file f,
						 size_t level))
{
	size_t n = cgroup_read_n_levels(c, f);
	uint64_t own;

	if (n == 0)
		return PROCTEXT_UNLIMITED;
	if (!(c->n_above & (1u << f))) {
		c->n_above |= 1u << f;
		c->above[f] = PROCTEXT_UNLIMITED;
		for (size_t l = 0; l < n - 1; l++)
			c->above[f] = min(c->above[f], of_level(c, f, l));
	}
	own = of_level(c, f, n - 1);
	return min(own, c->above[f]);
}

void cgroup_read_forget(struct cgroup_read *c)
{
	c->n_above = 0;
}

static uint64_t leaf_value(struct cgroup_read *c, enum cgroup_file f)
{
	const char *text = cgroup_read_leaf(c, f);
	uint64_t n = 0;

	return text && proctext_u64(&text, &n) ? n : 0;
}

static void read_quota(struct cgroup_read *c, size_t level, uint64_t *quota, uint64_t *period)
{
	const char *text = cgroup_read_text(c, CGROUP_CPU_QUOTA, level);

	*quota = PROCTEXT_UNLIMITED;
	*period = 0;
	if (!text || !proctext_limit(&text, quota) || *quota == PROCTEXT_UNLIMITED)
		return;
	if (cgroup_read_is_v1(c, CGROUP_CPU_QUOTA))
		text = cgroup_read_text(c, CGROUP_CPU_PERIOD, level);
	if (!text || !proctext_u64(&text, period))
		*period = 0;
}

/* By quotient and remainder, so that nothing overflows. */
static uint64_t rate_of(uint64_t quota, uint64_t period)
{
	uint64_t whole = quota / period, rest = quota % period;

	if (whole >= CPUS_MAX)
		return PROCTEXT_UNLIMITED;
	return whole * ONE_CPU + rest * ONE_CPU / period;
}

static uint64_t rate_of_level(struct cgroup_read *c, enum cgroup_file f _unused_, size_t level)
{
	uint64_t quota, period;

	read_quota(c, level, &quota, &period);
	return quota == PROCTEXT_UNLIMITED || period == 0 ? PROCTEXT_UNLIMITED
							  : rate_of(quota, period);
}

uint64_t cgroup_read_cpu_rate(struct cgroup_read *c)
{
	return min_of_path(c, CGROUP_CPU_QUOTA, rate_of_level);
}

unsigned int cgroup_read_cpu_quota(struct cgroup_read *c)
{
	uint64_t rate = cgroup_read_cpu_rate(c);
	uint64_t n = rate / ONE_CPU + (rate % ONE_CPU != 0);

	if (rate == PROCTEXT_UNLIMITED)
		return UINT_MAX;
	return n ? (unsigned int)n : 1;
}

/*
 * A level's effective set is within the effective set of the level above: the lowest level
 * that has the controller is enough.
 */
static void narrow(struct cgroup_read *c, enum cgroup_file f, struct cpus *set)
{
	for (size_t l = cgroup_read_n_levels(c, f); l-- > 0;) {
		const char *text = cgroup_read_text(c, f, l);
		struct cpus allowed;

		if (!text || cpus_parse(&allowed, text) < 0)
			continue;
		(void)cpus_intersect(set, &allowed);
		return;
	}
}

void cgroup_read_cpuset(struct cgroup_read *c, struct cpus *cpus)
{
	narrow(c, CGROUP_CPUSET, cpus);
}

void cgroup_read_mems(struct cgroup_read *c, struct cpus *nodes)
{
	narrow(c, CGROUP_MEMS, nodes);
}

/* ------------------------------------------------------------------ memory */

#define MEMORY(key, member)                                                                    \
	{                                                                                      \
		key, offsetof(struct cgroup_memory, member)                                    \
	}

/* The second half of the file, in the kernel's order: along the path, and hierarchical. */
#define V1_BEGIN "hierarchical_memory_limit"
static const struct proctext_field v1_memory[] = {
	MEMORY(V1_BEGIN, limit),
	MEMORY("hierarchical_memsw_limit", swap_limit), /* of both together */
	MEMORY("total_cache", stat.file),
	MEMORY("total_rss", stat.anon),
	MEMORY("total_rss_huge", stat.anon_thp),
	MEMORY("total_shmem", stat.shmem),
	MEMORY("total_mapped_file", stat.mapped),
	MEMORY("total_dirty", stat.dirty),
	MEMORY("total_writeback", stat.writeback),
	MEMORY("total_swap", swap_used),
	MEMORY("total_swapcached", stat.swap_cached),
	MEMORY("total_pgpgin", stat.pgpgin),
	MEMORY("total_pgpgout", stat.pgpgout),
	MEMORY("total_pgfault", stat.pgfault),
	MEMORY("total_pgmajfault", stat.pgmajfault),
	MEMORY("total_inactive_anon", stat.inactive_anon),
	MEMORY("total_active_anon", stat.active_anon),
	MEMORY("total_inactive_file", stat.inactive_file),
	MEMORY("total_active_file", stat.active_file),
	MEMORY("total_unevictable", stat.unevictable),
};

static const struct proctext_field v2_stat[] = {
	MEMORY("anon", stat.anon),
	MEMORY("file", stat.file),
	MEMORY("kernel_stack", stat.kernel_stack),
	MEMORY("pagetables", stat.page_tables),
	MEMORY("shmem", stat.shmem),
	MEMORY("file_mapped", stat.mapped),
	MEMORY("file_dirty", stat.dirty),
	MEMORY("file_writeback", stat.writeback),
	MEMORY("swapcached", stat.swap_cached),
	MEMORY("anon_thp", stat.anon_thp),
	MEMORY("inactive_anon", stat.inactive_anon),
	MEMORY("active_anon", stat.active_anon),
	MEMORY("inactive_file", stat.inactive_file),
	MEMORY("active_file", stat.active_file),
	MEMORY("unevictable", stat.unevictable),
	MEMORY("slab_reclaimable", stat.slab_reclaimable),
	MEMORY("slab_unreclaimable", stat.slab_unreclaimable),
	MEMORY("pgfault", stat.pgfault),
	MEMORY("pgmajfault", stat.pgmajfault),
};

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* One file has everything but the usage, which it has only in parts. */
static void read_v1_memory(struct cgroup_read *c, struct cgroup_memory *ret)
{
	const char *text = cgroup_read_leaf(c, CGROUP_MEMORY_STAT);

	ret->limit = ret->swap_limit = PROCTEXT_UNLIMITED;
	if (text)
		proctext_fields(strstr(text, V1_BEGIN), v1_memory, ARRAY_SIZE(v1_memory), ret);
	if (ret->limit >= V1_UNLIMITED)
		ret->limit = PROCTEXT_UNLIMITED;
	if (ret->swap_limit >= V1_UNLIMITED)
		ret->swap_limit = PROCTEXT_UNLIMITED;
	else
		ret->swap_limit = minus(ret->swap_limit, ret->limit);
}

static void read_v2_memory(struct cgroup_read *c, struct cgroup_memory *ret)
{
	const char *text = cgroup_read_leaf(c, CGROUP_MEMORY_STAT);

	if (text)
		proctext_fields(text, v2_stat, ARRAY_SIZE(v2_stat), ret);
	ret->limit = min_of_path(c, CGROUP_MEMORY_LIMIT, limit_of_level);
	ret->swap_limit = min_of_path(c, CGROUP_SWAP_LIMIT, limit_of_level);
	ret->swap_used = leaf_value(c, CGROUP_SWAP_USAGE);
}

void cgroup_read_memory(struct cgroup_read *c, struct cgroup_memory *ret)
{
	*ret = (struct cgroup_memory){0};
	if (cgroup_read_is_v1(c, CGROUP_MEMORY_STAT))
		read_v1_memory(c, ret);
	else
		read_v2_memory(c, ret);
	ret->used = leaf_value(c, CGROUP_MEMORY_USAGE);
}

/* ------------------------------------------------------------------ processors */

/* A line "cpu user system", then one for each CPU that exists. */
static bool parse_usage_all(const char *text, struct cgroup_cpu_time *all,
			    struct cgroup_cpu_time *per_cpu, size_t n)
{
	for (const char *line = text; line; line = proctext_next_line(line)) {
		const char *p = line;
		uint64_t cpu, user, system;

		if (!proctext_u64(&p, &cpu) || !proctext_u64(&p, &user) ||
		    !proctext_u64(&p, &system))
			continue;
		all->user_ns += user;
		all->system_ns += system;
		if (cpu < n)
			per_cpu[cpu] = (struct cgroup_cpu_time){user, system};
	}
	return true;
}

static const struct proctext_field v2_cpu[] = {
	{"user_usec", offsetof(struct cgroup_cpu_time, user_ns)},
	{"system_usec", offsetof(struct cgroup_cpu_time, system_ns)},
};

bool cgroup_read_cpu_usage(struct cgroup_read *c, struct cgroup_cpu_time *ret,
			   struct cgroup_cpu_time *per_cpu, size_t n)
{
	const char *text = cgroup_read_leaf(c, CGROUP_CPU_USAGE);

	*ret = (struct cgroup_cpu_time){0};
	if (!text)
		return false;
	if (cgroup_read_is_v1(c, CGROUP_CPU_USAGE))
		return parse_usage_all(text, ret, per_cpu, n);
	proctext_fields(text, v2_cpu, ARRAY_SIZE(v2_cpu), ret);
	ret->user_ns *= 1000;
	ret->system_ns *= 1000;
	return false;
}
