/* SPDX-License-Identifier: Apache-2.0 */
/* Processors: what was used of which. */
#include "src/cgroup-stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

#define NS_PER_USEC 1000u
#define NS_PER_SEC  UINT64_C(1000000000)

struct cpu_usage {
	uint64_t total; /* ns, as the next two */
	uint64_t kernel;
	uint64_t user;
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_time;
};

/* Every number of a line or file, as an array; left out when there is none. */
static void add_numbers(struct json_out *o, const char *key, const char *text)
{
	_cleanup_(strv_freep) char **words = text ? strv_split(text, " \n") : NULL;

	if (!words || !words[0])
		return;
	json_out_open(o, key, '[');
	for (size_t i = 0; words[i]; i++) {
		uint64_t n;

		if (str_to_u64(words[i], &n) == 0)
			json_out_u64(o, NULL, n);
	}
	json_out_close(o, ']');
}

/* A column of cpuacct.usage_all ("cpu user system", one line a cpu), as one line. */
static char *usage_column(const char *text, int column)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_EMPTY;
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;

	if (!copy)
		return NULL;
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		uint64_t v[3];

		if (sscanf(l, "%" SCNu64 " %" SCNu64 " %" SCNu64, &v[0], &v[1], &v[2]) == 3)
			strbuf_addf(&b, "%" PRIu64 " ", v[column]);
	}
	return strbuf_take(&b);
}

static void cpu_usage_v1(struct cpu_usage *u, int cpu_fd, int cpuacct_fd)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);

	u->total = stats_number(cpuacct_fd, "cpuacct.usage");
	u->user = stats_value(cpuacct_fd, "cpuacct.stat", "user") * NS_PER_SEC / ticks;
	u->kernel = stats_value(cpuacct_fd, "cpuacct.stat", "system") * NS_PER_SEC / ticks;
	u->periods = stats_value(cpu_fd, "cpu.stat", "nr_periods");
	u->throttled_periods = stats_value(cpu_fd, "cpu.stat", "nr_throttled");
	u->throttled_time = stats_value(cpu_fd, "cpu.stat", "throttled_time");
}

static void cpu_usage_v2(struct cpu_usage *u, int dirfd)
{
	u->total = stats_value(dirfd, "cpu.stat", "usage_usec") * NS_PER_USEC;
	u->user = stats_value(dirfd, "cpu.stat", "user_usec") * NS_PER_USEC;
	u->kernel = stats_value(dirfd, "cpu.stat", "system_usec") * NS_PER_USEC;
	u->periods = stats_value(dirfd, "cpu.stat", "nr_periods");
	u->throttled_periods = stats_value(dirfd, "cpu.stat", "nr_throttled");
	u->throttled_time = stats_value(dirfd, "cpu.stat", "throttled_usec") * NS_PER_USEC;
}

void stats_add_cpu(struct json_out *o, const struct cgroup *cg)
{
	_cleanup_close_ int cpu_fd = stats_open(cg, "cpu");
	_cleanup_close_ int cpuacct_fd = cg->is_v2 ? -EBADF : stats_open(cg, "cpuacct");
	_cleanup_free_ char *percpu = stats_text(cpuacct_fd, "cpuacct.usage_percpu");
	_cleanup_free_ char *all = stats_text(cpuacct_fd, "cpuacct.usage_all");
	_cleanup_free_ char *user = usage_column(all, 1), *kernel = usage_column(all, 2);
	struct cpu_usage u = {0};

	if (cg->is_v2)
		cpu_usage_v2(&u, cpu_fd);
	else
		cpu_usage_v1(&u, cpu_fd, cpuacct_fd);
	json_out_open(o, "cpu", '{');
	json_out_open(o, "usage", '{');
	json_out_count(o, "total", u.total);
	add_numbers(o, "percpu", percpu);
	add_numbers(o, "percpu_kernel", kernel);
	add_numbers(o, "percpu_user", user);
	json_out_u64(o, "kernel", u.kernel);
	json_out_u64(o, "user", u.user);
	json_out_close(o, '}');
	json_out_open(o, "throttling", '{');
	json_out_count(o, "periods", u.periods);
	json_out_count(o, "throttledPeriods", u.throttled_periods);
	json_out_count(o, "throttledTime", u.throttled_time);
	json_out_close(o, '}');
	if (cg->is_v2)
		stats_add_pressure(o, cpu_fd, "cpu.pressure");
	json_out_close(o, '}');
}

/* A list such as "0-2,7" as [0,1,2,7]. */
static void add_list(struct json_out *o, const char *key, const char *text)
{
	_cleanup_(strv_freep) char **ranges = text ? strv_split(text, ",\n") : NULL;

	if (!ranges || !ranges[0])
		return;
	json_out_open(o, key, '[');
	for (size_t i = 0; ranges[i]; i++) {
		unsigned int from, to;
		int n = sscanf(ranges[i], "%u-%u", &from, &to);

		if (n < 1 || (n == 2 && to > UINT16_MAX))
			continue;
		for (unsigned int k = from; k <= (n == 2 ? to : from); k++)
			json_out_u64(o, NULL, k);
	}
	json_out_close(o, ']');
}

/* v2 has only the two lists, and runc does not show them. */
void stats_add_cpuset(struct json_out *o, const struct cgroup *cg)
{
	static const char *const numbers[] = {
		"memory_migrate",  "memory_spread_page", "memory_spread_slab",
		"memory_pressure", "sched_load_balance",
	};
	_cleanup_close_ int fd = cg->is_v2 ? -EBADF : stats_open(cg, "cpuset");
	_cleanup_free_ char *cpus = stats_text(fd, "cpuset.cpus");
	_cleanup_free_ char *mems = stats_text(fd, "cpuset.mems");
	_cleanup_free_ char *level = stats_text(fd, "cpuset.sched_relax_domain_level");
	int relax = 0;

	if (level)
		(void)sscanf(level, "%d", &relax); /* stays 0 */
	json_out_open(o, "cpuset", '{');
	add_list(o, "cpus", cpus);
	json_out_u64(o, "cpu_exclusive", stats_number(fd, "cpuset.cpu_exclusive"));
	add_list(o, "mems", mems);
	json_out_u64(o, "mem_hardwall", stats_number(fd, "cpuset.mem_hardwall"));
	json_out_u64(o, "mem_exclusive", stats_number(fd, "cpuset.mem_exclusive"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_free_ char *file = xasprintf("cpuset.%s", numbers[i]);

		json_out_u64(o, numbers[i], stats_number(fd, file));
	}
	json_out_key(o, "sched_relax_domain_level");
	strbuf_addf(o->b, "%d", relax);
	json_out_close(o, '}');
}
