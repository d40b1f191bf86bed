/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics as the "data" object of `runc events --stats`: containerd and others
 * read it by the names of runc's types. Members that are zero or empty are left
 * out where runc leaves them out; a controller that is absent contributes nothing.
 * Both versions of cgroups fill the same shape, which is that of v1.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/cgroup-internal.h"

#define STAT_FILE_MAX (4u << 20)
#define NS_PER_USEC   1000u
#define NS_PER_SEC    UINT64_C(1000000000)

/* A writer of JSON objects: commas, and members that are left out. */

struct out {
	struct strbuf *b;
	bool need_comma;
};

static void out_key(struct out *o, const char *key)
{
	if (o->need_comma)
		strbuf_addc(o->b, ',');
	o->need_comma = true;
	if (key) {
		json_quote(o->b, key);
		strbuf_addc(o->b, ':');
	}
}

static void out_open(struct out *o, const char *key, char bracket)
{
	out_key(o, key);
	strbuf_addc(o->b, bracket);
	o->need_comma = false;
}

static void out_close(struct out *o, char bracket)
{
	strbuf_addc(o->b, bracket);
	o->need_comma = true;
}

static void out_u64(struct out *o, const char *key, uint64_t v)
{
	out_key(o, key);
	strbuf_addf(o->b, "%" PRIu64, v);
}

/* Left out when zero. */
static void out_count(struct out *o, const char *key, uint64_t v)
{
	if (v)
		out_u64(o, key, v);
}

/* Reading. What is absent reads as nothing: the controller may not be there. */

static char *read_text(int dirfd, const char *file)
{
	char *text;

	if (dirfd < 0 || file_read(dirfd, file, STAT_FILE_MAX, &text, NULL) < 0)
		return NULL;
	return text;
}

static uint64_t read_number(int dirfd, const char *file)
{
	uint64_t n;

	if (dirfd < 0 || cgroup_read_u64(dirfd, file, &n) < 0)
		return 0;
	return n;
}

static uint64_t read_value(int dirfd, const char *file, const char *key)
{
	uint64_t n;

	if (dirfd < 0 || cgroup_read_key(dirfd, file, key, &n) < 0)
		return 0;
	return n;
}

static int open_controller(const struct cgroup *cg, const char *controller)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, controller);
	struct error ignored;

	return d ? cgroup_dir_open(d, &ignored) : -ENOENT;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" (and "full"), kernel, psi.rst. */
static void add_pressure(struct out *o, int dirfd, const char *file)
{
	_cleanup_free_ char *text = read_text(dirfd, file);
	char *save = NULL;

	if (!text || !*text)
		return;
	out_open(o, "psi", '{');
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char kind[8], avg10[16], avg60[16], avg300[16];
		uint64_t total;

		if (sscanf(l,
			   "%7s avg10=%15[0-9.] avg60=%15[0-9.] avg300=%15[0-9.] "
			   "total=%" SCNu64,
			   kind, avg10, avg60, avg300, &total) != 5)
			continue;
		out_open(o, kind, '{');
		out_key(o, "avg10");
		strbuf_adds(o->b, avg10);
		out_key(o, "avg60");
		strbuf_adds(o->b, avg60);
		out_key(o, "avg300");
		strbuf_adds(o->b, avg300);
		out_u64(o, "total", total);
		out_close(o, '}');
	}
	out_close(o, '}');
}

/* cpu */

struct cpu_usage {
	uint64_t total; /* ns, as the next two */
	uint64_t kernel;
	uint64_t user;
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_time;
};

/* Every number of a line or file, as an array; left out when there is none. */
static void add_numbers(struct out *o, const char *key, const char *text)
{
	_cleanup_(strv_freep) char **words = text ? strv_split(text, " \n") : NULL;

	if (!words || !words[0])
		return;
	out_open(o, key, '[');
	for (size_t i = 0; words[i]; i++) {
		uint64_t n;

		if (str_to_u64(words[i], &n) == 0)
			out_u64(o, NULL, n);
	}
	out_close(o, ']');
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

	u->total = read_number(cpuacct_fd, "cpuacct.usage");
	u->user = read_value(cpuacct_fd, "cpuacct.stat", "user") * NS_PER_SEC / ticks;
	u->kernel = read_value(cpuacct_fd, "cpuacct.stat", "system") * NS_PER_SEC / ticks;
	u->periods = read_value(cpu_fd, "cpu.stat", "nr_periods");
	u->throttled_periods = read_value(cpu_fd, "cpu.stat", "nr_throttled");
	u->throttled_time = read_value(cpu_fd, "cpu.stat", "throttled_time");
}

static void cpu_usage_v2(struct cpu_usage *u, int dirfd)
{
	u->total = read_value(dirfd, "cpu.stat", "usage_usec") * NS_PER_USEC;
	u->user = read_value(dirfd, "cpu.stat", "user_usec") * NS_PER_USEC;
	u->kernel = read_value(dirfd, "cpu.stat", "system_usec") * NS_PER_USEC;
	u->periods = read_value(dirfd, "cpu.stat", "nr_periods");
	u->throttled_periods = read_value(dirfd, "cpu.stat", "nr_throttled");
	u->throttled_time = read_value(dirfd, "cpu.stat", "throttled_usec") * NS_PER_USEC;
}

static void add_cpu(struct out *o, const struct cgroup *cg)
{
	_cleanup_close_ int cpu_fd = open_controller(cg, "cpu");
	_cleanup_close_ int cpuacct_fd = cg->is_v2 ? -EBADF : open_controller(cg, "cpuacct");
	_cleanup_free_ char *percpu = read_text(cpuacct_fd, "cpuacct.usage_percpu");
	_cleanup_free_ char *all = read_text(cpuacct_fd, "cpuacct.usage_all");
	_cleanup_free_ char *user = usage_column(all, 1), *kernel = usage_column(all, 2);
	struct cpu_usage u = {0};

	if (cg->is_v2)
		cpu_usage_v2(&u, cpu_fd);
	else
		cpu_usage_v1(&u, cpu_fd, cpuacct_fd);
	out_open(o, "cpu", '{');
	out_open(o, "usage", '{');
	out_count(o, "total", u.total);
	add_numbers(o, "percpu", percpu);
	add_numbers(o, "percpu_kernel", kernel);
	add_numbers(o, "percpu_user", user);
	out_u64(o, "kernel", u.kernel);
	out_u64(o, "user", u.user);
	out_close(o, '}');
	out_open(o, "throttling", '{');
	out_count(o, "periods", u.periods);
	out_count(o, "throttledPeriods", u.throttled_periods);
	out_count(o, "throttledTime", u.throttled_time);
	out_close(o, '}');
	if (cg->is_v2)
		add_pressure(o, cpu_fd, "cpu.pressure");
	out_close(o, '}');
}

/* cpuset */

/* A list such as "0-2,7" as [0,1,2,7]. */
static void add_list(struct out *o, const char *key, const char *text)
{
	_cleanup_(strv_freep) char **ranges = text ? strv_split(text, ",\n") : NULL;

	if (!ranges || !ranges[0])
		return;
	out_open(o, key, '[');
	for (size_t i = 0; ranges[i]; i++) {
		unsigned int from, to;
		int n = sscanf(ranges[i], "%u-%u", &from, &to);

		if (n < 1 || (n == 2 && to > UINT16_MAX))
			continue;
		for (unsigned int k = from; k <= (n == 2 ? to : from); k++)
			out_u64(o, NULL, k);
	}
	out_close(o, ']');
}

/* v2 has only the two lists, and runc does not show them. */
static void add_cpuset(struct out *o, const struct cgroup *cg)
{
	static const char *const numbers[] = {
		"memory_migrate",  "memory_spread_page", "memory_spread_slab",
		"memory_pressure", "sched_load_balance",
	};
	_cleanup_close_ int fd = cg->is_v2 ? -EBADF : open_controller(cg, "cpuset");
	_cleanup_free_ char *cpus = read_text(fd, "cpuset.cpus");
	_cleanup_free_ char *mems = read_text(fd, "cpuset.mems");
	_cleanup_free_ char *level = read_text(fd, "cpuset.sched_relax_domain_level");
	int relax = 0;

	if (level)
		(void)sscanf(level, "%d", &relax); /* stays 0 */
	out_open(o, "cpuset", '{');
	add_list(o, "cpus", cpus);
	out_u64(o, "cpu_exclusive", read_number(fd, "cpuset.cpu_exclusive"));
	add_list(o, "mems", mems);
	out_u64(o, "mem_hardwall", read_number(fd, "cpuset.mem_hardwall"));
	out_u64(o, "mem_exclusive", read_number(fd, "cpuset.mem_exclusive"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_free_ char *file = xasprintf("cpuset.%s", numbers[i]);

		out_u64(o, numbers[i], read_number(fd, file));
	}
	out_key(o, "sched_relax_domain_level");
	strbuf_addf(o->b, "%d", relax);
	out_close(o, '}');
}

/* memory */

struct memory_entry {
	uint64_t limit;
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt;
};

static void add_entry(struct out *o, const char *key, const struct memory_entry *e)
{
	if (!e->limit && !e->usage && !e->max && !e->failcnt)
		return;
	out_open(o, key, '{');
	out_u64(o, "limit", e->limit);
	out_count(o, "usage", e->usage);
	out_count(o, "max", e->max);
	out_u64(o, "failcnt", e->failcnt);
	out_close(o, '}');
}

static struct memory_entry memory_entry_v1(int fd, const char *prefix)
{
	struct memory_entry e;
	char file[64];

	snprintf(file, sizeof(file), "%s.limit_in_bytes", prefix);
	e.limit = read_number(fd, file);
	snprintf(file, sizeof(file), "%s.usage_in_bytes", prefix);
	e.usage = read_number(fd, file);
	snprintf(file, sizeof(file), "%s.max_usage_in_bytes", prefix);
	e.max = read_number(fd, file);
	snprintf(file, sizeof(file), "%s.failcnt", prefix);
	e.failcnt = read_number(fd, file);
	return e;
}

/* memory.stat as it is: "key value" lines. */
static void add_raw(struct out *o, int fd)
{
	_cleanup_free_ char *text = read_text(fd, "memory.stat");
	char *save = NULL;

	if (!text || !*text)
		return;
	out_open(o, "raw", '{');
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(l, ' ');
		uint64_t n;

		if (!space || str_to_u64(space + 1, &n) < 0)
			continue;
		*space = '\0';
		out_u64(o, l, n);
	}
	out_close(o, '}');
}

static void add_memory_v1(struct out *o, int fd)
{
	static const struct {
		const char *key;
		const char *prefix;
	} entries[] = {
		{"usage", "memory"},
		{"swap", "memory.memsw"},
		{"kernel", "memory.kmem"},
		{"kernelTCP", "memory.kmem.tcp"},
	};

	out_count(o, "cache", read_value(fd, "memory.stat", "cache"));
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct memory_entry e = memory_entry_v1(fd, entries[i].prefix);

		add_entry(o, entries[i].key, &e);
	}
}

/* v1's "swap" counts memory and swap; its peak cannot be had from the two. */
static void add_memory_v2(struct out *o, int fd)
{
	struct memory_entry usage = {
		.limit = read_number(fd, "memory.max"),
		.usage = read_number(fd, "memory.current"),
		.max = read_number(fd, "memory.peak"),
		.failcnt = read_value(fd, "memory.events", "max"),
	};
	struct memory_entry swap = {
		.limit = read_number(fd, "memory.swap.max"),
		.usage = read_number(fd, "memory.swap.current"),
	};

	if (swap.limit != UINT64_MAX)
		swap.limit = usage.limit == UINT64_MAX ? UINT64_MAX : swap.limit + usage.limit;
	swap.usage += usage.usage;
	out_count(o, "cache", read_value(fd, "memory.stat", "file"));
	add_entry(o, "usage", &usage);
	add_entry(o, "swap", &swap);
}

static void add_memory(struct out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = open_controller(cg, "memory");

	out_open(o, "memory", '{');
	if (cg->is_v2)
		add_memory_v2(o, fd);
	else
		add_memory_v1(o, fd);
	add_raw(o, fd);
	if (cg->is_v2)
		add_pressure(o, fd, "memory.pressure");
	out_close(o, '}');
}

/* pids: no limit is shown as 0. */
static void add_pids(struct out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = open_controller(cg, "pids");
	uint64_t limit = read_number(fd, "pids.max");

	out_open(o, "pids", '{');
	out_count(o, "current", read_number(fd, "pids.current"));
	out_count(o, "limit", limit == UINT64_MAX ? 0 : limit);
	out_close(o, '}');
}

/* Block devices */

struct blkio_list {
	const char *key;
	const char *v1_file; /* behind "blkio." and, with BFQ, "bfq." */
	const char *v2_read; /* io.stat */
	const char *v2_write;
};

static const struct blkio_list blkio_lists[] = {
	{"ioServiceBytesRecursive", "io_service_bytes", "rbytes", "wbytes"},
	{"ioServicedRecursive", "io_serviced", "rios", "wios"},
	{"ioQueueRecursive", "io_queued", NULL, NULL},
	{"ioServiceTimeRecursive", "io_service_time", NULL, NULL},
	{"ioWaitTimeRecursive", "io_wait_time", NULL, NULL},
	{"ioMergedRecursive", "io_merged", NULL, NULL},
	{"ioTimeRecursive", "time", NULL, NULL},
	{"sectorsRecursive", "sectors", NULL, NULL},
};

struct blkio_entry {
	unsigned int major;
	unsigned int minor;
	const char *op;
	uint64_t value;
};

static void add_blkio_entry(struct out *o, const struct blkio_entry *e)
{
	out_open(o, NULL, '{');
	out_count(o, "major", e->major);
	out_count(o, "minor", e->minor);
	if (*e->op) {
		out_key(o, "op");
		json_quote(o->b, e->op);
	}
	out_count(o, "value", e->value);
	out_close(o, '}');
}

/* "8:0 Read 1282048", or "8:0 6792" where there is no operation; the last line is a "Total". */
static bool parse_v1_line(const char *line, char op[16], struct blkio_entry *e)
{
	op[0] = '\0';
	e->op = op;
	return sscanf(line, "%u:%u %15[A-Za-z] %" SCNu64, &e->major, &e->minor, op,
		      &e->value) == 4 ||
	       sscanf(line, "%u:%u %" SCNu64, &e->major, &e->minor, &e->value) == 3;
}

static void add_blkio_list_v1(struct out *o, int fd, const char *key, const char *file)
{
	_cleanup_free_ char *text = read_text(fd, file);
	char *save = NULL;
	bool any = false;

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		struct blkio_entry e;
		char op[16];

		if (!parse_v1_line(l, op, &e))
			continue;
		if (!any)
			out_open(o, key, '[');
		any = true;
		add_blkio_entry(o, &e);
	}
	if (any)
		out_close(o, ']');
}

/*
 * Who counts depends on the I/O scheduler: BFQ (all lists only with its debugging on),
 * CFQ of old kernels, or only the throttling layer. The first that has the count
 * of served requests is asked for everything.
 */
static void add_blkio_v1(struct out *o, int fd)
{
	static const char *const counters[] = {
		"blkio.bfq.%s_recursive",
		"blkio.%s_recursive",
		"blkio.throttle.%s_recursive",
		"blkio.throttle.%s",
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		_cleanup_(strbuf_done) struct strbuf list = STRBUF_EMPTY;
		struct out inner = {.b = &list};

		for (size_t k = 0; k < ARRAY_SIZE(blkio_lists); k++) {
			char file[96];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(file, sizeof(file), counters[i], blkio_lists[k].v1_file);
#pragma GCC diagnostic pop
			add_blkio_list_v1(&inner, fd, blkio_lists[k].key, file);
		}
		if (list.len == 0)
			continue;
		strbuf_adds(o->b, strbuf_str(&list));
		o->need_comma = true;
		return;
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static bool io_stat_value(const char *line, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *p = line; (p = strstr(p, key)); p += len)
		if (p > line && p[-1] == ' ' && p[len] == '=')
			return sscanf(p + len + 1, "%" SCNu64, ret) == 1;
	return false;
}

static void add_blkio_list_v2(struct out *o, const char *text, const struct blkio_list *list)
{
	_cleanup_(strv_freep) char **lines = text ? strv_split(text, "\n") : NULL;
	bool any = false;

	for (size_t i = 0; lines && lines[i]; i++) {
		struct blkio_entry e;

		if (sscanf(lines[i], "%u:%u", &e.major, &e.minor) != 2)
			continue;
		for (int write = 0; write <= 1; write++) {
			if (!io_stat_value(lines[i], write ? list->v2_write : list->v2_read,
					   &e.value))
				continue;
			if (!any)
				out_open(o, list->key, '[');
			any = true;
			e.op = write ? "Write" : "Read";
			add_blkio_entry(o, &e);
		}
	}
	if (any)
		out_close(o, ']');
}

static void add_blkio(struct out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = open_controller(cg, cg->is_v2 ? "io" : "blkio");

	out_open(o, "blkio", '{');
	if (!cg->is_v2) {
		add_blkio_v1(o, fd);
	} else {
		_cleanup_free_ char *text = read_text(fd, "io.stat");

		for (size_t k = 0; k < ARRAY_SIZE(blkio_lists) && blkio_lists[k].v2_read; k++)
			add_blkio_list_v2(o, text, &blkio_lists[k]);
		add_pressure(o, fd, "io.pressure");
	}
	out_close(o, '}');
}

/* hugetlb: one entry for each page size that the group has files of. */

/* "2MB" of "hugetlb.2MB.usage_in_bytes" (v1) or "hugetlb.2MB.current"; else NULL. */
static char *page_size_of(const char *file, bool is_v2)
{
	const char *suffix = is_v2 ? ".current" : ".usage_in_bytes";
	const char *prefix = "hugetlb.";
	size_t len = strlen(file);

	if (!str_has_prefix(file, prefix) || !str_has_suffix(file, suffix) ||
	    strstr(file, ".rsvd."))
		return NULL;
	return xstrndup(file + strlen(prefix), len - strlen(prefix) - strlen(suffix));
}

/* Reservations where the kernel counts them: they are what limits bite on. */
static void add_page_size(struct out *o, int fd, bool is_v2, const char *size)
{
	_cleanup_free_ char *probe =
		xasprintf("hugetlb.%s.rsvd.%s", size, is_v2 ? "current" : "usage_in_bytes");
	const char *rsvd = faccessat(fd, probe, F_OK, 0) == 0 ? ".rsvd" : "";
	_cleanup_free_ char *usage =
		xasprintf("hugetlb.%s%s.%s", size, rsvd, is_v2 ? "current" : "usage_in_bytes");
	_cleanup_free_ char *max = xasprintf("hugetlb.%s%s.max_usage_in_bytes", size, rsvd);
	_cleanup_free_ char *fails = is_v2 ? xasprintf("hugetlb.%s.events", size)
					   : xasprintf("hugetlb.%s%s.failcnt", size, rsvd);

	out_open(o, size, '{');
	out_count(o, "usage", read_number(fd, usage));
	if (!is_v2)
		out_count(o, "max", read_number(fd, max));
	out_u64(o, "failcnt", is_v2 ? read_value(fd, fails, "max") : read_number(fd, fails));
	out_close(o, '}');
}

static void add_hugetlb(struct out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = open_controller(cg, "hugetlb");
	int list_fd = fd >= 0 ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = list_fd >= 0 ? fdopendir(list_fd) : NULL; /* takes list_fd */

	out_open(o, "hugetlb", '{');
	for (struct dirent *e; dir && (e = readdir(dir));) {
		_cleanup_free_ char *size = page_size_of(e->d_name, cg->is_v2);

		if (size)
			add_page_size(o, fd, cg->is_v2, size);
	}
	if (dir)
		(void)closedir(dir); /* was only read */
	out_close(o, '}');
}

int cgroup_stats(const struct cgroup *cg, struct strbuf *out, struct error *err)
{
	struct out o = {.b = out};

	if (cg->n_dirs == 0 || access(cg->dirs[0].path, F_OK) < 0)
		return error_set(err, ENOENT,
				 "unable to get container cgroup stats: %s does not exist",
				 cg->n_dirs ? cg->dirs[0].path : "the cgroup");
	out_open(&o, NULL, '{');
	add_cpu(&o, cg);
	add_cpuset(&o, cg);
	add_memory(&o, cg);
	add_pids(&o, cg);
	add_blkio(&o, cg);
	add_hugetlb(&o, cg);
	/* Not supported; runc's names all the same. */
	out_open(&o, "intel_rdt", '{');
	out_close(&o, '}');
	out_key(&o, "network_interfaces");
	strbuf_adds(out, "null");
	out_close(&o, '}');
	return 0;
}
