/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "lib/fd.h"
#include "lib/macro.h"

int loop_init(struct loop *l, struct error *err)
{
	l->ending = false;
	for (size_t i = 0; i < ARRAY_SIZE(l->sources); i++)
		l->sources[i].fd = -EBADF;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll_fd < 0 ? error_errno(err, errno, "epoll_create") : 0;
}

void loop_done(struct loop *l)
{
	l->epoll_fd = fd_close(l->epoll_fd);
}

static struct loop_source *find(struct loop *l, int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->sources); i++)
		if (l->sources[i].fd == fd)
			return &l->sources[i];
	return NULL;
}

static int add(struct loop *l, uint32_t events, const struct loop_source *source,
	       struct error *err)
{
	struct loop_source *s = find(l, -EBADF);
	struct epoll_event ev = {.events = events};

	if (!s)
		return error_set(err, ENOSPC, "more than %d event sources", LOOP_SOURCES_MAX);
	ev.data.ptr = s;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, source->fd, &ev) < 0)
		return error_errno(err, errno, "epoll_ctl");
	*s = *source;
	return 0;
}

int loop_add(struct loop *l, int fd, loop_fn fn, void *arg, struct error *err)
{
	return add(l, EPOLLIN, &(struct loop_source){fd, fn, arg}, err);
}

int loop_add_priority(struct loop *l, int fd, loop_fn fn, void *arg, struct error *err)
{
	return add(l, EPOLLPRI, &(struct loop_source){fd, fn, arg}, err);
}

void loop_remove(struct loop *l, int fd)
{
	struct loop_source *s = fd >= 0 ? find(l, fd) : NULL;

	if (!s)
		return;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	s->fd = -EBADF;
}

/*
 * One event at a time: the function called for it may remove any source, and a second event
 * fetched with the first would then point to a free entry. The kernel takes ready descriptors
 * in turn, so none starves.
 */
static int run_once(struct loop *l, struct error *err)
{
	struct loop_source *s;
	struct epoll_event ev;
	int n;

	n = epoll_wait(l->epoll_fd, &ev, 1, -1);
	if (n < 0 && errno != EINTR)
		return error_errno(err, errno, "epoll_wait");
	if (n <= 0)
		return 0;
	s = ev.data.ptr;
	return s->fn(s->arg, err);
}

int loop_run(struct loop *l, struct error *err)
{
	while (!l->ending) {
		int r = run_once(l, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void loop_end(struct loop *l)
{
	l->ending = true;
}
