/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: properties that say what the plan's writes of cgroup files say. */
#include "src/cgroup-systemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "src/plan-cgroup.h"
#include "src/spec.h"

/* Bits of a cpu or memory node mask; beyond the kernel's NR_CPUS maximum. */
#define MASK_BITS_MAX 8192
/* From this version on a CPUWeight of 0 is "idle". */
#define VERSION_CPU_IDLE 252
/* systemd stores a CPU quota in whole percents. */
#define QUOTA_STEP_USEC 10000

/* What converting needs; `m` is open at an array of (sv). */
struct props {
	sd_bus *bus;
	sd_bus_message *m;
	const struct plan_cgroup_write *writes;
	size_t n_writes;
	int version; /* of systemd, -1: not asked yet */
};

static const char *value_of(const struct props *p, const char *file)
{
	for (size_t i = 0; i < p->n_writes; i++)
		if (str_eq(p->writes[i].file, file))
			return p->writes[i].value;
	return NULL;
}

static bool has_version(struct props *p, int version)
{
	if (p->version < 0)
		p->version = systemd_version(p->bus);
	return p->version >= version;
}

static int add_u64(struct props *p, const char *property, uint64_t value)
{
	return sd_bus_message_append(p->m, "(sv)", property, "t", value);
}

/* "max" and "-1" are systemd's infinity. What is no number is left to the file. */
static int convert_limit(struct props *p, const char *property, const char *value)
{
	uint64_t n;

	if (str_eq(value, "max") || str_eq(value, "-1"))
		n = UINT64_MAX;
	else if (str_to_u64(value, &n) < 0)
		return 0;
	if (n == 0 && str_eq(property, "TasksMax"))
		n = 1; /* 0 is refused */
	return add_u64(p, property, n);
}

static bool is_idle(struct props *p)
{
	const char *idle = value_of(p, "cpu.idle");

	return idle && str_eq(idle, "1");
}

/* An idle group has a weight of 0 with systemd, and none else. */
static int convert_weight(struct props *p, const char *property, const char *value)
{
	return is_idle(p) ? 0 : convert_limit(p, property, value);
}

static int convert_idle(struct props *p, const char *property, const char *value)
{
	if (!str_eq(value, "1") || !has_version(p, VERSION_CPU_IDLE))
		return 0;
	return add_u64(p, property, 0);
}

/* Rounded up: below a rounded-down limit, an inner quota could not be set. */
static int add_quota(struct props *p, int64_t quota, uint64_t period)
{
	uint64_t per_sec = UINT64_MAX;
	int r;

	if (quota > 0) {
		if (period == 0 || __builtin_mul_overflow((uint64_t)quota, 1000000u, &per_sec))
			return 0;
		per_sec /= period;
		per_sec = (per_sec + QUOTA_STEP_USEC - 1) / QUOTA_STEP_USEC * QUOTA_STEP_USEC;
	}
	r = add_u64(p, "CPUQuotaPeriodUSec", period);
	return r < 0 ? r : add_u64(p, "CPUQuotaPerSecUSec", per_sec);
}

/* "max 100000", "50000 100000" */
static int convert_cpu_max(struct props *p, const char *property, const char *value)
{
	char quota[24];
	uint64_t period = 100000;
	int64_t q = -1;

	(void)property;
	if (sscanf(value, "%23s %" SCNu64, quota, &period) < 1)
		return 0;
	if (!str_eq(quota, "max") && str_to_i64(quota, &q) < 0)
		return 0;
	return add_quota(p, q, period);
}

/* v1: two files. The row of the period serves when the quota is not set. */
static int convert_quota_v1(struct props *p, const char *property, const char *value)
{
	const char *text = value_of(p, "cpu.cfs_period_us");
	uint64_t period = 100000;
	int64_t quota;

	(void)property;
	if (text && str_to_u64(text, &period) < 0)
		return 0;
	return str_to_i64(value, &quota) < 0 ? 0 : add_quota(p, quota, period);
}

static int convert_period_v1(struct props *p, const char *property, const char *value)
{
	if (value_of(p, "cpu.cfs_quota_us"))
		return 0;
	return convert_limit(p, property, value);
}

/* "0-2,7" as an array of bytes, lowest bit first. */
static int convert_mask(struct props *p, const char *property, const char *value)
{
	_cleanup_(strv_freep) char **ranges = strv_split(value, ",\n");
	uint8_t mask[MASK_BITS_MAX / 8] = {0};
	size_t len = 0;
	int r;

	for (size_t i = 0; ranges && ranges[i]; i++) {
		unsigned int from, to;
		int n = sscanf(ranges[i], "%u-%u", &from, &to);

		if (n == 1)
			to = from;
		if (n < 1 || to < from || to >= MASK_BITS_MAX)
			return 0; /* the kernel will say so */
		for (unsigned int bit = from; bit <= to; bit++) {
			mask[bit / 8] |= (uint8_t)(1u << (bit % 8));
			len = bit / 8 + 1 > len ? bit / 8 + 1 : len;
		}
	}
	r = sd_bus_message_open_container(p->m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(p->m, "s", property);
	if (r >= 0)
		r = sd_bus_message_open_container(p->m, 'v', "ay");
	if (r >= 0)
		r = sd_bus_message_append_array(p->m, 'y', mask, len);
	if (r >= 0)
		r = sd_bus_message_close_container(p->m);
	return r < 0 ? r : sd_bus_message_close_container(p->m);
}

static const struct {
	const char *file;
	const char *property;
	int (*convert)(struct props *p, const char *property, const char *value);
} conversions[] = {
	/* v1 */
	{"memory.limit_in_bytes", "MemoryLimit", convert_limit},
	{"cpu.shares", "CPUShares", convert_weight},
	{"cpu.cfs_quota_us", NULL, convert_quota_v1},
	{"cpu.cfs_period_us", "CPUQuotaPeriodUSec", convert_period_v1},
	{"blkio.weight", "BlockIOWeight", convert_limit},
	/* v2 */
	{"memory.max", "MemoryMax", convert_limit},
	{"memory.high", "MemoryHigh", convert_limit},
	{"memory.low", "MemoryLow", convert_limit},
	{"memory.min", "MemoryMin", convert_limit},
	{"memory.swap.max", "MemorySwapMax", convert_limit},
	{"cpu.weight", "CPUWeight", convert_weight},
	{"cpu.max", NULL, convert_cpu_max},
	/* both */
	{"pids.max", "TasksMax", convert_limit},
	{"cpuset.cpus", "AllowedCPUs", convert_mask},
	{"cpuset.mems", "AllowedMemoryNodes", convert_mask},
};

static int add_write(struct props *p, const struct plan_cgroup_write *w, bool is_v2)
{
	if (str_eq(w->file, "cpu.idle") && is_v2)
		return convert_idle(p, "CPUWeight", w->value);
	for (size_t i = 0; i < ARRAY_SIZE(conversions); i++)
		if (str_eq(conversions[i].file, w->file))
			return conversions[i].convert(p, conversions[i].property, w->value);
	return 0;
}

int systemd_add_limits(sd_bus *bus, sd_bus_message *m, const struct cgroup *cg,
		       const struct spec_resources *r, struct error *err)
{
	struct props p = {.bus = bus, .m = m, .version = -1};
	struct plan_cgroup_write *writes = NULL;
	size_t n = 0;
	int status;

	status = plan_cgroup(&writes, &n, r, cg->is_v2 ? PLAN_CGROUP_V2 : PLAN_CGROUP_V1, err);
	if (status < 0)
		return status;
	p.writes = writes;
	p.n_writes = n;
	for (size_t i = 0; status >= 0 && i < n; i++)
		status = add_write(&p, &writes[i], cg->is_v2);
	plan_cgroup_free(writes, n);
	return status < 0 ? error_errno(err, -status, "compose the limits for systemd") : 0;
}
