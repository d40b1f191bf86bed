/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroup trees and a procfs of plain files: what a view and its files make of them. */
#include "tests/unit/unit.h"

#include <limits.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/strbuf.h"

#define SECOND INT64_C(1000000000)
#define START  (100 * SECOND)
#define MIB    (UINT64_C(1) << 20)

struct fixture {
	struct unit_dir *dir;
	struct cgroup_read *cgroup; /* handed over to the view */
	struct view *view;
};

static void make_dirs(int dirfd, const char *path)
{
	_cleanup_close_ int fd = path_mkdir_in_root(dirfd, path, 0755, (uid_t)-1, (gid_t)-1);

	assert_true(fd >= 0);
}

/* A file with its directories. */
static void put(struct fixture *f, const char *path, const char *text)
{
	_cleanup_free_ char *parent = NULL, *name = NULL;

	path_split(path, &parent, &name);
	make_dirs(f->dir->fd, parent);
	unit_file(f->dir->fd, path, text);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	f->cgroup = cgroup_read_new();
	*state = f;
	put(f, "proc/meminfo",
	    "MemTotal:        8388608 kB\nMemFree:         4194304 kB\n"
	    "MemAvailable:    6291456 kB\nBuffers:           76800 kB\n"
	    "Cached:          1048576 kB\nSwapTotal:       1048576 kB\n"
	    "SwapFree:         524288 kB\nZswap:               123 kB\n"
	    "HugePages_Total:       0\nHugepagesize:       2048 kB\n");
	put(f, "proc/stat",
	    "cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 77 1 2 3\nctxt 99\nbtime 1000\nprocesses 5\n"
	    "procs_running 12\nprocs_blocked 3\nsoftirq 8 1 2\n");
	put(f, "proc/cpuinfo",
	    "processor\t: 0\nsiblings\t: 4\ncpu cores\t: 4\n\nprocessor\t: 1\nsiblings\t: 4\n\n"
	    "processor\t: 2\n\nprocessor\t: 3\n\nHardware\t: board\n");
	put(f, "proc/vmstat", "nr_free_pages 7\nnr_unknown 8\npgfault 9\n");
	put(f, "proc/diskstats",
	    "   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1\n 254       0 vda 1 1 1 1 1 1 1 1 1 1 "
	    "1\n");
	put(f, "proc/partitions",
	    "major minor  #blocks  name\n\n   7        0   1024 loop0\n 254        0   2048 "
	    "vda\n");
	put(f, "sys/devices/system/cpu/online", "0-3\n");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *dir = f->dir;

	view_free(f->view);
	cgroup_read_free(f->cgroup);
	free(f);
	return unit_dir_done(&dir);
}

static void add(struct fixture *f, enum cgroup_version version, const char *controllers,
		const char *top, const char *path)
{
	_cleanup_close_ int fd = openat(f->dir->fd, top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(cgroup_read_add(f->cgroup, version, controllers, fd, path), 0);
}

static struct view *view_of(struct fixture *f)
{
	struct error err;
	int tasks = openat(f->dir->fd, "tasks", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_read *c = take_ptr(&f->cgroup);

	assert_int_equal(view_new(&f->view, f->dir->fd, c, tasks, START, &err), 0);
	assert_true(view_begin(f->view, START + 10 * SECOND));
	return f->view;
}

static char *text_of(struct view *v, handler_fn format)
{
	struct strbuf b = STRBUF_EMPTY;

	format(v, &b);
	return strbuf_take(&b);
}

static void assert_text(struct view *v, handler_fn format, const char *want)
{
	_cleanup_free_ char *got = text_of(v, format);

	assert_string_equal(got, want);
}

static void assert_has(struct view *v, handler_fn format, const char *want)
{
	_cleanup_free_ char *got = text_of(v, format);

	if (!strstr(got, want))
		fail_msg("\"%s\" is not in:\n%s", want, got);
}

static struct cgroup_memory memory_of(struct fixture *f)
{
	struct cgroup_memory m;

	cgroup_read_memory(f->cgroup, &m);
	return m;
}

/* v2, with the limit that binds above the container and CPU limits on it. */
static struct view *v2_view(struct fixture *f)
{
	put(f, "cg/cgroup.procs", "");
	put(f, "cg/slice/memory.max", "536870912\n");
	put(f, "cg/slice/memory.swap.max", "max\n");
	put(f, "cg/slice/cpu.max", "max 100000\n");
	put(f, "cg/slice/ctr/memory.max", "1073741824\n");
	put(f, "cg/slice/ctr/memory.swap.max", "268435456\n");
	put(f, "cg/slice/ctr/memory.current", "209715200\n");
	put(f, "cg/slice/ctr/memory.swap.current", "1048576\n");
	put(f, "cg/slice/ctr/memory.stat",
	    "anon 10485760\nfile 104857600\ninactive_file 52428800\nactive_file 31457280\n"
	    "slab_reclaimable 1048576\npgfault 4711\n");
	put(f, "cg/slice/ctr/cpu.max", "150000 100000\n");
	put(f, "cg/slice/ctr/cpuset.cpus.effective", "1-3\n");
	put(f, "cg/slice/ctr/cpu.stat",
	    "usage_usec 6\nuser_usec 4000000\nsystem_usec 2000000\n");
	put(f, "cg/slice/ctr/io.stat",
	    "254:0 rbytes=1024 wbytes=2048 rios=3 wios=4 dbytes=5 dios=6\n");
	add(f, CGROUP_V2, "", "cg", "/slice/ctr");
	return view_of(f);
}

static void view_memory__v2_minimum_of_path(void **state)
{
	const struct view_memory *m = view_memory(v2_view(*state));

	assert_true(m->is_limited);
	assert_true(m->total == 512 * MIB);
	assert_true(m->free == 312 * MIB);
	assert_true(m->available == (312 + 50 + 30 + 1) * MIB);
	assert_true(m->swap_total == 256 * MIB);
	assert_true(m->swap_free == 255 * MIB);
}

static void view_cpus__v2_quota_within_set(void **state)
{
	struct view *v = v2_view(*state);

	assert_int_equal(view_n_cpus(v), 2);
	assert_text(v, node_cpu_list, "1-2\n");
}

static void node_stat__v2_adds_up(void **state)
{
	struct fixture *f = *state;
	struct view *v = v2_view(f);

	put(f, "proc/stat", "intr 77 1\nctxt 100\nbtime 1000\nprocesses 5\nsoftirq 8 1 2\n");
	assert_text(v, node_stat,
		    "cpu  400 0 200 1400 0 0 0 0 0 0\n"
		    "cpu1 200 0 100 700 0 0 0 0 0 0\n"
		    "cpu2 200 0 100 700 0 0 0 0 0 0\n"
		    "intr 0\nctxt 1\nbtime 1100\nprocesses 0\nprocs_running 1\n"
		    "procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
	assert_text(v, node_uptime, "10.00 14.00\n");
}

static void node_cpuinfo__sections_of_the_set(void **state)
{
	assert_text(v2_view(*state), node_cpuinfo,
		    "processor\t: 1\nsiblings\t: 2\n\nprocessor\t: 2\n\nHardware\t: board\n");
}

static void node_meminfo__limited(void **state)
{
	struct view *v = v2_view(*state);

	assert_text(v, node_meminfo,
		    "MemTotal:         524288 kB\nMemFree:          319488 kB\n"
		    "MemAvailable:     402432 kB\nBuffers:               0 kB\n"
		    "Cached:           102400 kB\nSwapTotal:        262144 kB\n"
		    "SwapFree:         261120 kB\nZswap:                 0 kB\n"
		    "HugePages_Total:       0\nHugepagesize:       2048 kB\n");
	assert_has(v, node_swaps, "virtual\t\t262144\t\t1024\t\t0\n");
	assert_text(v, node_vmstat, "nr_free_pages 79872\npgfault 4711\n");
}

static void node_disk__what_was_used(void **state)
{
	struct view *v = v2_view(*state);

	assert_text(v, node_diskstats, " 254       0 vda 3 0 2 0 4 0 4 0 0 0 0 0 0 0 0 0 0\n");
	assert_text(v, node_partitions,
		    "major minor  #blocks  name\n\n 254        0   2048 vda\n");
}

static struct view *v1_view(struct fixture *f, const char *quota)
{
	put(f, "memory/d/c/memory.usage_in_bytes", "67108864\n");
	put(f, "memory/d/c/memory.stat",
	    "cache 1\nhierarchical_memory_limit 268435456\nhierarchical_memsw_limit 402653184\n"
	    "total_cache 16777216\ntotal_swap 1048576\ntotal_inactive_file 4194304\n"
	    "total_active_file 8388608\n");
	put(f, "cpu/d/c/cpu.cfs_quota_us", quota);
	put(f, "cpu/d/c/cpu.cfs_period_us", "100000\n");
	put(f, "cpu/d/c/cpuacct.usage_all",
	    "cpu user system\n0 1000000000 0\n1 2000000000 500000000\n2 0 0\n3 0 0\n");
	put(f, "blkio/d/c/blkio.throttle.io_service_bytes_recursive",
	    "7:0 Read 512\n7:0 Write 0\n7:0 Total 512\nTotal 512\n");
	put(f, "blkio/d/c/blkio.throttle.io_serviced_recursive", "7:0 Read 1\n7:0 Write 0\n");
	add(f, CGROUP_V1, "memory", "memory", "/d/c");
	add(f, CGROUP_V1, "cpu,cpuacct", "cpu", "/d/c");
	add(f, CGROUP_V1, "blkio", "blkio", "/d/c");
	return view_of(f);
}

static void view_memory__v1(void **state)
{
	const struct view_memory *m = view_memory(v1_view(*state, "-1\n"));

	assert_true(m->total == 256 * MIB);
	assert_true(m->free == 192 * MIB);
	assert_true(m->available == 204 * MIB);
	assert_true(m->swap_total == 128 * MIB);
	assert_true(m->swap_free == 127 * MIB);
}

static void view_cpu_times__v1_each_cpu(void **state)
{
	const struct view_cpu_time *t = view_cpu_times(v1_view(*state, "-1\n"));

	assert_int_equal(t[0].user_ns, SECOND);
	assert_int_equal(t[1].user_ns, 2 * SECOND);
	assert_int_equal(t[1].system_ns, SECOND / 2);
	assert_int_equal(t[1].idle_ns, 10 * SECOND - 5 * SECOND / 2);
	assert_int_equal(t[3].idle_ns, 10 * SECOND);
}

/* It ran on two, and sees one. */
static void view_cpu_times__v1_quota(void **state)
{
	struct view *v = v1_view(*state, "50000\n");
	const struct view_cpu_time *t = view_cpu_times(v);

	assert_int_equal(view_n_cpus(v), 1);
	assert_int_equal(t[0].user_ns, 3 * SECOND);
	assert_int_equal(t[0].idle_ns, 10 * SECOND - 7 * SECOND / 2);
	assert_has(v, node_diskstats, "loop0 1 0 1 0 0 0 0 0");
}

static void node_meminfo__unlimited_is_the_host(void **state)
{
	struct fixture *f = *state;

	make_dirs(f->dir->fd, "cg/c");
	put(f, "cg/c/memory.max", "max\n");
	put(f, "cg/c/memory.swap.max", "0\n");
	add(f, CGROUP_V2, "", "cg", "/c");
	assert_has(view_of(f), node_meminfo, "MemFree:         4194304 kB\n");
	assert_has(f->view, node_meminfo, "SwapTotal:             0 kB\n");
	assert_text(f->view, node_swaps, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	assert_text(f->view, node_cpu_list, "0-3\n");
}

/* The controllers that v1 has are asked there. */
static void cgroup_read__hybrid(void **state)
{
	struct fixture *f = *state;

	put(f, "memory/c/memory.stat", "hierarchical_memory_limit 1048576\n");
	put(f, "cg/c/memory.max", "2097152\n");
	put(f, "cg/c/cpu.max", "200000 100000\n");
	add(f, CGROUP_V1, "memory", "memory", "/c");
	add(f, CGROUP_V2, "", "cg", "/c");
	assert_true(memory_of(f).limit == MIB);
	assert_int_equal(cgroup_read_cpu_quota(f->cgroup), 2);
	assert_true(cgroup_read_cpu_rate(f->cgroup) == 2000000000);
	assert_true(memory_of(f).swap_limit == PROCTEXT_UNLIMITED);
}

static void cgroup_read_cpu_rate__of_a_part(void **state)
{
	static const struct {
		const char *quota;
		uint64_t rate;
		unsigned int cpus;
	} rows[] = {
		{"10000 100000\n", 100000000, 1},
		{"100001 100000\n", 1000010000, 2},
		{"100000 30000\n", 3333333333, 4},
		{"17592186044415 1000\n", PROCTEXT_UNLIMITED, UINT_MAX},
		{"max 100000\n", PROCTEXT_UNLIMITED, UINT_MAX},
	};
	struct fixture *f = *state;

	put(f, "cg/c/cpu.max", "max 100000\n");
	add(f, CGROUP_V2, "", "cg", "/c");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(f, "cg/c/cpu.max", rows[i].quota);
		assert_true(cgroup_read_cpu_rate(f->cgroup) == rows[i].rate);
		assert_int_equal(cgroup_read_cpu_quota(f->cgroup), rows[i].cpus);
	}
}

static void cgroup_read_forget__limits_above(void **state)
{
	struct fixture *f = *state;

	put(f, "cg/a/memory.max", "3145728\n");
	put(f, "cg/a/c/memory.max", "2097152\n");
	add(f, CGROUP_V2, "", "cg", "/a/c");
	assert_true(memory_of(f).limit == 2 * MIB);
	put(f, "cg/a/memory.max", "1048576\n");
	put(f, "cg/a/c/memory.max", "max\n");
	assert_true(memory_of(f).limit == 3 * MIB);
	cgroup_read_forget(f->cgroup);
	assert_true(memory_of(f).limit == MIB);
}

static void cgroup_read__nothing_known(void **state)
{
	struct fixture *f = *state;

	assert_true(memory_of(f).limit == PROCTEXT_UNLIMITED);
	assert_true(cgroup_read_cpu_quota(f->cgroup) == UINT_MAX);
	assert_int_equal(memory_of(f).used, 0);
	assert_int_equal(view_n_cpus(view_of(f)), 4);
}

static void cgroup_read_reopen__controller_enabled_later(void **state)
{
	struct fixture *f = *state;

	make_dirs(f->dir->fd, "cg/c");
	add(f, CGROUP_V2, "", "cg", "/c");
	assert_true(memory_of(f).limit == PROCTEXT_UNLIMITED);
	put(f, "cg/c/memory.max", "4096\n");
	assert_true(memory_of(f).limit == PROCTEXT_UNLIMITED);
	cgroup_read_reopen(f->cgroup);
	assert_true(memory_of(f).limit == 4096);
}

/* The container's own levels are what counts: the topmost ones of a deep path are left out. */
static void cgroup_read__deep_path(void **state)
{
	struct fixture *f = *state;
	const char *path = "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20";
	_cleanup_free_ char *file = xasprintf("cg%s/memory.max", path);

	put(f, file, "8192\n");
	put(f, "cg/1/memory.max", "4096\n");
	add(f, CGROUP_V2, "", "cg", path);
	assert_true(memory_of(f).limit == 8192);
}

static void cgroup_read_add__upwards(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cgroup_read_add(f->cgroup, CGROUP_V2, "", f->dir->fd, "/../../x"),
			 -EINVAL);
}

static void cgroup_line_parse__cases(void **state)
{
	char v1[] = "5:cpu,cpuacct:/a:b", v2[] = "0::/", bad[] = "5:cpu", empty[] = "";
	struct cgroup_line l;

	(void)state;
	assert_true(cgroup_line_parse(v1, &l));
	assert_string_equal(l.controllers, "cpu,cpuacct");
	assert_string_equal(l.path, "/a:b");
	assert_true(cgroup_line_parse(v2, &l));
	assert_string_equal(l.controllers, "");
	assert_false(cgroup_line_parse(bad, &l));
	assert_false(cgroup_line_parse(empty, &l));
}

static void view_begin__validity(void **state)
{
	struct fixture *f = *state;
	struct view *v = v2_view(f);

	assert_true(view_memory(v)->total == 512 * MIB);
	put(f, "cg/slice/ctr/memory.max", "67108864\n");
	assert_false(view_begin(v, START + 10 * SECOND + VIEW_VALID_NS - 1));
	assert_true(view_memory(v)->total == 512 * MIB);
	assert_true(view_begin(v, START + 10 * SECOND + VIEW_VALID_NS));
	assert_true(view_memory(v)->total == 64 * MIB);
}

/* Of a limited container's memory the host's part is older; without a limit nothing is. */
static void view_memory__age_of_the_hosts_part(void **state)
{
	static const char later[] = "MemTotal: 8388608 kB\nMemFree: 1024 kB\n"
				    "MemAvailable: 2048 kB\nHugePages_Free: 7\n";
	struct fixture *f = *state;
	struct view *v = v2_view(f);

	assert_true(view_memory(v)->available == 393 * MIB);
	put(f, "proc/meminfo", later);
	assert_true(view_begin(v, START + 10 * SECOND + VIEW_VALID_NS));
	assert_true(view_memory(v)->available == 393 * MIB);
	put(f, "cg/slice/ctr/memory.max", "max\n");
	put(f, "cg/slice/memory.max", "max\n");
	cgroup_read_forget(v->cgroup);
	assert_true(view_begin(v, START + 10 * SECOND + 2 * VIEW_VALID_NS));
	assert_true(view_memory(v)->available == 2 * MIB);
	assert_has(v, node_meminfo, "HugePages_Free: 7\n");
}

static void view_load__from_cpu_time(void **state)
{
	struct fixture *f = *state;
	struct view *v = v2_view(f);
	double first;

	/* 6 s of CPU in 10 s, from nothing: 0.6 * (1 - e^(-10/60)) */
	first = view_load(v)->avg[0];
	assert_true(first > 0.090 && first < 0.095);
	/* nothing in the next minute */
	assert_true(view_begin(v, START + 70 * SECOND));
	assert_true(view_load(v)->avg[0] < 0.4 * first);
}

static void view_load__waiting_tasks_count(void **state)
{
	struct fixture *f = *state;

	put(f, "tasks/1/stat", "1 (init) S 0 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 3 0 5\n");
	put(f, "tasks/40/stat", "40 (a) R) D 0 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 5\n");
	put(f, "tasks/7/stat", "7 (b) R 0 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 2 0 5\n");
	put(f, "tasks/self/stat", "junk");
	assert_true(view_load(v2_view(f))->avg[0] > 0.15);
	assert_has(f->view, node_loadavg, " 1/6 40\n");
	assert_has(f->view, node_stat, "procs_running 1\nprocs_blocked 1\n");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(view_memory__v2_minimum_of_path),
		T(view_cpus__v2_quota_within_set),
		T(node_stat__v2_adds_up),
		T(node_cpuinfo__sections_of_the_set),
		T(node_meminfo__limited),
		T(node_disk__what_was_used),
		T(view_memory__v1),
		T(view_cpu_times__v1_each_cpu),
		T(view_cpu_times__v1_quota),
		T(node_meminfo__unlimited_is_the_host),
		T(cgroup_read__hybrid),
		T(cgroup_read_cpu_rate__of_a_part),
		T(cgroup_read_forget__limits_above),
		T(cgroup_read__nothing_known),
		T(cgroup_read_reopen__controller_enabled_later),
		T(cgroup_read__deep_path),
		T(cgroup_read_add__upwards),
		T(cgroup_line_parse__cases),
		T(view_begin__validity),
		T(view_memory__age_of_the_hosts_part),
		T(view_load__from_cpu_time),
		T(view_load__waiting_tasks_count),
	};

	return RUN(tests);
}
