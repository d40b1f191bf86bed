/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of a trapped call: read from the caller's memory by host root, who looks whether the
 * call may be ours, and opened by an agent (fs/agent.h) with the meaning that it has for the
 * caller.
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

/*
 * Below this, where a path leads depends on the network namespace, and for a process of another
 * one leads past what is mounted there.
 */
#define TRAP_NET_SYSCTLS "/sys/net/"

/* Into an empty one; -EFAULT. Valid once trap_is_valid() has returned true. */
int trap_target_read(struct trap_target *ret, pid_t tid, uint64_t address);
/* The caller's descriptor, for a call that has its number as an argument. */
void trap_target_set_fd(struct trap_target *t, pid_t tid, int number);
void trap_target_done(struct trap_target *t);

/* In an agent of the caller's: O_PATH, owned. */
int trap_target_open(const struct trap_target *t);

/*
 * fs/trap-target-look.c: is it worth an agent? By host root, who decides nothing else from what
 * is found. A question to the caller's file systems may never be answered, so these go by what
 * the name says, and by what the kernel has in its cache.
 */
/* Can it be in a procfs or sysfs, at or above an emulated file? */
bool trap_target_may_be_below(const struct trap_target *t);
/* Is it certainly in neither? */
bool trap_target_is_elsewhere(const struct trap_target *t, pid_t tid);
/*
 * Is it certainly not the root of one, where that is mounted? may_ask: file systems, too, by an
 * actor whose memory is the caller's.
 */
bool trap_target_is_no_instance(const struct trap_target *t, pid_t tid, bool may_ask);
