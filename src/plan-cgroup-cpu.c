/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.cpu but for its cpuset */
#include "src/plan-cgroup-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

/* MIN_SHARES and MAX_SHARES of the kernel's scheduler. */
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000
/* cgroup-v2.rst, "cpu.max". */
#define CPU_PERIOD_DEFAULT 100000
/*
 * A curve through the three pairs that both scales agree on: the least (2 and 1),
 * the default (1024 and 100) and the greatest (262144 and 10000).
 */
static unsigned int shares_to_weight(uint64_t shares)
{
	double l;

	if (shares <= SHARES_MIN)
		return WEIGHT_MIN;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2((double)shares);
	return (unsigned int)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

static int cpu_shares(struct plan_cgroup_writes *ws, const struct spec_cpu *c,
		      struct error *err)
{
	struct plan_cgroup_write *w;
	bool idle = c->idle.present && c->idle.value == 1;

	if (!is_set_u64(c->shares))
		return 0;
	if (!plan_cgroup_is_v1(ws)) {
		w = plan_cgroup_add(ws, "cpu", "cpu.weight", "%u",
				    shares_to_weight(c->shares.value));
	} else {
		/* The kernel would clamp silently. */
		if (c->shares.value > SHARES_MAX)
			return error_set(err, EINVAL, "the maximum allowed cpu-shares is %d",
					 SHARES_MAX);
		if (c->shares.value < SHARES_MIN)
			return error_set(err, EINVAL, "the minimum allowed cpu-shares is %d",
					 SHARES_MIN);
		w = plan_cgroup_add(ws, "cpu", "cpu.shares", "%" PRIu64, c->shares.value);
	}
	/* An idle group has no weight: EINVAL, and nothing is lost. */
	w->optional = idle;
	return 0;
}

static void cpu_bandwidth_v1(struct plan_cgroup_writes *ws, const struct spec_cpu *c)
{
	if (is_set_u64(c->period))
		plan_cgroup_add(ws, "cpu", "cpu.cfs_period_us", "%" PRIu64, c->period.value);
	if (is_set_i64(c->quota))
		plan_cgroup_add(ws, "cpu", "cpu.cfs_quota_us", "%" PRId64, c->quota.value);
	if (c->burst.present)
		plan_cgroup_add(ws, "cpu", "cpu.cfs_burst_us", "%" PRIu64, c->burst.value);
	if (is_set_u64(c->realtime_period))
		plan_cgroup_add(ws, "cpu", "cpu.rt_period_us", "%" PRIu64,
				c->realtime_period.value);
	if (is_set_i64(c->realtime_runtime))
		plan_cgroup_add(ws, "cpu", "cpu.rt_runtime_us", "%" PRId64,
				c->realtime_runtime.value);
}

/* Realtime limits do not exist on v2. */
static void cpu_bandwidth_v2(struct plan_cgroup_writes *ws, const struct spec_cpu *c)
{
	uint64_t period = is_set_u64(c->period) ? c->period.value : CPU_PERIOD_DEFAULT;

	if (is_set_i64(c->quota) && c->quota.value > 0)
		plan_cgroup_add(ws, "cpu", "cpu.max", "%" PRId64 " %" PRIu64, c->quota.value,
				period);
	else if (is_set_i64(c->quota) || is_set_u64(c->period))
		plan_cgroup_add(ws, "cpu", "cpu.max", "max %" PRIu64, period);
	if (c->burst.present)
		plan_cgroup_add(ws, "cpu", "cpu.max.burst", "%" PRIu64, c->burst.value);
}

int plan_cgroup_cpu(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		    struct error *err)
{
	const struct spec_cpu *c = r->cpu;
	int status;

	if (!c)
		return 0;
	if (c->idle.present)
		plan_cgroup_add(ws, "cpu", "cpu.idle", "%" PRId64, c->idle.value);
	status = cpu_shares(ws, c, err);
	if (status < 0)
		return status;
	if (plan_cgroup_is_v1(ws))
		cpu_bandwidth_v1(ws, c);
	else
		cpu_bandwidth_v2(ws, c);
	return 0;
}
