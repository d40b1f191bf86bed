/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <pty.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "src/monitor.h"

static int watch(pid_t pid, int master)
{
	struct error err = {0};
	int r = monitor(pid, master, NULL, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

static pid_t shell(const char *script)
{
	pid_t pid = unit_fork();
	sigset_t none;

	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		(void)execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(99);
	}
	return pid;
}

static void monitor__counts_as_shells_do(void **state)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{"exit 0", 0},
		{"exit 7", 7},
		{"exit 255", 255},
		{"kill -9 $$", 128 + SIGKILL},
		{"sleep 0.1; kill -15 $$", 128 + SIGTERM},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(watch(shell(cases[i].script), -EBADF), cases[i].status);
}

static void monitor__of_one_that_has_ended_before(void **state)
{
	pid_t pid = shell("exit 5");
	siginfo_t info;

	(void)state;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(watch(pid, -EBADF), 5);
}

/* Sent by the process itself, to its parent: then it is there, and so is its trap. */
static void monitor__passes_signals_on(void **state)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{"trap 'exit 41' TERM; kill -TERM $PPID; while :; do sleep 0.05; done", 41},
		{"trap 'exit 42' USR1; kill -USR1 $PPID; while :; do sleep 0.05; done", 42},
		{"kill -HUP $PPID; while :; do sleep 0.05; done", 128 + SIGHUP},
		/* Go programs send it to themselves: it was for the runtime. */
		{"trap 'exit 43' URG; kill -URG $PPID; sleep 0.3; exit 44", 44},
	};
	sigset_t all, old, after;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(watch(shell(cases[i].script), -EBADF), cases[i].status);
	sigprocmask(SIG_SETMASK, &old, &after);
	for (int sig = 1; sig <= SIGSYS; sig++)
		assert_int_equal(sigismember(&after, sig), sig != SIGKILL && sig != SIGSTOP);
}

struct looked {
	int fds[2];
	int n;
	pid_t pid;
};

static void look(void *arg)
{
	struct looked *l = arg;
	char c;

	l->n += read(l->fds[0], &c, 1) == 1;
	close(l->fds[0]);
	l->fds[0] = -EBADF;
	kill(l->pid, SIGTERM);
}

static void monitor__looks_after_another(void **state)
{
	struct looked l = {.pid = shell("sleep 100")};
	const struct monitor_watch w = {.fd = &l.fds[0], .run = look, .arg = &l};
	struct error err = {0};

	(void)state;
	assert_int_equal(pipe2(l.fds, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(l.fds[1], "xy", 2), 0);
	assert_int_equal(monitor(l.pid, -EBADF, &w, &err), 128 + SIGTERM);
	/* Once: a negative descriptor is nobody's. */
	assert_int_equal(l.n, 1);
	close(l.fds[1]);
}

/*
 * Between two terminals: the outer one is standard input and output of the process that
 * monitors, the inner one is the container's. What the test writes to the outer master is
 * typed; what it reads there is shown.
 */
struct terminals {
	int outer_master, outer_slave;
	int inner_master, inner_slave;
};

static void terminals_open(struct terminals *t)
{
	const struct winsize size = {.ws_row = 11, .ws_col = 22};

	assert_int_equal(openpty(&t->outer_master, &t->outer_slave, NULL, NULL, &size), 0);
	assert_int_equal(openpty(&t->inner_master, &t->inner_slave, NULL, NULL, NULL), 0);
}

static void terminals_close(struct terminals *t)
{
	close(t->outer_master);
	close(t->outer_slave);
	close(t->inner_master);
	close(t->inner_slave);
}

static pid_t monitor_between(const struct terminals *t, const char *script)
{
	struct error err = {0};
	pid_t pid = unit_fork(), inner;

	if (pid)
		return pid;
	(void)dup2(t->outer_slave, STDIN_FILENO);
	(void)dup2(t->outer_slave, STDOUT_FILENO);
	inner = fork();
	if (inner == 0) {
		(void)dup2(t->inner_slave, STDIN_FILENO);
		(void)dup2(t->inner_slave, STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(99);
	}
	close(t->inner_slave);
	_exit(monitor(inner, t->inner_master, NULL, &err) & 0xff);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Until the text was shown; what is shown for ever goes on being read. */
static void assert_shown(int master, const char *text)
{
	char buf[4096] = "";
	size_t len = 0;
	ssize_t n;

	alarm(60);
	while (!strstr(buf, text)) {
		n = read(master, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			fail_msg("%s was not shown: %s", text, buf);
		len += (size_t)n;
	}
	alarm(0);
}

static void monitor__moves_bytes_both_ways(void **state)
{
	struct terminals t;
	pid_t pid;

	(void)state;
	terminals_open(&t);
	pid = monitor_between(&t, "stty -echo; echo ready; read x; echo \"<$x>\"; exit 9");
	assert_shown(t.outer_master, "ready");
	assert_int_equal(fd_write_all(t.outer_master, "typed\r", 6), 0);
	assert_shown(t.outer_master, "<typed>");
	assert_int_equal(status_of(pid), 9);
	terminals_close(&t);
}

/* What was written last is shown, however soon the process ends. */
static void monitor__loses_no_last_words(void **state)
{
	struct terminals t;
	pid_t pid;

	(void)state;
	terminals_open(&t);
	pid = monitor_between(&t, "printf '%03000d' 0; echo; echo last words");
	assert_shown(t.outer_master, "last words");
	assert_int_equal(status_of(pid), 0);
	terminals_close(&t);
}

static void monitor__gives_its_size_and_takes_its_own_back(void **state)
{
	struct termios before, during, after;
	struct terminals t;
	pid_t pid;

	(void)state;
	terminals_open(&t);
	assert_int_equal(tcgetattr(t.outer_slave, &before), 0);
	pid = monitor_between(&t, "read x; stty size; read x; exit 1");
	assert_int_equal(fd_write_all(t.outer_master, "\r", 1), 0);
	assert_shown(t.outer_master, "11 22");
	assert_int_equal(tcgetattr(t.outer_slave, &during), 0);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	assert_int_equal(fd_write_all(t.outer_master, "\r", 1), 0);
	assert_int_equal(status_of(pid), 1);
	assert_int_equal(tcgetattr(t.outer_slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	terminals_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitor__counts_as_shells_do),
		cmocka_unit_test(monitor__of_one_that_has_ended_before),
		cmocka_unit_test(monitor__passes_signals_on),
		cmocka_unit_test(monitor__looks_after_another),
		cmocka_unit_test(monitor__moves_bytes_both_ways),
		cmocka_unit_test(monitor__loses_no_last_words),
		cmocka_unit_test(monitor__gives_its_size_and_takes_its_own_back),
	};

	return RUN(tests);
}
