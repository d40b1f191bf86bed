/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any number of descriptors, watched through a single one that goes into a loop (fs/loop.h).
 * Each has a number by which others refer to it.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct fdset_entry {
	uint64_t number;
	int fd; /* owned */
};

struct fdset {
	int epoll_fd; /* readable when one of them has an event; -EBADF: not watched */
	uint32_t events;
	struct fdset_entry *v;
	size_t n;
};
#define FDSET_EMPTY                                                                            \
	{                                                                                      \
		.epoll_fd = -EBADF                                                             \
	}

/*
 * Watch for EPOLL* events; 0: only for hang-ups. May also be called in a child of the process
 * that used it before.
 */
int fdset_watch(struct fdset *s, uint32_t events, struct error *err);
/* TAKES fd, also on failure. */
int fdset_add(struct fdset *s, uint64_t number, int fd, struct error *err);
/* -EBADF: no such number. */
int fdset_find(const struct fdset *s, uint64_t number);
/* Close it; does nothing when there is none. */
void fdset_remove(struct fdset *s, uint64_t number);
/* The next descriptor with an event, without waiting: its number and events. False: none. */
bool fdset_next(const struct fdset *s, uint64_t *ret_number, uint32_t *ret_events);
/* Close all. */
void fdset_done(struct fdset *s);
