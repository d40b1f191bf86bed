/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/proc.h"

#define NO_PID 0x7ffffff0

static pid_t sleeper(void)
{
	pid_t pid = unit_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Until it is a zombie, without reaping it. */
static void kill_and_wait(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void proc_stat_read__own(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(getpid(), &st), 0);
	assert_int_equal(st.state, 'R');
	assert_int_equal(st.ppid, getppid());
	assert_true(st.start_time > 0);
}

static void proc_stat_read__hostile_name(void **state)
{
	struct proc_stat plain, odd;

	(void)state;
	assert_int_equal(proc_stat_read(getpid(), &plain), 0);
	assert_int_equal(prctl(PR_SET_NAME, ") Z 1 (x) 2 3"), 0);
	assert_int_equal(proc_stat_read(getpid(), &odd), 0);
	assert_int_equal(odd.state, 'R');
	assert_true(odd.start_time == plain.start_time);
}

static void proc_stat_read__no_process(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(NO_PID, &st), -ESRCH);
}

static void proc_stat_read__dying(void **state)
{
	struct proc_stat st;
	pid_t pid = sleeper();

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st), 0);
	assert_false(st.is_dying);
	kill_and_wait(pid);
	assert_int_equal(proc_stat_read(pid, &st), 0);
	assert_true(st.is_dying);
	kill_and_reap(pid);
}

static void proc_uid__own(void **state)
{
	uid_t uid = (uid_t)-1;

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "x\nUid:\t7"), 0);
	assert_int_equal(proc_uid(getpid(), &uid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(proc_uid(NO_PID, &uid), -ESRCH);
}

static void proc_is_alive__identity(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(getpid(), &st), 0);
	assert_true(proc_is_alive(getpid(), st.start_time));
	assert_false(proc_is_alive(getpid(), st.start_time + 1));
	assert_false(proc_is_alive(NO_PID, st.start_time));
}

static void proc_is_alive__zombies_are_not(void **state)
{
	pid_t pid = sleeper();
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st), 0);
	assert_true(proc_is_alive(pid, st.start_time));
	kill_and_wait(pid);
	assert_false(proc_is_alive(pid, st.start_time));
	kill_and_reap(pid);
}

static void proc_pidfd_open__identity(void **state)
{
	pid_t pid = sleeper();
	_cleanup_close_ int fd = -EBADF;
	struct proc_stat st;
	int before;

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st), 0);
	fd = proc_pidfd_open(pid, st.start_time);
	assert_true(fd >= 0);
	before = unit_count_fds();
	assert_int_equal(proc_pidfd_open(pid, st.start_time + 1), -ESRCH);
	assert_int_equal(unit_count_fds(), before);
	kill_and_reap(pid);
	assert_int_equal(proc_pidfd_open(pid, st.start_time), -ESRCH);
	assert_int_equal(proc_pidfd_open(-1, 1), -ESRCH);
}

static void proc_pidfd_wait__end_and_timeout(void **state)
{
	pid_t pid = sleeper();
	_cleanup_close_ int fd = -EBADF;
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st), 0);
	fd = proc_pidfd_open(pid, st.start_time);
	assert_int_equal(proc_pidfd_wait(fd, 0), 0);
	assert_int_equal(proc_pidfd_wait(fd, 20), 0);
	kill(pid, SIGKILL);
	assert_int_equal(proc_pidfd_wait(fd, -1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_pidfd_wait(fd, 0), 1);
}

static void proc_self_write__own_files_only(void **state _unused_)
{
	char name[17] = "";

	assert_int_equal(proc_self_write("comm", "of-a-test"), 0);
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_string_equal(name, "of-a-test");
	assert_int_equal(proc_self_write("nosuch", "x"), -ENOENT);
	assert_int_equal(proc_self_write("root/dev/null", "x"), -ELOOP);
}

static void proc_boot_id__is_stable(void **state)
{
	char a[37], b[37];

	(void)state;
	assert_int_equal(proc_boot_id(a), 0);
	assert_int_equal(proc_boot_id(b), 0);
	assert_int_equal(strlen(a), 36);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proc_stat_read__own),
		cmocka_unit_test(proc_stat_read__hostile_name),
		cmocka_unit_test(proc_stat_read__no_process),
		cmocka_unit_test(proc_stat_read__dying),
		cmocka_unit_test(proc_uid__own),
		cmocka_unit_test(proc_is_alive__identity),
		cmocka_unit_test(proc_is_alive__zombies_are_not),
		cmocka_unit_test(proc_pidfd_open__identity),
		cmocka_unit_test(proc_pidfd_wait__end_and_timeout),
		cmocka_unit_test(proc_self_write__own_files_only),
		cmocka_unit_test(proc_boot_id__is_stable),
	};

	return RUN(tests);
}
