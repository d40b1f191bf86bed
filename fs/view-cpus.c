/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs keep their numbers: a container on CPUs 2 and 3 sees CPUs 2 and 3, as in
 * sched_getaffinity(2) and /sys/devices/system/cpu/cpuN. A quota hides the last ones of the
 * set.
 *
 * The kernel counts CPU time per CPU on v1 only, and with a quota the cgroup runs on more
 * CPUs than it sees. Then the time is spread evenly: sums are right, and no CPU is ever more
 * than fully busy.
 */
#include "fs/view-internal.h"

#include "lib/alloc.h"

/* The host's set; just number 0 where it does not say. */
static void parse_set(struct view *v, enum view_text t, struct cpus *ret)
{
	if (cpus_parse(ret, view_text(v, t)) == 0 && cpus_count(ret) > 0)
		return;
	*ret = (struct cpus){0};
	cpus_add(ret, 0);
}

void view_cpus_of(struct view *v, struct cgroup_read *cgroup, struct cpus *ret)
{
	parse_set(v, VIEW_ONLINE, ret);
	cgroup_read_cpuset(cgroup, ret);
	cpus_keep_first(ret, cgroup_read_cpu_quota(cgroup));
}

const struct cpus *view_cpus(struct view *v)
{
	if (view_claim(v, PART_CPUS)) {
		view_cpus_of(v, v->cgroup, &v->cpus);
		v->n_cpus = cpus_count(&v->cpus);
	}
	return &v->cpus;
}

unsigned int view_n_cpus(struct view *v)
{
	(void)view_cpus(v);
	return v->n_cpus;
}

const struct cpus *view_nodes(struct view *v)
{
	if (view_claim(v, PART_NODES)) {
		parse_set(v, VIEW_NODES, &v->nodes);
		cgroup_read_mems(v->cgroup, &v->nodes);
	}
	return &v->nodes;
}

static void fill_usage(struct view *v)
{
	if (view_claim(v, PART_USAGE))
		v->is_per_cpu =
			cgroup_read_cpu_usage(v->cgroup, &v->cpu_usage, v->per_cpu, CPUS_MAX);
}

uint64_t view_cpu_usage_ns(struct view *v)
{
	fill_usage(v);
	return v->cpu_usage.user_ns + v->cpu_usage.system_ns;
}

/* Was all the time used on the visible CPUs? */
static bool is_all_on(const struct view *v, const struct cgroup_cpu_time *per_cpu)
{
	uint64_t sum = 0;

	cpus_for_each(cpu, &v->cpus) sum += per_cpu[cpu].user_ns + per_cpu[cpu].system_ns;
	return sum == v->cpu_usage.user_ns + v->cpu_usage.system_ns;
}

static struct view_cpu_time time_of(const struct view *v, uint64_t user_ns, uint64_t system_ns)
{
	uint64_t uptime = (uint64_t)view_uptime_ns(v);
	uint64_t busy = user_ns + system_ns;

	return (struct view_cpu_time){user_ns, system_ns, uptime > busy ? uptime - busy : 0};
}

static void fill_times(struct view *v)
{
	unsigned int n = view_n_cpus(v), i = 0;
	bool is_per_cpu;

	fill_usage(v);
	is_per_cpu = v->is_per_cpu && is_all_on(v, v->per_cpu);
	v->cpu_times = xrealloc(v->cpu_times, n, sizeof(*v->cpu_times));
	cpus_for_each(cpu, &v->cpus)
	{
		const struct cgroup_cpu_time *t = is_per_cpu ? &v->per_cpu[cpu] : &v->cpu_usage;
		unsigned int share = is_per_cpu ? 1 : n;

		v->cpu_times[i++] = time_of(v, t->user_ns / share, t->system_ns / share);
	}
}

const struct view_cpu_time *view_cpu_times(struct view *v)
{
	if (view_claim(v, PART_TIMES))
		fill_times(v);
	return v->cpu_times;
}
