/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals arrive through a signalfd, so that one poll(2) sees everything. All
 * that can be caught is forwarded but SIGCHLD (ours), SIGWINCH (the terminal's
 * size) and SIGURG, which Go programs send to themselves.
 */
#include "src/monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/macro.h"
#include "src/monitor-terminal.h"

#define STATUS_RUNNING -1

struct monitor {
	pid_t pid;
	int master_fd;
	int signal_fd;
	const struct monitor_watch *watch;
	struct monitor_terminal terminal;
	bool is_raw;
	struct termios saved;
	int status;
};

static void copy_size(const struct monitor *m)
{
	struct winsize size;

	if (m->master_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(m->master_fd, TIOCSWINSZ, &size);
}

static void make_raw(struct monitor *m)
{
	struct termios raw;

	if (m->master_fd < 0 || tcgetattr(STDIN_FILENO, &m->saved) < 0)
		return;
	raw = m->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* see do_terminal_adopt() */
	m->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	copy_size(m);
}

/* All there are: a subreaper has children that it never made. */
static void reap(struct monitor *m)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0;)
		if (pid == m->pid)
			m->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							: WEXITSTATUS(status);
}

static void handle_signal(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD)
			reap(m);
		else if (sig == SIGWINCH)
			copy_size(m);
		else if (sig != SIGURG && m->status == STATUS_RUNNING)
			(void)kill(m->pid, sig);
	}
}

/* Places among the descriptors that are waited for. */
enum {
	FD_SIGNALS,
	FD_WATCH,
	FD_TERMINAL, /* and the rest */
};

static int loop(struct monitor *m, struct error *err)
{
	while (m->status == STATUS_RUNNING) {
		struct pollfd fds[FD_TERMINAL + MONITOR_TERMINAL_FDS] = {
			[FD_SIGNALS] = {.fd = m->signal_fd, .events = POLLIN},
			[FD_WATCH] = {.fd = m->watch ? *m->watch->fd : -1, .events = POLLIN},
		};
		bool more = monitor_terminal_poll(&m->terminal, fds + FD_TERMINAL);

		if (poll(fds, ARRAY_SIZE(fds), more ? 0 : -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_errno(err, errno, "wait for the container");
		}
		if (fds[FD_SIGNALS].revents)
			handle_signal(m);
		monitor_terminal_move(&m->terminal, fds + FD_TERMINAL);
		if (fds[FD_WATCH].revents)
			m->watch->run(m->watch->arg);
	}
	monitor_terminal_drain(&m->terminal);
	return m->status;
}

static int hold_signals(sigset_t *old, struct error *err)
{
	sigset_t all;

	sigfillset(&all);
	return sigprocmask(SIG_BLOCK, &all, old) < 0 ? error_errno(err, errno, "block signals")
						     : 0;
}

int monitor_hold(struct error *err)
{
	return hold_signals(NULL, err);
}

static int open_signals(struct monitor *m, struct error *err)
{
	sigset_t all;

	sigfillset(&all);
	m->signal_fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	return m->signal_fd < 0 ? error_errno(err, errno, "signalfd") : 0;
}

static int watch(struct monitor *m, struct error *err)
{
	int r = open_signals(m, err);

	if (r == 0)
		r = monitor_terminal_init(&m->terminal, m->master_fd, err);
	if (r < 0)
		return r;
	make_raw(m);
	reap(m); /* it may have ended before the signals were blocked */
	r = loop(m, err);
	if (m->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &m->saved);
	return r;
}

int monitor(pid_t pid, int master_fd, const struct monitor_watch *w, struct error *err)
{
	struct monitor m = {
		.pid = pid,
		.master_fd = master_fd,
		.signal_fd = -EBADF,
		.watch = w,
		.terminal = MONITOR_TERMINAL_EMPTY,
		.status = STATUS_RUNNING,
	};
	sigset_t old;
	int r = hold_signals(&old, err);

	if (r < 0)
		return r;
	r = watch(&m, err);
	monitor_terminal_done(&m.terminal);
	fd_close(m.signal_fd);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
