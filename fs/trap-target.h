/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of a trapped call: read from the caller's memory by host root, opened by an agent
 * (fs/agent.h) with the meaning that it has for the caller.
 */
#pragma once

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct trap_target {
	char path[PATH_MAX]; /* "": the descriptor itself */
	int number; /* of the caller's descriptor that the path begins with; -1: none */
	int fd;	    /* what that is, O_PATH; owned */
};
#define TRAP_TARGET_EMPTY                                                                      \
	{                                                                                      \
		.number = -1, .fd = -EBADF                                                     \
	}

/* Into an empty one; -EFAULT. Valid once trap_is_valid() has returned true. */
int trap_target_read(struct trap_target *ret, pid_t tid, uint64_t address);
/* The caller's descriptor, for a call that has its number as an argument. */
void trap_target_set_fd(struct trap_target *t, pid_t tid, int number);
void trap_target_done(struct trap_target *t);

/* In an agent of the caller's: O_PATH, owned. */
int trap_target_open(const struct trap_target *t);

/*
 * Can it be in a procfs or sysfs? By its name alone, as a question to its file system may
 * never be answered.
 */
bool trap_target_may_be_below(const struct trap_target *t);
