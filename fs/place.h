/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup of a caller, on cgroup v2: a child that is put there uses the caller's memory and
 * processor time.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

struct cgroup_read;

struct place {
	const struct cgroup_read *cgroups; /* borrowed */
	char *path;			   /* owned; NULL: no place, children stay outside */
	int top_dirfd;			   /* borrowed; what `path` is relative to */
	int dirfd;			   /* owned */
};
#define PLACE_EMPTY                                                                            \
	{                                                                                      \
		.top_dirfd = -EBADF, .dirfd = -EBADF                                           \
	}
/*
 * `text` is a /proc/PID/cgroup; `cgroups` must live as long. Stays empty where memory is not
 * accounted on v2.
 */
void place_open(struct place *p, const struct cgroup_read *cgroups, const char *text);
void place_done(struct place *p);

enum place_flags {
	PLACE_SHARE_FILES = 1u << 0, /* parent and child have one table of descriptors */
};

/* Does this /proc/PID/cgroup name the same one? */
bool place_is(const struct place *p, const char *text);
/* Is it or one above it frozen, or about to be? */
bool place_is_freezing(const struct place *p);

/*
 * fork(2), with the child in there; an empty place: outside, and so where the host has no way
 * to do it. The limit of processes does not hold for such a child. Raises CAP_DAC_OVERRIDE for
 * the moment, which must be permitted; the child has given it up. -errno: the caller's own
 * doing prevents it.
 */
pid_t place_fork(const struct place *p, unsigned int flags);
