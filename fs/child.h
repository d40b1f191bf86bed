/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The children of a keeper: processes that it forks without execve(2), with a socket to it,
 * and replaces when they die. One that lived for a while is replaced at once, others after a
 * delay that doubles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/fdset.h"
#include "fs/loop.h"
#include "lib/error.h"

/* What the children of one parent have in common. */
struct children {
	struct loop *loop; /* borrowed */
	struct fdset lost; /* pidfds by pid: killed, but waiting in the kernel */
};
#define CHILDREN_EMPTY                                                                         \
	{                                                                                      \
		.lost = FDSET_EMPTY                                                            \
	}

struct child;
struct child_role {
	/*
	 * In the child, in place of main(). `sock` is its end, with the parent at the other.
	 * Returns 0 when nothing is left to do, and a failure when another one should try.
	 */
	int (*run)(struct child *c, int sock, struct error *err);
	/* In the parent: is another one wanted after one that has died? */
	bool (*wants_next)(const struct child *c);
	/* In the parent: one has ended, and none follows. NULL: that is all right. */
	void (*over)(struct child *c);
	/* In the parent, argument the child: its socket is readable. NULL: it says nothing. */
	loop_fn heard;
};

struct child {
	const struct child_role *role;
	const char *name; /* in the log */
	void *arg;	  /* the role's */
	struct children *all;
	int timer_fd; /* one shot: the next one */

	pid_t pid; /* 0: none */
	int pidfd;
	int sock;
	unsigned int generation; /* how many there have been */
	int64_t started_ms;
	int delay_ms;
};
#define CHILD_EMPTY                                                                            \
	{                                                                                      \
		.timer_fd = -EBADF, .pidfd = -EBADF, .sock = -EBADF                            \
	}

int children_init(struct children *ret, struct loop *loop, struct error *err);
/* In a child too; it does not touch the loop. */
void children_done(struct children *all);

/* Of an empty one: role, name and arg are borrowed. Forks nobody yet. */
int child_init(struct child *ret, struct children *all, const struct child_role *role,
	       const char *name, void *arg, struct error *err);
/* Fork one now. */
int child_start(struct child *c, struct error *err);
/* Fork one now, or, if that fails, later; a failure is logged. */
void child_next(struct child *c);
/*
 * SIGKILL, and no successor. What does not die of it soon, because it waits for a file system,
 * is left to `all`.
 */
void child_kill(struct child *c);
/* Close the parent's descriptors, in a child too; it does not touch the loop. */
void child_done(struct child *c);

/*
 * In a child that has no loop, and to which nothing is ever sent: end this process, whatever
 * it waits for, when the parent's end of `sock` closes. Also makes it non-blocking: a child
 * never waits for a process that waits for it.
 */
int child_end_with_parent(int sock, struct error *err);
