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

#define STATUS_RUNNING -1

struct monitor {
	pid_t pid;
	int master_fd;
	int signal_fd;
	const struct monitor_watch *watch;
	bool stdin_open;
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

static void reap(struct monitor *m)
{
	int status;

	if (waitpid(m->pid, &status, WNOHANG | __WALL) != m->pid)
		return;
	m->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
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

/* One read, one whole write; false at the end of `from`. */
static bool pump(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && fd_write_all(to, buf, (size_t)n) == 0;
}

/* What the process wrote last is still in the terminal when it is gone (EIO ends it). */
static void drain(const struct monitor *m)
{
	struct pollfd p = {.fd = m->master_fd, .events = POLLIN};

	while (m->master_fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & POLLIN)
		if (!pump(m->master_fd, STDOUT_FILENO))
			return;
}

static int loop(struct monitor *m, struct error *err)
{
	while (m->status == STATUS_RUNNING) {
		struct pollfd fds[] = {
			{.fd = m->signal_fd, .events = POLLIN},
			{.fd = m->master_fd, .events = POLLIN},
			{.fd = m->stdin_open ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = m->watch ? *m->watch->fd : -1, .events = POLLIN},
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "wait for the container");
		if (fds[0].revents)
			handle_signal(m);
		if (fds[1].revents && !pump(m->master_fd, STDOUT_FILENO))
			m->master_fd = -EBADF;
		if (fds[2].revents && !pump(STDIN_FILENO, m->master_fd))
			m->stdin_open = false;
		if (fds[3].revents)
			m->watch->run(m->watch->arg);
	}
	drain(m);
	return m->status;
}

int monitor(pid_t pid, int master_fd, const struct monitor_watch *w, struct error *err)
{
	struct monitor m = {
		.pid = pid,
		.master_fd = master_fd,
		.watch = w,
		.stdin_open = master_fd >= 0,
		.status = STATUS_RUNNING,
	};
	sigset_t all, old;
	int r;

	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, &old) < 0)
		return error_errno(err, errno, "block the signals");
	m.signal_fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m.signal_fd < 0)
		return error_errno(err, errno, "signalfd");
	make_raw(&m);
	reap(&m); /* it may have ended before the signals were blocked */
	r = loop(&m, err);
	if (m.is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &m.saved);
	fd_close(m.signal_fd);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
