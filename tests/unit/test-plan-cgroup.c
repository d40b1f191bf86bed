/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: resources in, writes out, for both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/plan-cgroup.h"
#include "src/spec.h"

#define U64(v)                                                                                 \
	{                                                                                      \
		true, v                                                                        \
	}
#define I64(v)                                                                                 \
	{                                                                                      \
		true, v                                                                        \
	}

/*
 * The writes as text, one a line: "controller file value", with "?" in front of
 * optional ones and "|" in front of those that stand in.
 */
static char *plan_text(const struct spec_resources *r, enum plan_cgroup_version version,
		       struct error *err)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_EMPTY;
	struct plan_cgroup_write *w;
	size_t n;

	if (plan_cgroup(&w, &n, r, version, err) < 0)
		return NULL;
	strbuf_adds(&out, "");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&out, "%s%s%s%s%s %s\n", w[i].otherwise ? "|" : "",
			    w[i].optional ? "?" : "", w[i].controller,
			    *w[i].controller ? " " : "", w[i].file, w[i].value);
	plan_cgroup_free(w, n);
	return strbuf_take(&out);
}

static void expect_plan(const struct spec_resources *r, enum plan_cgroup_version version,
			const char *want)
{
	struct error err = {0};
	char *text = plan_text(r, version, &err);

	if (!text)
		fail_msg("%s", err.text);
	assert_string_equal(text, want);
	free(text);
}

static void expect_error(const struct spec_resources *r, enum plan_cgroup_version version,
			 const char *want)
{
	struct error err = {0};
	char *text = plan_text(r, version, &err);

	if (text)
		fail_msg("no error, but:\n%s", text);
	assert_string_equal(err.text, want);
	assert_int_equal(err.errnum, EINVAL);
}

static void nothing__writes_nothing(void **state)
{
	/* Zero and empty are "not set", as engines send them. */
	struct spec_memory m = {.limit = I64(0), .swap = I64(0), .reservation = I64(0)};
	struct spec_cpu c = {.shares = U64(0),
			     .quota = I64(0),
			     .period = U64(0),
			     .cpus = (char *)"",
			     .mems = (char *)""};
	struct spec_pids p = {0};
	struct spec_block_io b = {.weight = U64(0)};
	struct spec_resources empty = {0};
	struct spec_resources zeros = {.memory = &m, .cpu = &c, .pids = &p, .block_io = &b};

	(void)state;
	expect_plan(NULL, PLAN_CGROUP_V1, "");
	expect_plan(&empty, PLAN_CGROUP_V1, "");
	expect_plan(&empty, PLAN_CGROUP_V2, "");
	expect_plan(&zeros, PLAN_CGROUP_V1, "");
	expect_plan(&zeros, PLAN_CGROUP_V2, "");
}

struct memory_case {
	struct spec_memory m;
	const char *v1;
	const char *v2;
};

static const struct memory_case memory_cases[] = {
	{{.limit = I64(1000)}, "memory memory.limit_in_bytes 1000\n", "memory.max 1000\n"},
	{{.limit = I64(1000), .swap = I64(3000)},
	 "memory memory.limit_in_bytes 1000\nmemory memory.memsw.limit_in_bytes 3000\n",
	 "memory.swap.max 2000\nmemory.max 1000\n"},
	/* No swap at all is a limit of its own. */
	{{.limit = I64(1000), .swap = I64(1000)},
	 "memory memory.limit_in_bytes 1000\nmemory memory.memsw.limit_in_bytes 1000\n",
	 "?memory.swap.max 0\nmemory.max 1000\n"},
	{{.limit = I64(1000), .swap = I64(-1)},
	 "memory memory.limit_in_bytes 1000\nmemory memory.memsw.limit_in_bytes -1\n",
	 "?memory.swap.max max\nmemory.max 1000\n"},
	{{.limit = I64(-1)},
	 "memory memory.limit_in_bytes -1\n?memory memory.memsw.limit_in_bytes -1\n",
	 "?memory.swap.max max\nmemory.max max\n"},
	{{.limit = I64(-1), .swap = I64(5000)},
	 "memory memory.limit_in_bytes -1\nmemory memory.memsw.limit_in_bytes 5000\n",
	 "memory.swap.max 5000\nmemory.max max\n"},
	{{.reservation = I64(500)},
	 "memory memory.soft_limit_in_bytes 500\n",
	 "memory.low 500\n"},
	{{.reservation = I64(-1)},
	 "memory memory.soft_limit_in_bytes -1\n",
	 "memory.low max\n"},
	/* v2 has no such files. */
	{{.swappiness = U64(0)}, "memory memory.swappiness 0\n", ""},
	{{.swappiness = U64(60)}, "memory memory.swappiness 60\n", ""},
	{{.disable_oom_killer = {true, true}}, "memory memory.oom_control 1\n", ""},
	{{.disable_oom_killer = {true, false}}, "", ""},
	/* Gone from the kernel. */
	{{.kernel = I64(1000), .kernel_tcp = I64(1000)}, "", ""},
};

static void memory__writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(memory_cases); i++) {
		struct spec_memory m = memory_cases[i].m;
		struct spec_resources r = {.memory = &m};

		expect_plan(&r, PLAN_CGROUP_V1, memory_cases[i].v1);
		expect_plan(&r, PLAN_CGROUP_V2, memory_cases[i].v2);
	}
}

static void memory__errors(void **state)
{
	struct spec_memory m = {.swap = I64(1000)};
	struct spec_resources r = {.memory = &m};

	(void)state;
	expect_error(&r, PLAN_CGROUP_V2, "unable to set swap limit without memory limit");
	m = (struct spec_memory){.limit = I64(2000), .swap = I64(1000)};
	expect_error(&r, PLAN_CGROUP_V2, "memory+swap limit should be >= memory limit");
	m = (struct spec_memory){.swappiness = U64(101)};
	expect_error(&r, PLAN_CGROUP_V1,
		     "invalid memory swappiness value: 101 (valid range is 0-100)");
}

static void shares__become_weights_on_a_curve(void **state)
{
	static const struct {
		uint64_t shares;
		const char *weight;
	} cases[] = {
		{1, "cpu.weight 1\n"},		{2, "cpu.weight 1\n"},
		{3, "cpu.weight 2\n"},		{100, "cpu.weight 17\n"},
		{512, "cpu.weight 59\n"},	{1024, "cpu.weight 100\n"},
		{1025, "cpu.weight 101\n"},	{2048, "cpu.weight 174\n"},
		{10240, "cpu.weight 639\n"},	{262143, "cpu.weight 10000\n"},
		{262144, "cpu.weight 10000\n"}, {UINT64_MAX, "cpu.weight 10000\n"},
	};
	struct spec_cpu c = {0};
	struct spec_resources r = {.cpu = &c};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		c.shares = (struct maybe_u64){true, cases[i].shares};
		expect_plan(&r, PLAN_CGROUP_V2, cases[i].weight);
	}
}

struct cpu_case {
	struct spec_cpu c;
	const char *v1;
	const char *v2;
};

static const struct cpu_case cpu_cases[] = {
	{{.shares = U64(512)}, "cpu cpu.shares 512\n", "cpu.weight 59\n"},
	{{.quota = I64(50000), .period = U64(100000)},
	 "cpu cpu.cfs_period_us 100000\ncpu cpu.cfs_quota_us 50000\n",
	 "cpu.max 50000 100000\n"},
	{{.quota = I64(50000)}, "cpu cpu.cfs_quota_us 50000\n", "cpu.max 50000 100000\n"},
	{{.period = U64(20000)}, "cpu cpu.cfs_period_us 20000\n", "cpu.max max 20000\n"},
	{{.quota = I64(-1)}, "cpu cpu.cfs_quota_us -1\n", "cpu.max max 100000\n"},
	{{.quota = I64(-1), .period = U64(20000)},
	 "cpu cpu.cfs_period_us 20000\ncpu cpu.cfs_quota_us -1\n",
	 "cpu.max max 20000\n"},
	{{.burst = U64(0)}, "cpu cpu.cfs_burst_us 0\n", "cpu.max.burst 0\n"},
	{{.quota = I64(10000), .burst = U64(5000)},
	 "cpu cpu.cfs_quota_us 10000\ncpu cpu.cfs_burst_us 5000\n",
	 "cpu.max 10000 100000\ncpu.max.burst 5000\n"},
	{{.idle = I64(0)}, "cpu cpu.idle 0\n", "cpu.idle 0\n"},
	/* An idle group has no weight of its own. */
	{{.idle = I64(1), .shares = U64(512)},
	 "cpu cpu.idle 1\n?cpu cpu.shares 512\n",
	 "cpu.idle 1\n?cpu.weight 59\n"},
	/* v2 has no realtime limits. */
	{{.realtime_period = U64(1000000), .realtime_runtime = I64(950000)},
	 "cpu cpu.rt_period_us 1000000\ncpu cpu.rt_runtime_us 950000\n",
	 ""},
	{{.cpus = (char *)"0-1", .mems = (char *)"0"},
	 "cpuset cpuset.cpus 0-1\ncpuset cpuset.mems 0\n",
	 "cpuset.cpus 0-1\ncpuset.mems 0\n"},
};

static void cpu__writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cpu_cases); i++) {
		struct spec_cpu c = cpu_cases[i].c;
		struct spec_resources r = {.cpu = &c};

		expect_plan(&r, PLAN_CGROUP_V1, cpu_cases[i].v1);
		expect_plan(&r, PLAN_CGROUP_V2, cpu_cases[i].v2);
	}
}

/* v1 would clamp silently. */
static void shares__out_of_range_on_v1(void **state)
{
	struct spec_cpu c = {.shares = U64(1)};
	struct spec_resources r = {.cpu = &c};

	(void)state;
	expect_error(&r, PLAN_CGROUP_V1, "the minimum allowed cpu-shares is 2");
	c.shares.value = 262145;
	expect_error(&r, PLAN_CGROUP_V1, "the maximum allowed cpu-shares is 262144");
}

static void pids__writes(void **state)
{
	struct spec_pids p = {.limit = I64(100)};
	struct spec_resources r = {.pids = &p};

	(void)state;
	expect_plan(&r, PLAN_CGROUP_V1, "pids pids.max 100\n");
	expect_plan(&r, PLAN_CGROUP_V2, "pids.max 100\n");
	p.limit.value = -1;
	expect_plan(&r, PLAN_CGROUP_V1, "pids pids.max max\n");
	expect_plan(&r, PLAN_CGROUP_V2, "pids.max max\n");
	p.limit.value = 0;
	expect_plan(&r, PLAN_CGROUP_V2, "pids.max 1\n");
}

static void blkio__weights(void **state)
{
	struct spec_weight_device d = {
		.major = 8, .minor = 16, .weight = U64(500), .leaf_weight = U64(300)};
	struct spec_block_io b = {.weight = U64(10), .weight_device = &d, .n_weight_device = 1};
	struct spec_resources r = {.block_io = &b};

	(void)state;
	expect_plan(&r, PLAN_CGROUP_V1,
		    "blkio blkio.weight 10\n|blkio blkio.bfq.weight 10\n"
		    "blkio blkio.leaf_weight_device 8:16 300\n"
		    "blkio blkio.weight_device 8:16 500\n"
		    "|blkio blkio.bfq.weight_device 8:16 500\n");
	expect_plan(&r, PLAN_CGROUP_V2,
		    "io.bfq.weight 10\n|io.weight 1\n"
		    "?io.bfq.weight 8:16 500\n|?io.weight 8:16 4950\n");
	b = (struct spec_block_io){.weight = U64(1000)};
	expect_plan(&r, PLAN_CGROUP_V2, "io.bfq.weight 1000\n|io.weight 10000\n");
	b.weight.value = 9;
	expect_error(&r, PLAN_CGROUP_V2,
		     "linux.resources.blockIO.weight: 9 is not in 10..1000");
}

static void blkio__throttles(void **state)
{
	struct spec_throttle_device a = {8, 0, 1000}, none = {8, 0, 0};
	struct spec_block_io b = {
		.read_bps = &a,
		.n_read_bps = 1,
		.write_bps = &none,
		.n_write_bps = 1,
		.read_iops = &a,
		.n_read_iops = 1,
		.write_iops = &a,
		.n_write_iops = 1,
	};
	struct spec_resources r = {.block_io = &b};

	(void)state;
	expect_plan(&r, PLAN_CGROUP_V1,
		    "blkio blkio.throttle.read_bps_device 8:0 1000\n"
		    "blkio blkio.throttle.write_bps_device 8:0 0\n"
		    "blkio blkio.throttle.read_iops_device 8:0 1000\n"
		    "blkio blkio.throttle.write_iops_device 8:0 1000\n");
	expect_plan(&r, PLAN_CGROUP_V2,
		    "io.max 8:0 rbps=1000\nio.max 8:0 wbps=max\n"
		    "io.max 8:0 riops=1000\nio.max 8:0 wiops=1000\n");
}

static void hugetlb_rdma_network__writes(void **state)
{
	struct spec_hugepage_limit h = {.page_size = (char *)"2MB", .limit = 4096};
	struct spec_rdma d[] = {
		{.device = (char *)"mlx4_0", .hca_handles = U64(2), .hca_objects = U64(20)},
		{.device = (char *)"mlx4_1", .hca_objects = U64(5)},
		{.device = (char *)"mlx4_2"},
	};
	struct spec_net_priority prio = {.name = (char *)"eth0", .priority = 5};
	struct spec_network net = {
		.class_id = U64(0x10001), .priorities = &prio, .n_priorities = 1};
	struct spec_resources r = {
		.hugepage_limits = &h,
		.n_hugepage_limits = 1,
		.rdma = d,
		.n_rdma = 3,
		.network = &net,
	};

	(void)state;
	expect_plan(&r, PLAN_CGROUP_V1,
		    "hugetlb hugetlb.2MB.limit_in_bytes 4096\n"
		    "?hugetlb hugetlb.2MB.rsvd.limit_in_bytes 4096\n"
		    "net_cls net_cls.classid 65537\n"
		    "net_prio net_prio.ifpriomap eth0 5\n"
		    "rdma rdma.max mlx4_0 hca_handle=2 hca_object=20\n"
		    "rdma rdma.max mlx4_1 hca_object=5\n");
	expect_plan(&r, PLAN_CGROUP_V2,
		    "hugetlb.2MB.max 4096\n?hugetlb.2MB.rsvd.max 4096\n"
		    "rdma.max mlx4_0 hca_handle=2 hca_object=20\n"
		    "rdma.max mlx4_1 hca_object=5\n");
}

/* Words that would reach out of the directory or the line. */
static void names__are_checked(void **state)
{
	struct spec_hugepage_limit h = {.page_size = (char *)"../../x", .limit = 1};
	struct spec_rdma d = {.device = (char *)"a b", .hca_handles = U64(1)};
	struct json_pair u = {.key = (char *)"../memory.max", .value = (char *)"1"};
	struct spec_resources huge = {.hugepage_limits = &h, .n_hugepage_limits = 1};
	struct spec_resources rdma = {.rdma = &d, .n_rdma = 1};
	struct spec_resources unified = {.unified = &u, .n_unified = 1};

	(void)state;
	expect_error(&huge, PLAN_CGROUP_V2,
		     "linux.resources.hugepageLimits: \"../../x\" is no page size");
	expect_error(&rdma, PLAN_CGROUP_V2, "linux.resources.rdma: \"a b\" is no device name");
	expect_error(&unified, PLAN_CGROUP_V2,
		     "unified resource \"../memory.max\" must be a file name (no slashes)");
	u.key = (char *)"memory";
	expect_error(&unified, PLAN_CGROUP_V2,
		     "unified resource \"memory\" must be in the form CONTROLLER.PARAMETER");
}

/* Last, so that it overrides; a write for each line. */
static void unified__writes(void **state)
{
	struct spec_pids p = {.limit = I64(100)};
	struct json_pair u[] = {
		{(char *)"memory.high", (char *)"1000"},
		{(char *)"io.max", (char *)"8:0 rbps=1\n8:16 rbps=2\n"},
	};
	struct spec_resources r = {.pids = &p, .unified = u, .n_unified = 2};

	(void)state;
	expect_plan(&r, PLAN_CGROUP_V2,
		    "pids.max 100\nmemory.high 1000\nio.max 8:0 rbps=1\nio.max 8:16 rbps=2\n");
	expect_error(&r, PLAN_CGROUP_V1,
		     "invalid configuration: cannot use unified on cgroup v1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing__writes_nothing),
		cmocka_unit_test(memory__writes),
		cmocka_unit_test(memory__errors),
		cmocka_unit_test(shares__become_weights_on_a_curve),
		cmocka_unit_test(cpu__writes),
		cmocka_unit_test(shares__out_of_range_on_v1),
		cmocka_unit_test(pids__writes),
		cmocka_unit_test(blkio__weights),
		cmocka_unit_test(blkio__throttles),
		cmocka_unit_test(hugetlb_rdma_network__writes),
		cmocka_unit_test(names__are_checked),
		cmocka_unit_test(unified__writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
