/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A snapshot is filled only as far as somebody asks: reading meminfo does not cost the CPU
 * times. Whatever was filled stays until the snapshot is VIEW_VALID_NS old; then all of it is
 * dropped at once, so two files read within that time agree.
 */
#include "fs/view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fs/proctext.h"
#include "fs/view-internal.h"
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

const char *view_text_within(struct view *v, enum view_text t, int64_t ns)
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
	return view_claim(v, 1u << t) ? view_text_within(v, t, sources[t].valid_ns)
				      : v->texts[t];
}
