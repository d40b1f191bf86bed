/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A snapshot is filled only as far as somebody asks: reading meminfo does not cost the CPU
 * times. Whatever was filled stays until the snapshot is VIEW_VALID_NS old; then all of it is
 * dropped at once, so two files read within that time agree.
 *
 * CPUs keep their numbers: a container on CPUs 2 and 3 sees CPUs 2 and 3, as in
 * sched_getaffinity(2) and /sys/devices/system/cpu/cpuN. A quota hides the last ones of the
 * set.
 *
 * The kernel counts CPU time per CPU on v1 only, and with a quota the cgroup runs on more
 * CPUs than it sees. Then the time is spread evenly: sums are right, and no CPU is ever more
 * than fully busy.
 */
#include "fs/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fs/proctext.h"
#include "lib/alloc.h"
#include "lib/fd.h"

#define SECOND_NS INT64_C(1000000000)

/* A text longer than TEXT_MAX is cut: cpuinfo of a thousand CPUs fits. */
#define TEXT_MIN (16u << 10)
#define TEXT_MAX (4u << 20)

static const struct {
	const char *path;
	int64_t valid_ns;
	bool is_whole; /* one read(2) gives all of it, if there is room */
} sources[] = {
	[VIEW_MEMINFO] = {"proc/meminfo", VIEW_COUNTERS_NS, true},
	[VIEW_CPUINFO] = {"proc/cpuinfo", VIEW_RARE_NS, false},
	[VIEW_STAT] = {"proc/stat", VIEW_COUNTERS_NS, false},
	/* Only the names in these are shown. */
	[VIEW_VMSTAT] = {"proc/vmstat", VIEW_RARE_NS, false},
	[VIEW_DISKSTATS] = {"proc/diskstats", VIEW_RARE_NS, false},
	[VIEW_PARTITIONS] = {"proc/partitions", VIEW_RARE_NS, false},
	[VIEW_ONLINE] = {"sys/devices/system/cpu/online", VIEW_RARE_NS, false},
	[VIEW_NODES] = {"sys/devices/system/node/online", VIEW_RARE_NS, false},
};
static_assert(ARRAY_SIZE(sources) == VIEW_N_TEXTS, "every text has its path");

/* The first VIEW_N_TEXTS bits are the texts. */
enum {
	PART_CPUS = 1u << VIEW_N_TEXTS,
	PART_USAGE = 1u << (VIEW_N_TEXTS + 1),
	PART_TIMES = 1u << (VIEW_N_TEXTS + 2),
	PART_MEMORY = 1u << (VIEW_N_TEXTS + 3),
	PART_NODES = 1u << (VIEW_N_TEXTS + 4),
};

/* True: the caller has to fill it. */
static bool is_missing(struct view *v, unsigned int part)
{
	if (v->parts & part)
		return false;
	v->parts |= part;
	return true;
}

/* Parsed once for each text: its list of interrupts may be long. */
static const struct view_counters *host_counters(struct view *v)
{
	static const struct proctext_field fields[] = {
		{"intr", offsetof(struct view_counters, intr)},
		{"ctxt", offsetof(struct view_counters, ctxt)},
		{"btime", offsetof(struct view_counters, boot_s)},
		{"processes", offsetof(struct view_counters, processes)},
		{"softirq", offsetof(struct view_counters, softirq)},
	};
	const char *text = view_text(v, VIEW_STAT);

	if (v->counters_ns != v->text_ns[VIEW_STAT]) {
		v->counters_ns = v->text_ns[VIEW_STAT];
		proctext_fields(text, fields, ARRAY_SIZE(fields), &v->counters);
	}
	return &v->counters;
}

struct view_counters view_counters(struct view *v)
{
	const struct view_counters *c = host_counters(v);

	return (struct view_counters){
		.intr = c->intr - v->begin.intr,
		.ctxt = c->ctxt - v->begin.ctxt,
		.processes = c->processes - v->begin.processes,
		.softirq = c->softirq - v->begin.softirq,
		.boot_s = c->boot_s + (uint64_t)(v->start_ns / SECOND_NS),
	};
}

/* What every view has for itself. */
static int view_init(struct view *v, struct error *err)
{
	void *shared = mmap(NULL, sizeof(*v->load), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return error_errno(err, errno, "map the memory of a view");
	v->load = shared;
	v->load->at_ns = v->start_ns;
	v->per_cpu = xcalloc(CPUS_MAX, sizeof(*v->per_cpu));
	v->now_ns = view_clock();
	v->begin = *host_counters(v);
	v->parts = 0; /* no snapshot yet */
	return 0;
}

int view_new(struct view **ret, int host_dirfd, struct cgroup_read *cgroup, int tasks_fd,
	     int64_t start_ns, struct error *err)
{
	_cleanup_(view_freep) struct view *v = xcalloc(1, sizeof(*v));
	int r;

	v->cgroup = cgroup;
	v->tasks_fd = tasks_fd;
	v->start_ns = start_ns;
	for (size_t i = 0; i < VIEW_N_TEXTS; i++)
		v->text_fds[i] = openat(host_dirfd, sources[i].path, O_RDONLY | O_CLOEXEC);
	r = view_init(v, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&v);
	return 0;
}

int view_new_within(struct view **ret, const struct view *outer, struct cgroup_read *cgroup,
		    struct error *err)
{
	_cleanup_(view_freep) struct view *v = xcalloc(1, sizeof(*v));
	int r;

	v->cgroup = cgroup;
	v->tasks_fd = -EBADF;
	v->start_ns = outer->start_ns;
	v->identity = outer->identity;
	v->is_within = true;
	memcpy(v->text_fds, outer->text_fds, sizeof(v->text_fds));
	r = view_init(v, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&v);
	return 0;
}

struct view *view_free(struct view *v)
{
	if (!v)
		return NULL;
	for (size_t i = 0; i < VIEW_N_TEXTS; i++) {
		if (!v->is_within)
			fd_close(v->text_fds[i]);
		free(v->texts[i]);
	}
	fd_close(v->tasks_fd);
	cgroup_read_free(v->cgroup);
	if (v->load)
		(void)munmap(v->load, sizeof(*v->load));
	free(v->per_cpu);
	free(v->cpu_times);
	free(v);
	return NULL;
}

int64_t view_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool view_begin(struct view *v, int64_t now_ns)
{
	if (v->parts && now_ns >= v->now_ns && now_ns - v->now_ns < VIEW_VALID_NS)
		return false;
	v->now_ns = now_ns;
	v->parts = 0;
	if (now_ns - v->limits_ns >= VIEW_COUNTERS_NS || now_ns < v->limits_ns) {
		v->limits_ns = now_ns;
		cgroup_read_forget(v->cgroup);
	}
	if (now_ns - v->reopened_ns >= VIEW_RARE_NS) {
		v->reopened_ns = now_ns;
		cgroup_read_reopen(v->cgroup);
	}
	return true;
}

int64_t view_uptime_ns(const struct view *v)
{
	return v->now_ns > v->start_ns ? v->now_ns - v->start_ns : 0;
}

/* ------------------------------------------------------------------ texts */

/* procfs returns a seq_file's text in pieces: read on until it ends. */
static size_t read_whole(struct view *v, enum view_text t)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (v->text_caps[t] - len < 4096 && v->text_caps[t] < TEXT_MAX) {
			v->text_caps[t] = v->text_caps[t] ? 2 * v->text_caps[t] : TEXT_MIN;
			v->texts[t] = xrealloc(v->texts[t], v->text_caps[t], 1);
		}
		n = pread(v->text_fds[t], v->texts[t] + len, v->text_caps[t] - 1 - len,
			  (off_t)len);
		if (n <= 0)
			return len;
		len += (size_t)n;
		if (sources[t].is_whole && len < v->text_caps[t] - 1)
			return len;
	}
}

static bool is_younger(const struct view *v, enum view_text t, int64_t ns)
{
	return v->texts[t] && v->now_ns >= v->text_ns[t] && v->now_ns - v->text_ns[t] < ns;
}

static const char *text_within(struct view *v, enum view_text t, int64_t ns)
{
	if (is_younger(v, t, ns))
		return v->texts[t];
	v->text_ns[t] = v->now_ns;
	if (!v->texts[t]) {
		v->text_caps[t] = TEXT_MIN;
		v->texts[t] = xmalloc(TEXT_MIN);
	}
	v->texts[t][v->text_fds[t] < 0 ? 0 : read_whole(v, t)] = '\0';
	return v->texts[t];
}

const char *view_text(struct view *v, enum view_text t)
{
	return is_missing(v, 1u << t) ? text_within(v, t, sources[t].valid_ns) : v->texts[t];
}

/* ------------------------------------------------------------------ CPUs */

/* The host's set; just number 0 where it does not say. */
static void parse_set(struct view *v, enum view_text t, struct cpus *ret)
{
	if (cpus_parse(ret, view_text(v, t)) == 0 && cpus_count(ret) > 0)
		return;
	*ret = (struct cpus){0};
	cpus_add(ret, 0);
}

static void fill_cpus(struct view *v)
{
	parse_set(v, VIEW_ONLINE, &v->cpus);
	cgroup_read_cpuset(v->cgroup, &v->cpus);
	cpus_keep_first(&v->cpus, cgroup_read_cpu_quota(v->cgroup));
	v->n_cpus = cpus_count(&v->cpus);
}

const struct cpus *view_cpus(struct view *v)
{
	if (is_missing(v, PART_CPUS))
		fill_cpus(v);
	return &v->cpus;
}

unsigned int view_n_cpus(struct view *v)
{
	(void)view_cpus(v);
	return v->n_cpus;
}

const struct cpus *view_nodes(struct view *v)
{
	if (is_missing(v, PART_NODES)) {
		parse_set(v, VIEW_NODES, &v->nodes);
		cgroup_read_mems(v->cgroup, &v->nodes);
	}
	return &v->nodes;
}

static void fill_usage(struct view *v)
{
	if (is_missing(v, PART_USAGE))
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
	if (is_missing(v, PART_TIMES))
		fill_times(v);
	return v->cpu_times;
}

/* ------------------------------------------------------------------ memory */

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
		h = host_memory(text_within(v, VIEW_MEMINFO, 1)); /* of this snapshot */
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
	if (is_missing(v, PART_MEMORY))
		fill_memory(v);
	return &v->memory;
}
