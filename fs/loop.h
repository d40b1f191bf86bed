/* SPDX-License-Identifier: Apache-2.0 */
/* A small event loop over epoll: a descriptor that becomes readable has its function called. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

#define LOOP_SOURCES_MAX 32

/*
 * Called when fd is readable, in error or hung up. A negative return ends the loop, which
 * returns it.
 */
typedef int (*loop_fn)(void *arg, struct error *err);

struct loop_source {
	int fd; /* -EBADF: a free entry */
	loop_fn fn;
	void *arg;
};

struct loop {
	int epoll_fd;
	bool ending;
	struct loop_source sources[LOOP_SOURCES_MAX];
};
#define LOOP_EMPTY                                                                             \
	{                                                                                      \
		.epoll_fd = -EBADF                                                             \
	}

int loop_init(struct loop *l, struct error *err);
/* The fds themselves still belong to their owners. */
void loop_done(struct loop *l);
/* fd is borrowed until loop_remove(), which must come before it is closed. */
int loop_add(struct loop *l, int fd, loop_fn fn, void *arg, struct error *err);
/*
 * The same for a file that is always readable and signals changes as exceptional (mountinfo).
 */
int loop_add_priority(struct loop *l, int fd, loop_fn fn, void *arg, struct error *err);
/* Does nothing when fd was not added. Legal inside a called function, also for its own fd. */
void loop_remove(struct loop *l, int fd);
/* Run until loop_end() (returns 0) or the first failure. */
int loop_run(struct loop *l, struct error *err);
void loop_end(struct loop *l);
