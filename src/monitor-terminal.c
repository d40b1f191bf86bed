/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A program that writes while nobody reads stops reading, too; who then waits until it has
 * taken what was typed waits for ever. So the master is non-blocking, and each way has a
 * buffer. Our stdio is not ours to make non-blocking: it is read and written when poll(2) has
 * said that it can be.
 *
 * While no process has the terminal open, its master is in the state of having been hung up,
 * reads are EIO, and poll(2) would return at once, for ever. This passes: systemd closes
 * /dev/console and opens it again. An edge-triggered epoll(7) tells when there is news.
 */
#include "src/monitor-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/fd.h"

int monitor_terminal_init(struct monitor_terminal *t, int master_fd, struct error *err)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

	*t = (struct monitor_terminal)MONITOR_TERMINAL_EMPTY;
	if (master_fd < 0)
		return 0;
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll_fd < 0 || epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, master_fd, &e) < 0 ||
	    fcntl(master_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, errno, "watch the terminal");
	t->master_fd = master_fd;
	t->readable = t->writable = true;
	t->stdin_open = t->stdout_open = true;
	return 0;
}

void monitor_terminal_done(struct monitor_terminal *t)
{
	t->epoll_fd = fd_close(t->epoll_fd);
}

static bool is_empty(const struct monitor_stream *s)
{
	return s->begin == s->end;
}

bool monitor_terminal_poll(const struct monitor_terminal *t,
			   struct pollfd fds[MONITOR_TERMINAL_FDS])
{
	const bool active = t->master_fd >= 0;
	const bool wants_input = active && t->stdin_open && is_empty(&t->in);

	fds[0] = (struct pollfd){.fd = t->epoll_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = is_empty(&t->out) ? -1 : STDOUT_FILENO,
				 .events = POLLOUT};
	return active &&
	       ((t->readable && is_empty(&t->out)) || (t->writable && !is_empty(&t->in)));
}

/* Into an empty buffer. 0 at the end of file, -errno. */
static ssize_t fill(struct monitor_stream *s, int fd)
{
	ssize_t n = read(fd, s->data, sizeof(s->data));

	s->begin = 0;
	s->end = n > 0 ? (size_t)n : 0;
	return n < 0 ? -errno : n;
}

static int flush(struct monitor_stream *s, int fd)
{
	ssize_t n = write(fd, s->data + s->begin, s->end - s->begin);

	if (n < 0)
		return -errno;
	s->begin += (size_t)n;
	return 0;
}

static bool is_passing(ssize_t r)
{
	return r == -EINTR || r == -EAGAIN;
}

static void look_at_master(struct monitor_terminal *t)
{
	struct epoll_event e;

	if (epoll_wait(t->epoll_fd, &e, 1, 0) != 1)
		return;
	t->readable |= (e.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
	t->writable |= (e.events & EPOLLOUT) != 0;
}

/* Where nobody takes our output any more, it is dropped: the program need not stop for it. */
static void write_out(struct monitor_terminal *t)
{
	int r = t->stdout_open ? flush(&t->out, STDOUT_FILENO) : -EPIPE;

	if (r == 0 || is_passing(r))
		return;
	t->stdout_open = false;
	t->out.begin = t->out.end;
}

void monitor_terminal_move(struct monitor_terminal *t,
			   const struct pollfd fds[MONITOR_TERMINAL_FDS])
{
	ssize_t r;

	if (t->master_fd < 0)
		return;
	if (fds[0].revents)
		look_at_master(t);
	if (fds[1].revents) {
		r = fill(&t->in, STDIN_FILENO);
		t->stdin_open = r > 0 || is_passing(r);
	}
	if (fds[2].revents)
		write_out(t);
	if (t->readable && is_empty(&t->out)) {
		r = fill(&t->out, t->master_fd);
		t->readable = r > 0 || r == -EINTR;
	}
	if (t->writable && !is_empty(&t->in)) {
		r = flush(&t->in, t->master_fd);
		t->writable = r == 0 || r == -EINTR;
		if (r < 0 && !is_passing(r))
			t->in.begin = t->in.end;
	}
}

void monitor_terminal_drain(struct monitor_terminal *t)
{
	if (t->master_fd < 0)
		return;
	do {
		(void)!fd_write_all(STDOUT_FILENO, t->out.data + t->out.begin,
				    t->out.end - t->out.begin);
	} while (t->stdout_open && fill(&t->out, t->master_fd) > 0);
}
