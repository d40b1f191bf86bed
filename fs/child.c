/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/spawn.h"

/* One that lived this long is replaced at once. */
#define HEALTHY_MS   1000
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 320
/* Long enough for a killed process to end; the parent waits for nobody forever. */
#define KILL_MAX_MS 500

/* ------------------------------------------------------------------ all of them */

static int on_lost_end(void *arg, struct error *err)
{
	struct children *all = arg;
	uint64_t pid;
	uint32_t events;

	(void)err;
	if (!fdset_next(&all->lost, &pid, &events))
		return 0;
	(void)spawn_wait((pid_t)pid, &(int){0});
	fdset_remove(&all->lost, pid);
	return 0;
}

int children_init(struct children *ret, struct loop *loop, struct error *err)
{
	int r;

	ret->loop = loop;
	r = fdset_watch(&ret->lost, EPOLLIN, err);
	return r < 0 ? r : loop_add(loop, ret->lost.epoll_fd, on_lost_end, ret, err);
}

void children_done(struct children *all)
{
	fdset_done(&all->lost);
}

/* ------------------------------------------------------------------ one of them */

static int on_timer(void *arg, struct error *err)
{
	struct child *c = arg;
	uint64_t n;

	(void)err;
	if (read(c->timer_fd, &n, sizeof(n)) == sizeof(n) && !c->pid && c->role->wants_next(c))
		child_next(c);
	return 0;
}

int child_init(struct child *ret, struct children *all, const struct child_role *role,
	       const char *name, void *arg, struct error *err)
{
	ret->all = all;
	ret->role = role;
	ret->name = name;
	ret->arg = arg;
	ret->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ret->timer_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(all->loop, ret->timer_fd, on_timer, ret, err);
}

static void leave_loop(struct child *c)
{
	loop_remove(c->all->loop, c->pidfd);
	loop_remove(c->all->loop, c->sock);
}

static void forget(struct child *c)
{
	c->pidfd = fd_close(c->pidfd);
	c->sock = fd_close(c->sock);
	c->pid = 0;
}

static int reap(struct child *c)
{
	int status = 0;

	leave_loop(c);
	(void)spawn_wait(c->pid, &status);
	forget(c);
	return status;
}

/* Where it waits, SIGKILL does not reach it. */
static void lose(struct child *c)
{
	struct error err;

	leave_loop(c);
	if (fdset_add(&c->all->lost, (uint64_t)c->pid, take_fd(&c->pidfd), &err) < 0)
		log_error("%s", err.text);
	forget(c);
}

void child_kill(struct child *c)
{
	clock_set_timer(c->timer_fd, 0);
	if (c->pid == 0)
		return;
	(void)kill(c->pid, SIGKILL);
	if (c->pidfd < 0 || proc_pidfd_wait(c->pidfd, KILL_MAX_MS) == 1)
		(void)reap(c);
	else
		lose(c);
}

static int next_delay(struct child *c)
{
	if (clock_msec() - c->started_ms >= HEALTHY_MS)
		c->delay_ms = 0;
	else if (c->delay_ms < DELAY_MIN_MS)
		c->delay_ms = DELAY_MIN_MS;
	else
		c->delay_ms = 2 * c->delay_ms < DELAY_MAX_MS ? 2 * c->delay_ms : DELAY_MAX_MS;
	return c->delay_ms;
}

static int on_end(void *arg, struct error *err)
{
	struct child *c = arg;
	int status = reap(c);
	bool is_done = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
	int delay;

	(void)err;
	if (is_done || !c->role->wants_next(c)) {
		if (is_done)
			log_info("%s: nothing left to do", c->name);
		if (c->role->over)
			c->role->over(c);
		return 0;
	}
	delay = next_delay(c);
	log_warn("%s %u ended (%s %d), the next in %d ms", c->name, c->generation,
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), delay);
	if (delay == 0)
		child_next(c);
	else
		clock_set_timer(c->timer_fd, delay);
	return 0;
}

static _noreturn_ void child_main(struct child *c, int sock)
{
	struct error err;
	int r = c->role->run(c, sock, &err);

	if (r < 0)
		log_error("%s: %s", c->name, err.text);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int fork_one(struct child *c, struct error *err)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pair[2], r = sock_pair(pair);
	pid_t pid;

	if (r < 0)
		return error_errno(err, -r, "a socket for %s", c->name);
	ours = pair[0];
	theirs = pair[1];
	c->generation++;
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "fork %s", c->name);
	if (pid == 0) {
		fd_close(ours);
		child_main(c, theirs);
	}
	c->pid = pid;
	c->sock = take_fd(&ours);
	c->started_ms = clock_msec();
	return 0;
}

static int watch(struct child *c, struct error *err)
{
	int r;

	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd < 0)
		return error_errno(err, errno, "pidfd_open of %s", c->name);
	r = loop_add(c->all->loop, c->pidfd, on_end, c, err);
	if (r == 0 && c->role->heard)
		r = loop_add(c->all->loop, c->sock, c->role->heard, c, err);
	return r;
}

int child_start(struct child *c, struct error *err)
{
	int r = fork_one(c, err);

	if (r == 0)
		r = watch(c, err);
	if (r < 0)
		child_kill(c);
	return r;
}

/* Whoever needs it waits; that is better than losing them all. */
void child_next(struct child *c)
{
	struct error err;

	if (child_start(c, &err) == 0)
		return;
	log_error("%s", err.text);
	clock_set_timer(c->timer_fd, DELAY_MAX_MS);
}

void child_done(struct child *c)
{
	c->timer_fd = fd_close(c->timer_fd);
	c->pidfd = fd_close(c->pidfd);
	c->sock = fd_close(c->sock);
}

/* ------------------------------------------------------------------ in the child */

/* PR_SET_PDEATHSIG would be lost with each change of the user that a process acts for. */
static int parent_sock = -EBADF;

/*
 * Also when there is room in the socket again. ECONNRESET: the parent has not read all that we
 * have written.
 */
static void on_parent(int signo)
{
	int saved = errno;
	char c;
	ssize_t n = read(parent_sock, &c, sizeof(c));

	(void)signo;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		_exit(EXIT_SUCCESS);
	errno = saved;
}

int child_end_with_parent(int sock, struct error *err)
{
	const struct sigaction action = {.sa_handler = on_parent, .sa_flags = SA_RESTART};

	parent_sock = sock;
	if (sigaction(SIGIO, &action, NULL) < 0 || fcntl(sock, F_SETOWN, getpid()) < 0 ||
	    fcntl(sock, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)
		return error_errno(err, errno, "wait for the end of the parent");
	on_parent(SIGIO); /* it may have ended before */
	return 0;
}
