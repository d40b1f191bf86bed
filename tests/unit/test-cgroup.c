/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroupfs driver on the real hierarchies of the machine, in groups of our
 * own. Skipped unless we are root and may make groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "lib/sys.h"
#include "src/cgroup-internal.h"
#include "src/host.h"
#include "src/spec.h"

static struct host host;
static char name[64];

/* Until it is killed, by the test or with it. */
static void sleep_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		sleep_for_ever();
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void plan(struct cgroup *cg)
{
	struct error err = {0};

	assert_int_equal(cgroup_plan(cg, &host, CGROUP_FS, name, "id", &err), 0);
}

static char *read_file(const struct cgroup *cg, const char *controller, const char *file)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, controller);
	_cleanup_free_ char *path = NULL;
	char *text = NULL;

	if (!d)
		return NULL;
	path = path_join(d->path, file);
	return file_read_line(AT_FDCWD, path, &text) < 0 ? NULL : text;
}

static void expect_file(const struct cgroup *cg, const char *controller, const char *file,
			const char *want)
{
	_cleanup_free_ char *text = read_file(cg, controller, file);

	assert_non_null(text);
	assert_string_equal(text, want);
}

static bool has_controller(const char *controller)
{
	struct cgroup cg;
	bool has;

	if (host.cgroup_mode == HOST_CGROUP_V2)
		return strv_contains(host.v2_controllers, controller);
	plan(&cg);
	has = cgroup_dir_find(&cg, controller) != NULL;
	cgroup_done(&cg);
	return has;
}

static bool is_v2(void)
{
	return host.cgroup_mode == HOST_CGROUP_V2;
}

static void expect_gone(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		assert_int_equal(access(cg->dirs[i].path, F_OK), -1);
		assert_int_equal(errno, ENOENT);
	}
}

static void expect_inside(const struct cgroup *cg, pid_t pid)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		_cleanup_free_ pid_t *pids = NULL;
		struct error err = {0};
		bool found = false;
		size_t n;

		assert_int_equal(cgroup_dir_pids(&cg->dirs[i], &pids, &n, &err), 0);
		for (size_t k = 0; k < n; k++)
			found |= pids[k] == pid;
		assert_true(found);
	}
}

static void destroy(struct cgroup *cg)
{
	struct error err = {0};

	if (cgroup_destroy(cg, &err) < 0)
		fail_msg("%s", err.text);
	expect_gone(cg);
	cgroup_done(cg);
}

static void create__puts_the_process_into_every_hierarchy(void **state)
{
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = sleeper();

	(void)state;
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, pid, NULL, 0, &err), 0);
	expect_inside(&cg, pid);
	reap(pid);
	destroy(&cg);
}

/* The fast way: born in the v2 tree, moves itself in the others. */
static void join__enters_every_hierarchy(void **state)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	struct cgroup cg;
	struct error err = {0};
	int pair[2], fd;
	char byte;
	pid_t pid;

	(void)state;
	plan(&cg);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(cgroup_make(&cg, NULL, &err), 0);
	assert_int_equal(cgroup_clone_fd(&cg, 0, &fd, &err), 0);
	if (fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fd;
	}
	pid = sys_clone3(&args);
	assert_true(pid >= 0);
	if (pid == 0) {
		byte = cgroup_join(&cg, &err) == 0;
		(void)!write(pair[1], &byte, 1);
		sleep_for_ever();
	}
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	expect_inside(&cg, pid);
	fd_close(fd);
	fd_close(pair[0]);
	fd_close(pair[1]);
	reap(pid);
	destroy(&cg);
}

static void make__sets_limits_before_a_process_is_in(void **state)
{
	struct spec_memory memory = {.limit = {true, 64 << 20}};
	struct spec_pids pids = {.limit = {true, 42}};
	struct spec_resources r = {.memory = &memory, .pids = &pids};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	if (!has_controller("memory") || !has_controller("pids"))
		skip();
	plan(&cg);
	if (cgroup_make(&cg, &r, &err) < 0)
		fail_msg("%s", err.text);
	expect_file(&cg, "memory", is_v2() ? "memory.max" : "memory.limit_in_bytes",
		    "67108864");
	expect_file(&cg, "pids", "pids.max", "42");
	destroy(&cg);
}

/* Neither order of the two is right for both. */
static void update__raises_and_lowers_memory_and_swap(void **state)
{
	static const int64_t steps[][2] = {
		{64 << 20, 96 << 20}, {256 << 20, 512 << 20}, {32 << 20, 48 << 20}, {-1, -1},
		{48 << 20, 48 << 20},
	};
	struct spec_memory memory = {.limit = {true, 16 << 20}, .swap = {true, 24 << 20}};
	struct spec_resources r = {.memory = &memory};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	if (!has_controller("memory"))
		skip();
	plan(&cg);
	if (cgroup_make(&cg, &r, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char want[32];

		memory.limit.value = steps[i][0];
		memory.swap.value = steps[i][1];
		if (cgroup_update(&cg, &r, &err) < 0)
			fail_msg("step %zu: %s", i, err.text);
		snprintf(want, sizeof(want), "%lld", (long long)steps[i][0]);
		if (steps[i][0] > 0)
			expect_file(&cg, "memory",
				    is_v2() ? "memory.max" : "memory.limit_in_bytes", want);
		snprintf(want, sizeof(want), "%lld",
			 (long long)(steps[i][1] - (is_v2() ? steps[i][0] : 0)));
		if (steps[i][0] > 0)
			expect_file(&cg, "memory",
				    is_v2() ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
				    want);
	}
	destroy(&cg);
}

/* The quota of the parent bounds the ratio: the kernel refuses steps in the wrong order. */
static void update__changes_quota_and_period_together(void **state)
{
	struct spec_cpu cpu = {.quota = {true, 50000}, .period = {true, 100000}};
	struct spec_resources r = {.cpu = &cpu};
	struct cgroup parent, child;
	struct error err = {0};
	char inner[96];

	(void)state;
	if (!has_controller("cpu") || is_v2()) /* v2 has one file for both, and no such check */
		skip();
	plan(&parent);
	assert_int_equal(cgroup_make(&parent, &r, &err), 0);
	snprintf(inner, sizeof(inner), "%s/inner", name);
	assert_int_equal(cgroup_plan(&child, &host, CGROUP_FS, inner, "id", &err), 0);
	assert_int_equal(cgroup_make(&child, &r, &err), 0);
	/* The period alone would be 50000/20000: above the parent's half. */
	cpu.quota.value = 10000;
	cpu.period.value = 20000;
	if (cgroup_update(&child, &r, &err) < 0)
		fail_msg("%s", err.text);
	expect_file(&child, "cpu", "cpu.cfs_quota_us", "10000");
	expect_file(&child, "cpu", "cpu.cfs_period_us", "20000");
	/* Back: now the quota alone would be too much. */
	cpu.quota.value = 50000;
	cpu.period.value = 100000;
	if (cgroup_update(&child, &r, &err) < 0)
		fail_msg("%s", err.text);
	expect_file(&child, "cpu", "cpu.cfs_quota_us", "50000");
	/* What is too much in any order stays an error. */
	cpu.quota.value = 90000;
	assert_int_equal(cgroup_update(&child, &r, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cpu.cfs_quota_us"));
	destroy(&child);
	destroy(&parent);
}

static void make__a_controller_that_is_absent_is_an_error(void **state)
{
	struct spec_hugepage_limit huge = {.page_size = (char *)"2MB", .limit = 4 << 20};
	struct spec_resources r = {.hugepage_limits = &huge, .n_hugepage_limits = 1};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	if (has_controller("hugetlb"))
		skip();
	plan(&cg);
	assert_true(cgroup_make(&cg, &r, &err) < 0);
	assert_non_null(strstr(err.text,
			       "cannot set hugetlb limit: container could not join or "
			       "create cgroup"));
	expect_gone(&cg);
	cgroup_done(&cg);
}

static void make__leaves_nothing_behind_when_a_value_is_refused(void **state)
{
	struct spec_cpu cpu = {.cpus = (char *)"4000-4001"};
	struct spec_resources r = {.cpu = &cpu};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	if (!has_controller("cpuset") || is_v2()) /* v2 takes any mask */
		skip();
	plan(&cg);
	assert_true(cgroup_make(&cg, &r, &err) < 0);
	assert_non_null(strstr(err.text, "cpuset.cpus"));
	expect_gone(&cg);
	cgroup_done(&cg);
}

/* v1: a parent that somebody made without filling its cpuset. */
static void make__fills_empty_cpusets_of_parents(void **state)
{
	_cleanup_free_ char *cpus = NULL;
	struct cgroup cg, outer;
	struct error err = {0};
	char inner[96];

	(void)state;
	if (!has_controller("cpuset") || is_v2())
		skip();
	snprintf(inner, sizeof(inner), "%s/middle/inner", name);
	assert_int_equal(cgroup_plan(&cg, &host, CGROUP_FS, inner, "id", &err), 0);
	plan(&outer);
	assert_int_equal(mkdir(cgroup_dir_find(&outer, "cpuset")->path, 0755), 0);
	if (cgroup_make(&cg, NULL, &err) < 0)
		fail_msg("%s", err.text);
	cpus = read_file(&outer, "cpuset", "cpuset.cpus");
	assert_true(cpus && *cpus);
	expect_file(&cg, "cpuset", "cpuset.cpus", cpus);
	expect_file(&cg, "cpuset", "cgroup.clone_children", "1");
	destroy(&cg);
	for (size_t i = 0; i < outer.n_dirs; i++) {
		_cleanup_free_ char *middle = path_join(outer.dirs[i].path, "middle");

		assert_int_equal(rmdir(middle), 0);
		assert_int_equal(rmdir(outer.dirs[i].path), 0);
	}
	cgroup_done(&outer);
}

static void create__refuses_a_group_in_use(void **state)
{
	struct cgroup theirs, ours;
	struct error err = {0};
	pid_t a = sleeper(), b = sleeper();

	(void)state;
	plan(&theirs);
	plan(&ours);
	assert_int_equal(cgroup_create(&theirs, NULL, a, NULL, 0, &err), 0);
	assert_int_equal(cgroup_create(&ours, NULL, b, NULL, 0, &err), -EBUSY);
	assert_non_null(
		strstr(err.text, "container's cgroup is not empty: 1 process(es) found"));
	expect_inside(&theirs, a);
	cgroup_done(&ours);
	reap(a);
	reap(b);
	destroy(&theirs);
}

static bool is_alive(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

/* What cleans up behind a refused create must not touch the group's owner. */
static void a_group_of_somebody_else__is_left_alone(void **state)
{
	struct spec_pids pids = {.limit = {true, 7}};
	struct spec_resources r = {.pids = &pids};
	struct cgroup theirs, ours;
	struct error err = {0};
	pid_t pid = sleeper();

	(void)state;
	plan(&theirs);
	plan(&ours);
	assert_int_equal(cgroup_create(&theirs, NULL, pid, NULL, 0, &err), 0);
	assert_int_equal(cgroup_kill(&ours, SIGKILL, &err), 0);
	assert_int_equal(cgroup_freeze(&ours, &err), -EBUSY);
	assert_int_equal(cgroup_update(&ours, &r, &err), -EBUSY);
	assert_int_equal(cgroup_delegate(&ours, 4711, 4711, &err), -EBUSY);
	assert_int_equal(cgroup_destroy(&ours, &err), 0);
	assert_true(is_alive(pid));
	expect_inside(&theirs, pid);
	reap(pid);
	/* Also when it is empty. */
	assert_int_equal(cgroup_destroy(&ours, &err), 0);
	assert_int_equal(access(theirs.dirs[0].path, F_OK), 0);
	cgroup_done(&ours);
	destroy(&theirs);
}

/* A runtime that was killed between mkdir(2) and the mark. */
static void destroy__removes_what_is_half_made(void **state)
{
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	assert_int_equal(mkdir(cg.dirs[0].path, 01700), 0);
	assert_int_equal(cgroup_destroy(&cg, &err), 0);
	expect_gone(&cg);
	/* Without any trace of us, it is somebody's. */
	assert_int_equal(mkdir(cg.dirs[0].path, 0755), 0);
	assert_int_equal(cgroup_destroy(&cg, &err), 0);
	assert_int_equal(rmdir(cg.dirs[0].path), 0);
	cgroup_done(&cg);
}

static void create__uses_an_empty_group(void **state)
{
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = sleeper();

	(void)state;
	plan(&cg);
	assert_int_equal(mkdir(cg.dirs[0].path, 0755), 0);
	assert_int_equal(cgroup_create(&cg, NULL, pid, NULL, 0, &err), 0);
	expect_inside(&cg, pid);
	reap(pid);
	destroy(&cg);
}

static uid_t owner_of(const struct cgroup_dir *d, const char *file)
{
	_cleanup_free_ char *path = path_join(d->path, file);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

static void write_pid(const char *dir, pid_t pid)
{
	_cleanup_free_ char *procs = path_join(dir, "cgroup.procs");
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(file_write(AT_FDCWD, procs, text), 0);
}

static bool holds(const char *dir, pid_t pid)
{
	struct cgroup_dir d = {.path = (char *)dir};
	_cleanup_free_ pid_t *pids = NULL;
	struct error err = {0};
	bool found = false;
	size_t n;

	assert_int_equal(cgroup_dir_pids(&d, &pids, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		found |= pids[i] == pid;
	return found;
}

/* v2: an engine inside finds a root without processes, and may hand controllers down. */
static void settle__empties_the_top(void **state)
{
	_cleanup_free_ char *leaf = NULL, *control = NULL, *procs = NULL;
	struct cgroup cg;
	struct error err = {0};
	struct stat st;
	pid_t init;

	(void)state;
	if (!is_v2() || !has_controller("pids"))
		skip();
	init = sleeper();
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, init, NULL, 0, &err), 0);
	assert_int_equal(cgroup_delegate(&cg, 100000, 100001, &err), 0);
	if (cgroup_settle(&cg, &err) < 0)
		fail_msg("%s", err.text);
	leaf = path_join(cg.dirs[0].path, "init.scope");
	procs = path_join(leaf, "cgroup.procs");
	control = path_join(cg.dirs[0].path, "cgroup.subtree_control");
	assert_true(holds(leaf, init));
	assert_int_equal(stat(procs, &st), 0);
	assert_int_equal(st.st_uid, 100000);
	assert_int_equal(st.st_gid, 100001);
	assert_int_equal(file_write(AT_FDCWD, control, "+pids"), 0);
	/* Again: a start that failed half-way. */
	assert_int_equal(cgroup_settle(&cg, &err), 0);
	reap(init);
	destroy(&cg);
}

/* v2: what an inner systemd does; from then on the top takes no process. */
static void enter__finds_the_leaf_of_init(void **state)
{
	_cleanup_free_ char *leaf = NULL, *other = NULL, *control = NULL;
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	pid_t init, execd, born;
	struct cgroup cg;
	struct error err = {0};
	int fd;

	(void)state;
	if (!is_v2() || !has_controller("pids"))
		skip();
	init = sleeper();
	execd = sleeper();
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, init, NULL, 0, &err), 0);
	leaf = path_join(cg.dirs[0].path, "init.scope");
	other = path_join(cg.dirs[0].path, "other");
	control = path_join(cg.dirs[0].path, "cgroup.subtree_control");
	assert_int_equal(mkdir(leaf, 0755), 0);
	assert_int_equal(mkdir(other, 0755), 0);
	write_pid(leaf, init);
	assert_int_equal(file_write(AT_FDCWD, control, "+pids"), 0);

	if (cgroup_enter(&cg, execd, init, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(holds(leaf, execd));
	assert_int_equal(cgroup_clone_fd(&cg, init, &fd, &err), 0);
	args.cgroup = (uint64_t)fd;
	born = sys_clone3(&args);
	assert_true(born >= 0);
	if (born == 0)
		sleep_for_ever();
	assert_true(holds(leaf, born));
	assert_false(holds(other, born));
	fd_close(fd);
	/* An init that is elsewhere says nothing of a leaf of ours. */
	assert_int_equal(cgroup_enter(&cg, execd, getpid(), &err), -EBUSY);
	assert_int_equal(cgroup_clone_fd(&cg, getpid(), &fd, &err), -EBUSY);
	reap(init);
	reap(execd);
	reap(born);
	destroy(&cg);
}

/* What an earlier container left: empty groups that still hand controllers down. */
static void create__uses_a_group_that_had_handed_down_controllers(void **state)
{
	_cleanup_free_ char *control = NULL;
	struct cgroup cg;
	struct error err = {0};
	pid_t pid;

	(void)state;
	if (!is_v2() || !has_controller("pids"))
		skip();
	pid = sleeper();
	plan(&cg);
	control = path_join(cg.dirs[0].path, "cgroup.subtree_control");
	assert_int_equal(mkdir(cg.dirs[0].path, 0755), 0);
	assert_int_equal(file_write(AT_FDCWD, control, "+pids"), 0);
	if (cgroup_create(&cg, NULL, pid, NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
	reap(pid);
	destroy(&cg);
}

static void delegate__gives_the_tree_and_keeps_the_limits(void **state)
{
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	assert_int_equal(cgroup_make(&cg, NULL, &err), 0);
	assert_int_equal(cgroup_delegate(&cg, 100000, 100000, &err), 0);
	for (size_t i = 0; i < cg.n_dirs; i++) {
		const struct cgroup_dir *d = &cg.dirs[i];

		assert_int_equal(owner_of(d, "."), 100000);
		assert_int_equal(owner_of(d, "cgroup.procs"), 100000);
		if (*d->controllers) {
			assert_int_equal(owner_of(d, "tasks"), 100000);
			assert_int_equal(owner_of(d, "notify_on_release"), 0);
		} else {
			assert_int_equal(owner_of(d, "cgroup.subtree_control"), 100000);
			assert_int_equal(owner_of(d, "cgroup.threads"), 100000);
			assert_int_equal(owner_of(d, "cgroup.freeze"), 0);
		}
	}
	if (has_controller("memory"))
		assert_int_equal(owner_of(cgroup_dir_find(&cg, "memory"),
					  is_v2() ? "memory.max" : "memory.limit_in_bytes"),
				 0);
	destroy(&cg);
}

/* A process that counts as long as it runs. */
static pid_t counter(volatile uint64_t *count)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			++*count;
			usleep(500);
		}
	}
	return pid;
}

/* Does the count change within a time that is long for its process? */
static bool counts(const volatile uint64_t *count)
{
	uint64_t before = *count;

	for (int i = 0; i < 50; i++) {
		usleep(2000);
		if (*count != before)
			return true;
	}
	return false;
}

static void freeze__stops_and_thaw_continues(void **state)
{
	volatile uint64_t *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = counter(count);

	(void)state;
	if (!is_v2() && !has_controller("freezer")) {
		reap(pid);
		skip();
	}
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, pid, NULL, 0, &err), 0);
	assert_int_equal(cgroup_is_frozen(&cg), 0);
	assert_true(counts(count));
	assert_int_equal(cgroup_freeze(&cg, &err), 0);
	assert_int_equal(cgroup_is_frozen(&cg), 1);
	assert_false(counts(count));
	assert_int_equal(cgroup_thaw(&cg, &err), 0);
	assert_int_equal(cgroup_is_frozen(&cg), 0);
	assert_true(counts(count));
	reap(pid);
	destroy(&cg);
	munmap((void *)count, sizeof(*count));
}

static void kill__ends_all_also_below_and_frozen(void **state)
{
	struct cgroup cg, inner;
	struct error err = {0};
	pid_t a = sleeper(), b = sleeper();
	char path[96];
	int status;

	(void)state;
	plan(&cg);
	snprintf(path, sizeof(path), "%s/inner", name);
	assert_int_equal(cgroup_plan(&inner, &host, CGROUP_FS, path, "id", &err), 0);
	assert_int_equal(cgroup_create(&cg, NULL, a, NULL, 0, &err), 0);
	/* Controllers are handed down on v2 only from a group without processes. */
	if (!is_v2()) {
		assert_int_equal(cgroup_create(&inner, NULL, b, NULL, 0, &err), 0);
	} else {
		_cleanup_free_ char *procs = path_join(inner.dirs[0].path, "cgroup.procs");
		char pid[16];

		snprintf(pid, sizeof(pid), "%d", (int)b);
		assert_int_equal(mkdir(inner.dirs[0].path, 0755), 0);
		assert_int_equal(file_write(AT_FDCWD, procs, pid), 0);
	}
	assert_int_equal(cgroup_freeze(&cg, &err), 0);
	assert_int_equal(cgroup_kill(&cg, SIGKILL, &err), 0);
	assert_int_equal(waitpid(a, &status, 0), a);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	cgroup_done(&inner);
	destroy(&cg);
}

static void kill__sends_other_signals(void **state)
{
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = sleeper();
	int status;

	(void)state;
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, pid, NULL, 0, &err), 0);
	assert_int_equal(cgroup_kill(&cg, SIGUSR1, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGUSR1);
	destroy(&cg);
}

/* Deeper than PATH_MAX, and than a limit of open files. */
static void destroy__removes_a_deep_tree(void **state)
{
	enum {
		DEPTH = 300
	};
	_cleanup_close_ int fd = -EBADF;
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	assert_int_equal(cgroup_make(&cg, NULL, &err), 0);
	fd = cgroup_dir_open(&cg.dirs[cg.n_dirs - 1], &err);
	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "a-name-of-sixteen", 0755), 0);
		if (i % 50 == 0)
			assert_int_equal(mkdirat(fd, "sibling", 0755), 0);
		next = openat(fd, "a-name-of-sixteen", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		fd_close(fd);
		fd = next;
	}
	fd = fd_close(fd);
	destroy(&cg);
}

static void destroy__waits_for_the_last_process(void **state)
{
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		usleep(30000);
		_exit(0);
	}
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, NULL, pid, NULL, 0, &err), 0);
	destroy(&cg);
	waitpid(pid, NULL, 0);
}

static void destroy__absent_is_success(void **state)
{
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	assert_int_equal(cgroup_destroy(&cg, &err), 0);
	assert_int_equal(cgroup_destroy(&cg, &err), 0);
	cgroup_done(&cg);
}

/* Device rules: a child in the group tries to open and to make nodes. */

struct device_case {
	struct spec_device_rule rules[4];
	size_t n_rules;
	bool null_opens;  /* 1:3 read-write */
	bool zero_opens;  /* 1:5 */
	bool kmsg_reads;  /* 1:11 */
	bool kmsg_writes; /* 1:11 */
};

#define ALLOW(t, maj, min, acc)                                                                \
	{                                                                                      \
		.allow = true, .type = (char *)(t), .major = {true, maj},                      \
		.minor = {true, min}, .access = (char *)(acc)                                  \
	}
#define DENY(t, maj, min, acc)                                                                 \
	{                                                                                      \
		.allow = false, .type = (char *)(t), .major = {true, maj},                     \
		.minor = {true, min}, .access = (char *)(acc)                                  \
	}
#define DENY_ALL                                                                               \
	{                                                                                      \
		.allow = false, .access = (char *)"rwm"                                        \
	}
#define ALLOW_ALL                                                                              \
	{                                                                                      \
		.allow = true, .access = (char *)"rwm"                                         \
	}

static const struct device_case device_cases[] = {
	{{DENY_ALL}, 1, true, true, false, false},
	{{ALLOW_ALL}, 1, true, true, true, true},
	{{DENY_ALL, ALLOW("c", 1, 11, "r")}, 2, true, true, true, false},
	{{DENY_ALL, ALLOW("c", 1, 11, "rw")}, 2, true, true, true, true},
	/* Rules in front of a rule for everything are void. */
	{{ALLOW("c", 1, 11, "rw"), DENY_ALL}, 2, true, true, false, false},
	/* Only some accesses are taken away. */
	{{ALLOW("c", 1, 11, "rw"), DENY("c", 1, 11, "w")}, 2, true, true, true, false},
	/* Of what every container has, too. */
	{{DENY_ALL, DENY("c", 1, 5, "rwm")}, 2, true, false, false, false},
	{{ALLOW_ALL, DENY("c", 1, 11, "rwm")}, 2, true, true, false, false},
	{{ALLOW_ALL, DENY("c", 1, 11, "w")}, 2, true, true, true, false},
	/* Two rules, one access each. */
	{{DENY_ALL, ALLOW("c", 1, 11, "r"), ALLOW("c", 1, 11, "w")}, 3, true, true, true, true},
};

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* In a child that is in the group: one bit for each question. */
static int try_devices(const char *dir)
{
	char path[256];
	int bits = 0;

	(void)dir;
	snprintf(path, sizeof(path), "%s/kmsg", dir);
	bits |= opens("/dev/null", O_RDWR) << 0;
	bits |= opens("/dev/zero", O_RDWR) << 1;
	bits |= opens(path, O_RDONLY) << 2;
	bits |= opens(path, O_WRONLY) << 3;
	return bits;
}

static int run_inside(const struct cgroup *cg, const char *dir)
{
	struct error err = {0};
	int go[2], status;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		_exit(read(go[0], &byte, 1) == 1 ? try_devices(dir) : 255);
	assert_int_equal(cgroup_enter(cg, pid, 0, &err), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(go[0]);
	close(go[1]);
	return WEXITSTATUS(status);
}

/* A node of /dev/kmsg in a directory of our own; false: cannot be had here. */
static bool make_node(char *dir, char *node, size_t size)
{
	assert_non_null(mkdtemp(dir));
	snprintf(node, size, "%s/kmsg", dir);
	return mknod(node, S_IFCHR | 0600, makedev(1, 11)) == 0 && opens(node, O_RDONLY);
}

typedef void (*apply_rules)(struct cgroup *cg, const struct spec_resources *r);

static void apply_with_make(struct cgroup *cg, const struct spec_resources *r)
{
	struct error err = {0};

	if (cgroup_make(cg, r, &err) < 0)
		fail_msg("%s", err.text);
}

/* The program of v2, also in the v2 tree beside v1 hierarchies. */
static void apply_with_bpf(struct cgroup *cg, const struct spec_resources *r)
{
	_cleanup_(cgroup_devices_done) struct cgroup_devices d = {0};
	_cleanup_close_ int dirfd = -EBADF;
	struct error err = {0};

	assert_int_equal(cgroup_make(cg, NULL, &err), 0);
	dirfd = cgroup_dir_open(cgroup_dir_v2(cg), &err);
	assert_true(dirfd >= 0);
	assert_int_equal(cgroup_devices_resolve(&d, r, &err), 0);
	if (cgroup_bpf_apply(dirfd, &d, &err) < 0)
		fail_msg("%s", err.text);
}

static void try_device_cases(apply_rules apply)
{
	char dir[] = "/tmp/test-cgroup-XXXXXX", node[64];
	bool can = make_node(dir, node, sizeof(node));

	for (size_t i = 0; can && i < ARRAY_SIZE(device_cases); i++) {
		const struct device_case *c = &device_cases[i];
		struct spec_resources r = {.devices = (struct spec_device_rule *)c->rules,
					   .n_devices = c->n_rules};
		int want = c->null_opens << 0 | c->zero_opens << 1 | c->kmsg_reads << 2 |
			   c->kmsg_writes << 3;
		struct cgroup cg;
		int got;

		plan(&cg);
		apply(&cg, &r);
		got = run_inside(&cg, dir);
		destroy(&cg);
		if (got != want)
			fail_msg("case %zu: got %#x, not %#x", i, got, want);
	}
	unlink(node);
	rmdir(dir);
	if (!can)
		skip();
}

static void devices__are_what_the_rules_say(void **state)
{
	(void)state;
	try_device_cases(apply_with_make);
}

/* BPF is tried on hybrid hosts, too, where the devices are v1's. */
static bool has_v2_dir(void)
{
	struct cgroup cg;
	bool has;

	plan(&cg);
	has = cgroup_dir_v2(&cg) != NULL;
	cgroup_done(&cg);
	return has;
}

static void devices__are_what_the_rules_say_with_bpf(void **state)
{
	(void)state;
	if (!has_v2_dir())
		skip();
	try_device_cases(apply_with_bpf);
}

/* v1 keeps a device in a wider rule, whatever follows: an error, not a silent hole. */
static void devices__a_hole_in_a_wider_rule(void **state)
{
	struct spec_device_rule rules[] = {
		DENY_ALL,
		{.allow = true,
		 .type = (char *)"c",
		 .major = {true, 1},
		 .access = (char *)"rw"},
		DENY("c", 1, 11, "rw"),
	};
	struct spec_resources r = {.devices = rules, .n_devices = ARRAY_SIZE(rules)};
	struct cgroup cg;
	struct error err = {0};

	(void)state;
	plan(&cg);
	if (is_v2()) {
		assert_int_equal(cgroup_make(&cg, &r, &err), 0);
		assert_int_equal(run_inside(&cg, "/dev") & 12, 0);
		destroy(&cg);
		return;
	}
	assert_int_equal(cgroup_make(&cg, &r, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cannot deny \"c 1:11 rw\""));
	expect_gone(&cg);
	cgroup_done(&cg);
}

/* A group that is used again gets the new rules, not both. */
static void replace_rules(apply_rules apply)
{
	struct spec_device_rule strict = DENY_ALL, open_all = ALLOW_ALL;
	struct spec_resources r = {.devices = &strict, .n_devices = 1};
	char dir[] = "/tmp/test-cgroup-XXXXXX", node[64];
	bool can = make_node(dir, node, sizeof(node));
	struct cgroup cg;

	plan(&cg);
	if (can) {
		apply(&cg, &r);
		assert_int_equal(run_inside(&cg, dir) & 4, 0);
		r.devices = &open_all;
		apply(&cg, &r);
		assert_int_equal(run_inside(&cg, dir) & 4, 4);
	}
	unlink(node);
	rmdir(dir);
	destroy(&cg);
	if (!can)
		skip();
}

static void devices__are_replaced(void **state)
{
	(void)state;
	replace_rules(apply_with_make);
}

static void devices__are_replaced_with_bpf(void **state)
{
	(void)state;
	if (!has_v2_dir())
		skip();
	replace_rules(apply_with_bpf);
}

static void stats__is_json_with_what_runs(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_EMPTY;
	struct spec_pids pids = {.limit = {true, 42}};
	struct spec_resources r = {.pids = &pids};
	static const struct json_field no_fields[] = {{0}};
	static const struct json_type any = {.name = "any", .size = 1, .fields = no_fields};
	struct cgroup cg;
	struct error err = {0};
	pid_t pid = sleeper();
	char ignored;

	(void)state;
	if (!has_controller("pids"))
		skip();
	plan(&cg);
	assert_int_equal(cgroup_create(&cg, &r, pid, NULL, 0, &err), 0);
	assert_int_equal(cgroup_stats(&cg, &out, &err), 0);
	if (json_decode(&any, &ignored, out.s, out.len, "stats", &err) < 0)
		fail_msg("%s in %s", err.text, out.s);
	assert_non_null(strstr(out.s, "\"pids\":{\"current\":1,\"limit\":42}"));
	assert_non_null(strstr(out.s, "\"network_interfaces\":null"));
	reap(pid);
	destroy(&cg);
	assert_int_equal(cgroup_stats(&cg, &out, &err), -ENOENT);
}

/* Use more memory than there is, in a child. */
static pid_t glutton(int go)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const size_t size = 64 << 20;
		volatile char *p;
		char byte;

		if (read(go, &byte, 1) != 1)
			_exit(1);
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		for (size_t i = 0; i < size; i += 4096)
			p[i] = 1;
		_exit(0);
	}
	return pid;
}

static void oom__is_told_and_counted(void **state)
{
	struct spec_memory memory = {.limit = {true, 8 << 20}, .swap = {true, 8 << 20}};
	struct spec_resources r = {.memory = &memory};
	struct cgroup cg;
	struct error err = {0};
	int go[2], fd, status;
	uint64_t event[32];
	pid_t pid;

	(void)state;
	if (!has_controller("memory"))
		skip();
	plan(&cg);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = glutton(go[0]);
	if (cgroup_create(&cg, &r, pid, NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(cgroup_oom_kills(&cg), 0);
	fd = cgroup_oom_fd(&cg, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	assert_int_equal(read(fd, event, sizeof(event)), -1);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(read(fd, event, sizeof(event)) > 0);
	assert_int_equal(cgroup_oom_kills(&cg), 1);
	fd_close(fd);
	fd_close(go[0]);
	fd_close(go[1]);
	destroy(&cg);
}

static void state_codec__keeps_a_cgroup(void **state)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_EMPTY;
	struct cgroup cg, copy = {0};
	struct error err = {0};

	(void)state;
	plan(&cg);
	json_encode(&cgroup_type, &cg, JSON_COMPACT, &text);
	assert_int_equal(json_decode(&cgroup_type, &copy, text.s, text.len, "state", &err), 0);
	assert_int_equal(copy.driver, cg.driver);
	assert_int_equal(copy.is_v2, cg.is_v2);
	assert_string_equal(copy.mark, cg.mark);
	assert_int_equal(copy.n_dirs, cg.n_dirs);
	for (size_t i = 0; i < cg.n_dirs; i++) {
		assert_string_equal(copy.dirs[i].controllers, cg.dirs[i].controllers);
		assert_string_equal(copy.dirs[i].path, cg.dirs[i].path);
	}
	cgroup_done(&cg);
	cgroup_done(&copy);
}

static bool may_make_groups(void)
{
	struct error err = {0};
	struct cgroup cg;
	bool may;

	if (geteuid() != 0 || host_probe(&host, &err) < 0 ||
	    host.cgroup_mode == HOST_CGROUP_NONE)
		return false;
	plan(&cg);
	may = cgroup_make(&cg, NULL, &err) == 0 && cgroup_destroy(&cg, &err) == 0;
	if (!may)
		fprintf(stderr, "skipped: %s\n", err.text);
	cgroup_done(&cg);
	return may;
}

/* A name for each test, so that what one leaves behind does not fail the next. */
static int new_name(void **state)
{
	static int n;

	(void)state;
	snprintf(name, sizeof(name), "/sysbox-test-%d-%d", (int)getpid(), n++);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(create__puts_the_process_into_every_hierarchy, new_name),
		cmocka_unit_test_setup(join__enters_every_hierarchy, new_name),
		cmocka_unit_test_setup(make__sets_limits_before_a_process_is_in, new_name),
		cmocka_unit_test_setup(update__raises_and_lowers_memory_and_swap, new_name),
		cmocka_unit_test_setup(update__changes_quota_and_period_together, new_name),
		cmocka_unit_test_setup(make__a_controller_that_is_absent_is_an_error, new_name),
		cmocka_unit_test_setup(make__leaves_nothing_behind_when_a_value_is_refused,
				       new_name),
		cmocka_unit_test_setup(make__fills_empty_cpusets_of_parents, new_name),
		cmocka_unit_test_setup(create__refuses_a_group_in_use, new_name),
		cmocka_unit_test_setup(a_group_of_somebody_else__is_left_alone, new_name),
		cmocka_unit_test_setup(destroy__removes_what_is_half_made, new_name),
		cmocka_unit_test_setup(create__uses_an_empty_group, new_name),
		cmocka_unit_test_setup(settle__empties_the_top, new_name),
		cmocka_unit_test_setup(enter__finds_the_leaf_of_init, new_name),
		cmocka_unit_test_setup(create__uses_a_group_that_had_handed_down_controllers,
				       new_name),
		cmocka_unit_test_setup(delegate__gives_the_tree_and_keeps_the_limits, new_name),
		cmocka_unit_test_setup(freeze__stops_and_thaw_continues, new_name),
		cmocka_unit_test_setup(kill__ends_all_also_below_and_frozen, new_name),
		cmocka_unit_test_setup(kill__sends_other_signals, new_name),
		cmocka_unit_test_setup(destroy__removes_a_deep_tree, new_name),
		cmocka_unit_test_setup(destroy__waits_for_the_last_process, new_name),
		cmocka_unit_test_setup(destroy__absent_is_success, new_name),
		cmocka_unit_test_setup(devices__are_what_the_rules_say, new_name),
		cmocka_unit_test_setup(devices__are_what_the_rules_say_with_bpf, new_name),
		cmocka_unit_test_setup(devices__a_hole_in_a_wider_rule, new_name),
		cmocka_unit_test_setup(devices__are_replaced, new_name),
		cmocka_unit_test_setup(devices__are_replaced_with_bpf, new_name),
		cmocka_unit_test_setup(stats__is_json_with_what_runs, new_name),
		cmocka_unit_test_setup(oom__is_told_and_counted, new_name),
		cmocka_unit_test_setup(state_codec__keeps_a_cgroup, new_name),
	};
	int r;

	new_name(NULL);
	if (!may_make_groups())
		return 77;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	host_done(&host);
	return r;
}
