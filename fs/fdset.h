/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors without a fixed number of them, behind one that goes into a loop (fs/loop.h).
 * Each has a number by which others speak of it.
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
	int epoll_fd; /* readable when one of them has something; -EBADF: not watched */
	uint32_t events;
	struct fdset_entry *v;
	size_t n;
};
#define FDSET_EMPTY                                                                            \
	{                                                                                      \
		.epoll_fd = -EBADF                                                             \
	}

/* Watch for EPOLL* events; 0: only for hang-ups. Also in the child of who had it before. */
int fdset_watch(struct fdset *s, uint32_t events, struct error *err);
/* TAKES fd, also on failure. */
int fdset_add(struct fdset *s, uint64_t number, int fd, struct error *err);
/* -EBADF: there is none. */
int fdset_find(const struct fdset *s, uint64_t number);
/* Close it; nothing when there is none. */
void fdset_remove(struct fdset *s, uint64_t number);
/* The next that has an event, without waiting: its number and events. False: none. */
bool fdset_next(const struct fdset *s, uint64_t *ret_number, uint32_t *ret_events);
/* Close all. */
void fdset_done(struct fdset *s);
