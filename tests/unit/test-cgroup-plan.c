/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/str.h"
#include "src/cgroup-internal.h"
#include "src/host.h"
#include "src/spec.h"

static struct host_hierarchy v2_tree[] = {{(char *)"", (char *)"/sys/fs/cgroup"}};
static const struct host v2_host = {.cgroup_mode = HOST_CGROUP_V2,
				    .hierarchies = v2_tree,
				    .n_hierarchies = 1,
				    .has_systemd = true};

static struct host_hierarchy hybrid_trees[] = {
	{(char *)"cpu,cpuacct", (char *)"/sys/fs/cgroup/cpu,cpuacct"},
	{(char *)"name=systemd", (char *)"/sys/fs/cgroup/systemd"},
	{(char *)"", (char *)"/sys/fs/cgroup/unified"},
};
static const struct host hybrid_host = {
	.cgroup_mode = HOST_CGROUP_HYBRID, .hierarchies = hybrid_trees, .n_hierarchies = 3};

struct plan_case {
	enum cgroup_driver driver;
	const char *cgroups_path;
	const char *want_path; /* below the root; NULL: an error */
	const char *want_unit; /* or a part of the error */
};

static const struct plan_case cases[] = {
	{CGROUP_FS, NULL, "/id", NULL},
	{CGROUP_FS, "", "/id", NULL},
	{CGROUP_FS, "/docker/abc", "/docker/abc", NULL},
	{CGROUP_FS, "docker/abc", "/docker/abc", NULL},
	{CGROUP_FS, "../../etc/x", "/etc/x", NULL},
	{CGROUP_FS, "/a/../../../b/./c//d", "/b/c/d", NULL},
	{CGROUP_FS, "/", NULL, "is the root of the hierarchy"},
	{CGROUP_FS, "a/..", NULL, "is the root of the hierarchy"},

	{CGROUP_SYSTEMD, NULL, "/system.slice/sysbox-runc-id.scope", "sysbox-runc-id.scope"},
	{CGROUP_SYSTEMD, ":docker:abc", "/system.slice/docker-abc.scope", "docker-abc.scope"},
	{CGROUP_SYSTEMD, "system.slice:docker:abc", "/system.slice/docker-abc.scope",
	 "docker-abc.scope"},
	{CGROUP_SYSTEMD, "-.slice:docker:abc", "/docker-abc.scope", "docker-abc.scope"},
	{CGROUP_SYSTEMD, "kubepods-burstable-pod1.slice:cri:x",
	 "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-x.scope",
	 "cri-x.scope"},
	{CGROUP_SYSTEMD, "/docker/abc", NULL, "\"slice:prefix:name\""},
	{CGROUP_SYSTEMD, "a.slice:b", NULL, "\"slice:prefix:name\""},
	{CGROUP_SYSTEMD, "a.slice:b:c:d", NULL, "\"slice:prefix:name\""},
	{CGROUP_SYSTEMD, "a:b:c", NULL, "invalid slice name \"a\""},
	{CGROUP_SYSTEMD, ".slice:b:c", NULL, "invalid slice name"},
	{CGROUP_SYSTEMD, "-a.slice:b:c", NULL, "invalid slice name"},
	{CGROUP_SYSTEMD, "a--b.slice:b:c", NULL, "invalid slice name"},
	{CGROUP_SYSTEMD, "a-.slice:b:c", NULL, "invalid slice name"},
	{CGROUP_SYSTEMD, "../x.slice:b:c", NULL, "invalid slice name"},
	{CGROUP_SYSTEMD, "a.slice:../b:c", NULL, "invalid unit name"},
	{CGROUP_SYSTEMD, "a.slice:b:c/d", NULL, "invalid unit name"},
	{CGROUP_SYSTEMD, "a.slice:b:c.slice", NULL, "needs a scope"},
};

static void expect_case(const struct plan_case *c)
{
	char want[256];
	struct cgroup cg;
	struct error err = {0};
	int r = cgroup_plan(&cg, &v2_host, c->driver, c->cgroups_path, "id", &err);

	if (!c->want_path) {
		if (r == 0)
			fail_msg("\"%s\" was taken", c->cgroups_path);
		assert_int_equal(r, -EINVAL);
		if (!strstr(err.text, c->want_unit))
			fail_msg("\"%s\": %s", c->cgroups_path, err.text);
		return;
	}
	if (r < 0)
		fail_msg("%s", err.text);
	assert_true(cg.is_v2);
	assert_int_equal(cg.n_dirs, 1);
	snprintf(want, sizeof(want), "/sys/fs/cgroup%s", c->want_path);
	assert_string_equal(cg.dirs[0].path, want);
	assert_true(str_eq(cg.unit, c->want_unit));
	cgroup_done(&cg);
}

static void plan__names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_case(&cases[i]);
}

static void plan__every_hierarchy_of_the_hybrid_layout(void **state)
{
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	assert_int_equal(cgroup_plan(&cg, &hybrid_host, CGROUP_FS, "/a/b", "id", &err), 0);
	assert_false(cg.is_v2);
	assert_int_equal(cg.n_dirs, 3);
	assert_string_equal(cg.dirs[0].path, "/sys/fs/cgroup/cpu,cpuacct/a/b");
	assert_string_equal(cg.dirs[1].path, "/sys/fs/cgroup/systemd/a/b");
	assert_string_equal(cg.dirs[2].path, "/sys/fs/cgroup/unified/a/b");
	assert_ptr_equal(cgroup_dir_find(&cg, "cpuacct"), &cg.dirs[0]);
	assert_ptr_equal(cgroup_dir_find(&cg, "cpu"), &cg.dirs[0]);
	assert_null(cgroup_dir_find(&cg, "cpua"));
	assert_null(cgroup_dir_find(&cg, "acct"));
	assert_null(cgroup_dir_find(&cg, "memory"));
	assert_ptr_equal(cgroup_dir_v2(&cg), &cg.dirs[2]);
	cgroup_done(&cg);
}

static void plan__what_the_host_lacks(void **state)
{
	struct host none = {.cgroup_mode = HOST_CGROUP_NONE};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	assert_int_equal(cgroup_plan(&cg, &none, CGROUP_FS, "/a", "id", &err), -ENOENT);
	assert_int_equal(cgroup_plan(&cg, &hybrid_host, CGROUP_SYSTEMD, NULL, "id", &err),
			 -ENOTSUP);
	assert_non_null(strstr(err.text, "systemd is not running"));
}

/* Two containers of one name are told apart. */
static void plan__marks_differ(void **state)
{
	struct cgroup a, b;
	struct error err = {0};

	(void)state;
	assert_int_equal(cgroup_plan(&a, &v2_host, CGROUP_FS, "/a", "id", &err), 0);
	assert_int_equal(cgroup_plan(&b, &v2_host, CGROUP_FS, "/a", "id", &err), 0);
	assert_int_equal(strlen(a.mark), 32);
	assert_string_not_equal(a.mark, b.mark);
	cgroup_done(&a);
	cgroup_done(&b);
}

/* What is divided by whoever makes a group would be no limit. */
static void withhold__flat_limits_only(void **state)
{
	static struct host_hierarchy trees[] = {
		{(char *)"blkio", (char *)"/b"},
		{(char *)"net_cls,net_prio", (char *)"/n"},
		{(char *)"memory", (char *)"/m"},
		{(char *)"", (char *)"/u"},
	};
	static const struct host v1_host = {
		.cgroup_mode = HOST_CGROUP_HYBRID, .hierarchies = trees, .n_hierarchies = 4};
	struct spec_throttle_device rate = {.rate = 1};
	struct spec_block_io weight = {.weight = {true, 10}},
			     throttle = {.write_iops = &rate, .n_write_iops = 1};
	struct spec_network class = {.class_id = {true, 1}};
	const struct {
		struct spec_resources r;
		bool want[4];
	} rows[] = {
		{{.block_io = &weight}, {false, false, false, false}},
		{{.block_io = &throttle}, {true, false, false, false}},
		{{.network = &class}, {false, true, false, false}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup cg = {0};
		struct error err;

		assert_int_equal(cgroup_plan(&cg, &v1_host, CGROUP_FS, "/a", "id", &err), 0);
		cgroup_withhold(&cg, NULL);
		cgroup_withhold(&cg, &rows[i].r);
		for (size_t k = 0; k < cg.n_dirs; k++)
			assert_int_equal(cg.dirs[k].is_withheld, rows[i].want[k]);
		cgroup_done(&cg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan__names),
		cmocka_unit_test(plan__every_hierarchy_of_the_hybrid_layout),
		cmocka_unit_test(plan__what_the_host_lacks),
		cmocka_unit_test(plan__marks_differ),
		cmocka_unit_test(withhold__flat_limits_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
