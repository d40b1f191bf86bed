/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/spawn.h"
#include "lib/str.h"

/* execve(2) wants no const where it changes nothing. */
#define STRINGS(...)                                                                           \
	(char *const *)(const char *const[])                                                   \
	{                                                                                      \
		__VA_ARGS__, NULL                                                              \
	}
#define SHELL(script) .path = "/bin/sh", .argv = STRINGS("sh", "-c", script)

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void spawn_run__exit_status(void **state)
{
	struct spawn s = {SHELL("exit 7")};
	int status;

	(void)state;
	assert_int_equal(spawn_run(&s, &status, NULL, 0), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void spawn_run__signal(void **state)
{
	struct spawn s = {SHELL("kill -9 $$")};
	int status;

	(void)state;
	assert_int_equal(spawn_run(&s, &status, NULL, 0), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void spawn_run__no_such_program(void **state)
{
	struct spawn s = {.path = "/nonexistent", .argv = STRINGS("x")};
	int status = 55;
	char out[64] = "old";

	(void)state;
	assert_int_equal(spawn_run(&s, &status, out, sizeof(out)), -ENOENT);
	assert_int_equal(status, 55);
	assert_string_equal(out, "");
}

static void spawn_run__input_and_output(void **state)
{
	struct spawn s = {SHELL("cat >&2; echo to-stdout"), .input = "hello"};
	char out[64];

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "hello");
}

static void spawn_run__stdin_is_empty(void **state)
{
	struct spawn s = {SHELL("read x || echo none >&2")};
	char out[64];

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "none\n");
}

static void spawn_run__keeps_the_tail(void **state)
{
	struct spawn s = {
		SHELL("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done >&2; "
		      "printf end >&2"),
		.envp = STRINGS("PATH=/bin")};
	char out[20];

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_int_equal(strlen(out), 19);
	assert_true(str_has_suffix(out, "line 2999\nend"));
}

static void spawn_run__environment(void **state)
{
	struct spawn s = {SHELL("echo \"$A-$HOME-\" >&2"), .envp = STRINGS("A=1")};
	char out[64];

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "1--\n");
	s.envp = NULL;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "--\n");
}

static void spawn_run__timeout_kills(void **state)
{
	struct spawn s = {SHELL("echo begun >&2; exec sleep 20"),
			  .envp = STRINGS("PATH=/bin:/usr/bin"), .timeout_ms = 1500};
	double begin = seconds();
	char out[64];

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), -ETIMEDOUT);
	assert_true(seconds() - begin < 15);
	assert_string_equal(out, "begun\n");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A daemon that a hook leaves behind holds its stderr: not waited for. */
static void spawn_run__background_children(void **state)
{
	struct spawn s = {SHELL("sleep 20 & echo $! >&2"),
			  .envp = STRINGS("PATH=/bin:/usr/bin")};
	double begin = seconds();
	char out[64];
	int pid;

	(void)state;
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_true(seconds() - begin < 10);
	out[strcspn(out, "\n")] = '\0';
	assert_int_equal(str_to_int(out, &pid), 0);
	kill(pid, SIGKILL);
}

static void spawn_run__no_descriptors_leak_in(void **state)
{
	struct spawn s = {SHELL("for f in /proc/self/fd/*; do n=${f##*/}; "
				"[ $n -lt 30 ] || echo $n >&2; done")};
	int leak = fcntl(STDERR_FILENO, F_DUPFD, 50), before;
	char out[64];

	(void)state;
	before = unit_count_fds();
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "");
	assert_int_equal(unit_count_fds(), before);
	close(leak);
}

static void spawn_run__signals_are_reset(void **state)
{
	struct spawn s = {SHELL("grep -E '^Sig(Blk|Ign):' /proc/self/status >&2"),
			  .envp = STRINGS("PATH=/bin:/usr/bin")};
	sigset_t all, old;
	char out[128];

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	assert_int_equal(spawn_run(&s, NULL, out, sizeof(out)), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
	assert_memory_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t", 33);
	/* glibc's own two, 32 and 33, are out of reach and come ignored from posix_spawn(3). */
	assert_int_equal(strtoull(out + 33, NULL, 16) & ~UINT64_C(0x180000000), 0);
}

static int give_back(void *arg)
{
	return *(int *)arg;
}

static void spawn_run__prepare_runs_in_the_child(void **state)
{
	int ok = 0, denied = -EACCES;
	struct spawn s = {SHELL("exit 3"), .prepare = give_back, .arg = &ok};
	int status;

	(void)state;
	assert_int_equal(spawn_run(&s, &status, NULL, 0), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	s.arg = &denied;
	assert_int_equal(spawn_run(&s, &status, NULL, 0), -EACCES);
}

static void spawn_call__passes_the_result(void **state)
{
	int zero = 0, enotrecoverable = -ENOTRECOVERABLE, ehwpoison = -EHWPOISON;

	(void)state;
	assert_int_equal(spawn_call(give_back, &zero), 0);
	assert_int_equal(spawn_call(give_back, &enotrecoverable), -ENOTRECOVERABLE);
	assert_int_equal(spawn_call(give_back, &ehwpoison), -EHWPOISON);
}

static int die(void *arg)
{
	(void)arg;
	raise(SIGKILL);
	return 0;
}

static void spawn_call__death_is_no_success(void **state)
{
	(void)state;
	assert_int_equal(spawn_call(die, NULL), -EPROTO);
}

static void spawn_wait__no_child(void **state)
{
	int status;

	(void)state;
	assert_int_equal(spawn_wait(1, &status), -ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_run__exit_status),
		cmocka_unit_test(spawn_run__signal),
		cmocka_unit_test(spawn_run__no_such_program),
		cmocka_unit_test(spawn_run__input_and_output),
		cmocka_unit_test(spawn_run__stdin_is_empty),
		cmocka_unit_test(spawn_run__keeps_the_tail),
		cmocka_unit_test(spawn_run__environment),
		cmocka_unit_test(spawn_run__timeout_kills),
		cmocka_unit_test(spawn_run__background_children),
		cmocka_unit_test(spawn_run__no_descriptors_leak_in),
		cmocka_unit_test(spawn_run__signals_are_reset),
		cmocka_unit_test(spawn_run__prepare_runs_in_the_child),
		cmocka_unit_test(spawn_call__passes_the_result),
		cmocka_unit_test(spawn_call__death_is_no_success),
		cmocka_unit_test(spawn_wait__no_child),
	};

	return RUN(tests);
}
