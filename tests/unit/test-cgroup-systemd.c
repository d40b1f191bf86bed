/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd driver against the real one; skipped without systemd or root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"
#include "src/host.h"
#include "src/spec.h"

static struct host host;
static char cgroups_path[96];
static char unit[96];

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int new_name(void **state)
{
	static int n;

	(void)state;
	n++;
	snprintf(cgroups_path, sizeof(cgroups_path), "sysboxtest-a.slice:test:%d-%d",
		 (int)getpid(), n);
	snprintf(unit, sizeof(unit), "test-%d-%d.scope", (int)getpid(), n);
	return 0;
}

static bool is_v2(void)
{
	return host.cgroup_mode == HOST_CGROUP_V2;
}

static void plan(struct cgroup *cg)
{
	struct error err = {0};

	assert_int_equal(cgroup_plan(cg, &host, CGROUP_SYSTEMD, cgroups_path, "id", &err), 0);
	assert_string_equal(cg->unit, unit);
}

static void create(struct cgroup *cg, const struct spec_resources *r, pid_t pid)
{
	struct error err = {0};

	plan(cg);
	if (cgroup_create(cg, r, pid, NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
}

/* "systemctl show -p NAME --value UNIT" */
static void expect_property(const char *property, const char *want)
{
	char command[256], got[256] = "";
	FILE *f;

	snprintf(command, sizeof(command), "systemctl show -p %s --value %s", property, unit);
	f = popen(command, "r");
	assert_non_null(f);
	if (!fgets(got, sizeof(got), f))
		got[0] = '\0';
	pclose(f);
	got[strcspn(got, "\n")] = '\0';
	if (!str_eq(got, want))
		fail_msg("%s is \"%s\", not \"%s\"", property, got, want);
}

static void expect_file(const struct cgroup *cg, const char *controller, const char *file,
			const char *want)
{
	_cleanup_free_ char *path = path_join(cgroup_dir_find(cg, controller)->path, file);
	_cleanup_free_ char *text = NULL;

	assert_int_equal(file_read_line(AT_FDCWD, path, &text), 0);
	assert_string_equal(text, want);
}

static void expect_inside(const struct cgroup *cg, pid_t pid)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		_cleanup_free_ pid_t *pids = NULL;
		struct error err = {0};
		size_t n;

		assert_int_equal(cgroup_dir_pids(&cg->dirs[i], &pids, &n, &err), 0);
		if (n != 1 || pids[0] != pid)
			fail_msg("%s does not hold the process", cg->dirs[i].path);
	}
}

static void destroy(struct cgroup *cg)
{
	struct error err = {0};

	if (cgroup_destroy(cg, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < cg->n_dirs; i++)
		assert_int_equal(access(cg->dirs[i].path, F_OK), -1);
	expect_property("LoadState", "not-found");
	cgroup_done(cg);
}

static void create__is_a_delegated_scope(void **state)
{
	pid_t pid = sleeper();
	struct cgroup cg;

	(void)state;
	create(&cg, NULL, pid);
	expect_inside(&cg, pid);
	expect_property("ActiveState", "active");
	expect_property("Slice", "sysboxtest-a.slice");
	expect_property("Delegate", "yes");
	expect_property("TasksAccounting", "yes");
	reap(pid);
	destroy(&cg);
}

static void limits__are_known_to_systemd_and_outlive_its_reload(void **state)
{
	struct spec_memory memory = {.limit = {true, 64 << 20}};
	struct spec_pids pids = {.limit = {true, 42}};
	struct spec_cpu cpu = {
		.shares = {true, 512}, .quota = {true, 25300}, .period = {true, 100000}};
	struct spec_resources r = {.memory = &memory, .pids = &pids, .cpu = &cpu};
	struct cgroup cg;
	struct error err = {0};
	bool has_all;
	pid_t pid;

	(void)state;
	plan(&cg);
	has_all = cgroup_dir_find(&cg, "memory") && cgroup_dir_find(&cg, "pids");
	cgroup_done(&cg);
	if (!has_all) /* kernels without CONFIG_MEMCG_V1 */
		skip();
	pid = sleeper();
	create(&cg, &r, pid);
	expect_property(is_v2() ? "MemoryMax" : "MemoryLimit", "67108864");
	expect_property("TasksMax", "42");
	expect_property("CPUQuotaPerSecUSec", "260ms"); /* whole percents, upwards */
	expect_property(is_v2() ? "CPUWeight" : "CPUShares", is_v2() ? "59" : "512");
	/* The file has the exact value. */
	if (is_v2())
		expect_file(&cg, "cpu", "cpu.max", "25300 100000");
	else
		expect_file(&cg, "cpu", "cpu.cfs_quota_us", "25300");

	memory.limit.value = 128 << 20;
	pids.limit.value = -1;
	if (cgroup_update(&cg, &r, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(system("systemctl daemon-reload"), 0);
	expect_property(is_v2() ? "MemoryMax" : "MemoryLimit", "134217728");
	expect_property("TasksMax", "infinity");
	expect_file(&cg, "memory", is_v2() ? "memory.max" : "memory.limit_in_bytes",
		    "134217728");
	expect_file(&cg, "pids", "pids.max", "max");
	reap(pid);
	destroy(&cg);
}

static void unified__becomes_properties_where_systemd_knows_them(void **state)
{
	struct json_pair unified[] = {
		{(char *)"memory.high", (char *)"33554432"},
		{(char *)"cgroup.max.depth", (char *)"7"},
	};
	struct spec_resources r = {.unified = unified, .n_unified = ARRAY_SIZE(unified)};
	pid_t pid = sleeper();
	struct cgroup cg;

	(void)state;
	if (!is_v2()) {
		reap(pid);
		skip();
	}
	create(&cg, &r, pid);
	expect_property("MemoryHigh", "33554432");
	expect_file(&cg, "memory", "memory.high", "33554432");
	expect_file(&cg, "", "cgroup.max.depth", "7");
	reap(pid);
	destroy(&cg);
}

static void annotations__are_properties(void **state)
{
	const struct cgroup_property properties[] = {
		{"CollectMode", "'inactive-or-failed'"},
		{"TimeoutStopSec", "uint64 7"},
		{"After", "['basic.target']"},
	};
	const struct cgroup_property bad = {"NoSuchThing", "'x'"};
	pid_t pid = sleeper();
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	assert_true(cgroup_create(&cg, NULL, pid, &bad, 1, &err) < 0);
	assert_non_null(strstr(err.text, "NoSuchThing"));
	if (cgroup_create(&cg, NULL, pid, properties, ARRAY_SIZE(properties), &err) < 0)
		fail_msg("%s", err.text);
	expect_property("CollectMode", "inactive-or-failed");
	expect_property("TimeoutStopUSec", "7s");
	reap(pid);
	destroy(&cg);
}

/* One bit for each: /dev/null opens, our node of /dev/kmsg opens for reading. */
static int try_devices(const struct cgroup *cg, const char *node)
{
	struct error err = {0};
	int go[2], status;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(255);
		_exit((open("/dev/null", O_RDWR) >= 0) | (open(node, O_RDONLY) >= 0) << 1);
	}
	if (cgroup_enter(cg, pid, 0, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(go[0]);
	close(go[1]);
	return WEXITSTATUS(status);
}

static void devices__outlive_a_reload(void **state)
{
	struct spec_device_rule rules[] = {
		{.allow = false, .access = (char *)"rwm"},
		{.allow = true,
		 .type = (char *)"c",
		 .major = {true, 1},
		 .minor = {true, 11},
		 .access = (char *)"r"},
	};
	struct spec_resources r = {.devices = rules, .n_devices = 1};
	char dir[] = "/tmp/test-cgroup-XXXXXX", node[64];
	pid_t pid = sleeper();
	struct cgroup cg;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(node, sizeof(node), "%s/kmsg", dir);
	assert_int_equal(mknod(node, S_IFCHR | 0600, makedev(1, 11)), 0);

	create(&cg, &r, pid);
	expect_property("DevicePolicy", "strict");
	assert_int_equal(try_devices(&cg, node), 1);
	assert_int_equal(system("systemctl daemon-reload"), 0);
	assert_int_equal(try_devices(&cg, node), 1);
	reap(pid);
	destroy(&cg);

	new_name(NULL);
	pid = sleeper();
	r.n_devices = 2;
	create(&cg, &r, pid);
	assert_int_equal(try_devices(&cg, node), 3);
	assert_int_equal(system("systemctl daemon-reload"), 0);
	assert_int_equal(try_devices(&cg, node), 3);
	reap(pid);
	destroy(&cg);

	new_name(NULL);
	pid = sleeper();
	rules[0].allow = true;
	r.n_devices = 1;
	create(&cg, &r, pid);
	expect_property("DevicePolicy", "auto");
	assert_int_equal(try_devices(&cg, node), 3);
	reap(pid);
	destroy(&cg);
	unlink(node);
	rmdir(dir);
}

static void a_scope_of_somebody_else__is_left_alone(void **state)
{
	pid_t theirs_pid = sleeper(), ours_pid = sleeper();
	struct cgroup theirs, ours;
	struct error err = {0};

	(void)state;
	create(&theirs, NULL, theirs_pid);
	plan(&ours);
	assert_true(cgroup_create(&ours, NULL, ours_pid, NULL, 0, &err) < 0);
	assert_int_equal(cgroup_kill(&ours, SIGKILL, &err), 0);
	assert_int_equal(cgroup_destroy(&ours, &err), 0);
	assert_int_equal(waitpid(theirs_pid, NULL, WNOHANG), 0);
	expect_inside(&theirs, theirs_pid);
	expect_property("ActiveState", "active");
	cgroup_done(&ours);
	reap(ours_pid);
	reap(theirs_pid);
	destroy(&theirs);
}

/* The scope goes with its last process; and a failed one of this name is no obstacle. */
static void create__again_under_the_same_name(void **state)
{
	struct cgroup cg;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pid_t pid = sleeper();

		create(&cg, NULL, pid);
		reap(pid);
		if (i == 1)
			usleep(200000); /* systemd has seen the end */
		destroy(&cg);
	}
}

static void destroy__stops_what_still_runs(void **state)
{
	pid_t pid = sleeper();
	struct cgroup cg;

	(void)state;
	create(&cg, NULL, pid);
	destroy(&cg);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What the container made inside is no business of systemd's. */
static void destroy__removes_what_was_made_inside(void **state)
{
	pid_t pid = sleeper();
	struct cgroup cg;

	(void)state;
	create(&cg, NULL, pid);
	for (size_t i = 0; i < cg.n_dirs; i++) {
		_cleanup_free_ char *a = path_join(cg.dirs[i].path, "a");
		_cleanup_free_ char *b = path_join(a, "b");

		assert_int_equal(mkdir(a, 0755), 0);
		assert_int_equal(mkdir(b, 0755), 0);
	}
	reap(pid);
	destroy(&cg);
}

static void pause_and_kill(void **state)
{
	pid_t pid = sleeper();
	struct cgroup cg;
	struct error err = {0};
	int status;

	(void)state;
	create(&cg, NULL, pid);
	assert_int_equal(cgroup_freeze(&cg, &err), 0);
	assert_int_equal(cgroup_is_frozen(&cg), 1);
	assert_int_equal(cgroup_thaw(&cg, &err), 0);
	assert_int_equal(cgroup_kill(&cg, SIGKILL, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	destroy(&cg);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(create__is_a_delegated_scope, new_name),
		cmocka_unit_test_setup(limits__are_known_to_systemd_and_outlive_its_reload,
				       new_name),
		cmocka_unit_test_setup(unified__becomes_properties_where_systemd_knows_them,
				       new_name),
		cmocka_unit_test_setup(annotations__are_properties, new_name),
		cmocka_unit_test_setup(devices__outlive_a_reload, new_name),
		cmocka_unit_test_setup(a_scope_of_somebody_else__is_left_alone, new_name),
		cmocka_unit_test_setup(create__again_under_the_same_name, new_name),
		cmocka_unit_test_setup(destroy__stops_what_still_runs, new_name),
		cmocka_unit_test_setup(destroy__removes_what_was_made_inside, new_name),
		cmocka_unit_test_setup(pause_and_kill, new_name),
	};
	struct error err = {0};
	int r;

	if (geteuid() != 0 || host_probe(&host, &err) < 0 || !host.has_systemd)
		return 77;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	host_done(&host);
	return r;
}
