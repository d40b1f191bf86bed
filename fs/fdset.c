/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fdset.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/alloc.h"
#include "lib/fd.h"

static int watch_one(const struct fdset *s, const struct fdset_entry *e)
{
	struct epoll_event ev = {.events = s->events, .data.u64 = e->number};

	if (s->epoll_fd < 0)
		return 0;
	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, e->fd, &ev) < 0 ? -errno : 0;
}

int fdset_watch(struct fdset *s, uint32_t events, struct error *err)
{
	fd_close(s->epoll_fd);
	s->events = events;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return error_errno(err, errno, "epoll_create");
	for (size_t i = 0; i < s->n; i++) {
		int r = watch_one(s, &s->v[i]);

		if (r < 0)
			return error_errno(err, -r, "epoll_ctl");
	}
	return 0;
}

int fdset_add(struct fdset *s, uint64_t number, int fd, struct error *err)
{
	const struct fdset_entry e = {.number = number, .fd = fd};
	int r = watch_one(s, &e);

	if (r < 0) {
		fd_close(fd);
		return error_errno(err, -r, "epoll_ctl");
	}
	*(struct fdset_entry *)array_add((void **)&s->v, &s->n, sizeof(*s->v)) = e;
	return 0;
}

static struct fdset_entry *find(const struct fdset *s, uint64_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].number == number)
			return &s->v[i];
	return NULL;
}

int fdset_find(const struct fdset *s, uint64_t number)
{
	const struct fdset_entry *e = find(s, number);

	return e ? e->fd : -EBADF;
}

/*
 * Other processes may hold the same description: the kernel would go on reporting its events.
 */
void fdset_remove(struct fdset *s, uint64_t number)
{
	struct fdset_entry *e = find(s, number);

	if (!e)
		return;
	if (s->epoll_fd >= 0)
		(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);
	fd_close(e->fd);
	*e = s->v[--s->n];
}

bool fdset_next(const struct fdset *s, uint64_t *ret_number, uint32_t *ret_events)
{
	struct epoll_event ev;

	if (epoll_wait(s->epoll_fd, &ev, 1, 0) != 1)
		return false;
	*ret_number = ev.data.u64;
	*ret_events = ev.events;
	return true;
}

void fdset_done(struct fdset *s)
{
	for (size_t i = 0; i < s->n; i++)
		fd_close(s->v[i].fd);
	free(s->v);
	fd_close(s->epoll_fd);
	*s = (struct fdset)FDSET_EMPTY;
}
