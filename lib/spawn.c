/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"

/* What SIGKILL does not end at once waits for something that nobody can tell the end of. */
#define DEATH_MS 1000

/* The parent's ends of one running helper. */
struct helper {
	pid_t pid;
	int pidfd;
	int stderr_fd; /* non-blocking; -EBADF when the child has our stderr */
	int error_fd;  /* an errno, when it did not come to execve */
};
#define HELPER_EMPTY                                                                           \
	{                                                                                      \
		.pid = -1, .pidfd = -EBADF, .stderr_fd = -EBADF, .error_fd = -EBADF            \
	}

/* A child that nobody waited for is killed: no path leaves a zombie. */
static void helper_done(struct helper *c)
{
	spawn_kill(c->pid);
	c->pid = -1;
	c->pidfd = fd_close(c->pidfd);
	c->stderr_fd = fd_close(c->stderr_fd);
	c->error_fd = fd_close(c->error_fd);
}

int spawn_wait(pid_t pid, int *ret_status)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	if (ret_status)
		*ret_status = status;
	return 0;
}

static bool ends_within(int pidfd, int ms)
{
	const int64_t deadline = clock_msec() + ms;
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r;

	do {
		int64_t left = deadline - clock_msec();

		r = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

void spawn_kill(pid_t pid)
{
	_cleanup_close_ int pidfd = -EBADF;

	if (pid <= 0)
		return;
	pidfd = pidfd_open(pid, 0);
	(void)kill(pid, SIGKILL);
	if (pidfd < 0 || ends_within(pidfd, DEATH_MS))
		(void)spawn_wait(pid, NULL);
}

static int stdin_open(const char *input)
{
	int fd;

	if (input)
		return fd_memfd("stdin", input, strlen(input));
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The child blocks and ignores nothing that its parent did: execve keeps both. */
static void reset_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* fails for SIGKILL, SIGSTOP, glibc's own */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns -errno; does not return when the program runs. */
static int child_exec(const struct spawn *s, int in, int err)
{
	static char *const no_env[] = {NULL};
	_cleanup_close_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r;

	reset_signals();
	if (null < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	if (err >= 0 && dup2(err, STDERR_FILENO) < 0)
		return -errno;
	r = s->prepare ? s->prepare(s->arg) : 0;
	if (r < 0)
		return r;
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	(void)execve(s->path, s->argv, s->envp ? s->envp : no_env);
	return -errno;
}

static int helper_start(struct helper *c, const struct spawn *s, bool want_output)
{
	_cleanup_close_ int in = stdin_open(s->input), err_w = -EBADF, error_w = -EBADF;
	int p[2], r;

	if (in < 0)
		return in;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	c->error_fd = p[0];
	error_w = p[1];
	if (want_output) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return -errno;
		c->stderr_fd = p[0];
		err_w = p[1];
		if (fcntl(c->stderr_fd, F_SETFL, O_NONBLOCK) < 0)
			return -errno;
	}
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		r = child_exec(s, in, err_w);
		(void)fd_write_all(error_w, &r, sizeof(r));
		_exit(127);
	}
	c->pidfd = pidfd_open(c->pid, 0);
	return c->pidfd < 0 ? -errno : 0;
}

/* The last `size` - 1 bytes of a stream, NUL-terminated. */
static void tail_add(char *tail, size_t size, const char *data, size_t len)
{
	size_t used = strlen(tail), room = size - 1;

	if (len >= room) {
		memcpy(tail, data + len - room, room);
		tail[room] = '\0';
		return;
	}
	if (used + len > room) {
		size_t drop = used + len - room;

		memmove(tail, tail + drop, used - drop);
		used -= drop;
	}
	memcpy(tail + used, data, len);
	tail[used + len] = '\0';
}

/* Takes what is there now. 1: there may be more later, 0: end of file or error. */
static int drain(int fd, char *output, size_t output_size)
{
	char buf[4096];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		for (char *nul; (nul = memchr(buf, '\0', (size_t)n));)
			*nul = '?';
		tail_add(output, output_size, buf, (size_t)n);
	}
}

/*
 * Until the process itself ends: what it left in the background may hold its
 * stderr for ever, so end of file is not waited for.
 */
static int helper_watch(struct helper *c, int timeout_ms, char *output, size_t output_size)
{
	int64_t deadline = clock_msec() + timeout_ms;
	struct pollfd p[2] = {
		{.fd = c->pidfd, .events = POLLIN},
		{.fd = c->stderr_fd, .events = POLLIN},
	};

	for (;;) {
		int64_t left = timeout_ms ? deadline - clock_msec() : -1;
		int r = poll(p, 2, timeout_ms && left < 0 ? 0 : (int)left);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r < 0)
			continue;
		if (p[1].revents && !drain(p[1].fd, output, output_size))
			p[1].fd = -1;
		if (p[0].revents) {
			if (p[1].fd >= 0)
				(void)drain(p[1].fd, output, output_size);
			return 0;
		}
		if (timeout_ms && left <= 0)
			return -ETIMEDOUT;
	}
}

int spawn_run(const struct spawn *s, int *ret_status, char *output, size_t output_size)
{
	_cleanup_(helper_done) struct helper c = HELPER_EMPTY;
	int r, child_error, status = 0;

	if (output)
		output[0] = '\0';
	r = helper_start(&c, s, output);
	if (r == 0)
		r = helper_watch(&c, s->timeout_ms, output, output_size);
	if (r < 0)
		return r;
	r = spawn_wait(c.pid, &status);
	c.pid = -1;
	if (r < 0)
		return r;
	if (read(c.error_fd, &child_error, sizeof(child_error)) == sizeof(child_error))
		return child_error;
	if (ret_status)
		*ret_status = status;
	return 0;
}

/* An errno fits the eight bits of an exit status: the largest is 133. */
int spawn_call(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0, r;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-fn(arg) & 0xff);
	r = spawn_wait(pid, &status);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPROTO;
}

int spawn_call_within(int ms, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int pidfd = -EBADF;
	pid_t pid = fork();
	int status = 0, r;
	bool ended;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-fn(arg) & 0xff);
	pidfd = pidfd_open(pid, 0);
	ended = pidfd >= 0 && ends_within(pidfd, ms);
	if (!ended) {
		(void)kill(pid, SIGKILL);
		if (pidfd < 0 || !ends_within(pidfd, DEATH_MS))
			return -ETIMEDOUT;
	}
	r = spawn_wait(pid, &status);
	if (r < 0)
		return r;
	return ended && WIFEXITED(status) ? -WEXITSTATUS(status) : -ETIMEDOUT;
}
