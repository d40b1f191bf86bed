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

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct syscont_lock;

/*
 * Host root, engine's mount namespace. Take all, or none: -EBUSY with the volume, where
 * it is mounted and who holds it since when. A directory that does not exist is
 * left out. The owned fd holds them, and every copy of it: give it to the
 * supervisor and close it. n may be 0.
 */
int locks_take(const struct syscont_lock *locks, size_t n, const char *id, int *ret_fd,
	       struct error *err);

/*
 * Does anybody hold this directory now, alone or with others? *ret_since (owned) is the
 * last holder's word, or NULL.
 */
bool locks_is_held(const char *source, char **ret_since);
