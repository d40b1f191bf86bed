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

	if (!text || !proctext_limit(&text, &n))
		return PROCTEXT_UNLIMITED;
	return cgroup_read_is_v1(c, f) && n >= V1_UNLIMITED ? PROCTEXT_UNLIMITED : n;
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

uint64_t cgroup_read_memory_limit(struct cgroup_read *c)
{
	return min_of_path(c, CGROUP_MEMORY_LIMIT, limit_of_level);
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t cgroup_read_swap_limit(struct cgroup_read *c, uint64_t memory_limit)
{
	uint64_t limit = min_of_path(c, CGROUP_SWAP_LIMIT, limit_of_level);

	if (limit == PROCTEXT_UNLIMITED || !cgroup_read_is_v1(c, CGROUP_SWAP_LIMIT))
		return limit;
	return minus(limit, memory_limit);
}

uint64_t cgroup_read_memory_usage(struct cgroup_read *c)
{
	return leaf_value(c, CGROUP_MEMORY_USAGE);
}

uint64_t cgroup_read_swap_usage(struct cgroup_read *c, uint64_t memory_usage)
{
	uint64_t usage = leaf_value(c, CGROUP_SWAP_USAGE);

	return cgroup_read_is_v1(c, CGROUP_SWAP_USAGE) ? minus(usage, memory_usage) : usage;
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

#define STAT(key, member)                                                                      \
	{                                                                                      \
		key, offsetof(struct cgroup_memory_stat, member)                               \
	}

/* Hierarchical values, in the kernel's order. */
static const struct proctext_field v1_stat[] = {
	STAT("total_cache", file),
	STAT("total_rss", anon),
	STAT("total_rss_huge", anon_thp),
	STAT("total_shmem", shmem),
	STAT("total_mapped_file", mapped),
	STAT("total_dirty", dirty),
	STAT("total_writeback", writeback),
	STAT("total_swapcached", swap_cached),
	STAT("total_pgpgin", pgpgin),
	STAT("total_pgpgout", pgpgout),
	STAT("total_pgfault", pgfault),
	STAT("total_pgmajfault", pgmajfault),
	STAT("total_inactive_anon", inactive_anon),
	STAT("total_active_anon", active_anon),
	STAT("total_inactive_file", inactive_file),
	STAT("total_active_file", active_file),
	STAT("total_unevictable", unevictable),
};

static const struct proctext_field v2_stat[] = {
	STAT("anon", anon),
	STAT("file", file),
	STAT("kernel_stack", kernel_stack),
	STAT("pagetables", page_tables),
	STAT("shmem", shmem),
	STAT("file_mapped", mapped),
	STAT("file_dirty", dirty),
	STAT("file_writeback", writeback),
	STAT("swapcached", swap_cached),
	STAT("anon_thp", anon_thp),
	STAT("inactive_anon", inactive_anon),
	STAT("active_anon", active_anon),
	STAT("inactive_file", inactive_file),
	STAT("active_file", active_file),
	STAT("unevictable", unevictable),
	STAT("slab_reclaimable", slab_reclaimable),
	STAT("slab_unreclaimable", slab_unreclaimable),
	STAT("pgfault", pgfault),
	STAT("pgmajfault", pgmajfault),
};

void cgroup_read_memory_stat(struct cgroup_read *c, struct cgroup_memory_stat *ret)
{
	const char *text = cgroup_read_leaf(c, CGROUP_MEMORY_STAT);

	*ret = (struct cgroup_memory_stat){0};
	if (!text)
		return;
	if (cgroup_read_is_v1(c, CGROUP_MEMORY_STAT))
		/* Behind the values of the cgroup alone, which have other names. */
		proctext_fields(strstr(text, "total_"), v1_stat, ARRAY_SIZE(v1_stat), ret);
	else
		proctext_fields(text, v2_stat, ARRAY_SIZE(v2_stat), ret);
}

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
