/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclusive use of a directory of the host: two inner engines on one data directory
 * destroy it.
 *
 * A lock is of the directory itself (device and inode), so that a symlink, a bind
 * mount or another path of it is the same lock; one of its parents or of what lies
 * below conflicts, too. It is held by an open file description, which the
 * supervisor keeps: it ends with the container, whatever else dies.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

struct syscont_lock;

struct locks {
	int fd;	       /* holds them, as every copy of it: for the supervisor */
	off_t *places; /* of each directory, where it was there */
};
#define LOCKS_NOT_THERE (-1)
#define LOCKS_EMPTY                                                                            \
	{                                                                                      \
		.fd = -EBADF                                                                   \
	}

/*
 * Host root, engine's mount namespace. Take all, or none: -EBUSY names the volume, where it is
 * mounted, and who has held it since when. A directory that does not exist is left out. n may
 * be 0.
 */
int locks_take(const struct syscont_lock *locks, size_t n, const char *id, struct locks *ret,
	       struct error *err);
void locks_done(struct locks *l);
/*
 * What has been opened to be mounted, and `below` it, is the directory that was locked as
 * locks[i]: a path may lead elsewhere at any moment. -EBUSY: another one.
 */
int locks_check(const struct locks *l, const struct syscont_lock *locks, size_t i, int mount_fd,
		const char *below, struct error *err);

/*
 * Does anybody hold this directory now, alone or with others? *ret_since (owned) is the
 * last holder's word, or NULL.
 */
bool locks_is_held(const char *source, char **ret_since);
