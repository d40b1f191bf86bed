/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are whole or absent, and locks that die with their holder. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Write a temporary file beside, fsync, rename over, fsync the directory. */
int atomicfile_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode);
enum lock_mode {
	LOCK_WAIT,
	LOCK_TRY, /* -EAGAIN when held */
};
/* An exclusive flock(2) on dirfd/name (made 0600 when absent); the owned fd is the lock. */
int lockfile_open(int dirfd, const char *name, enum lock_mode mode);
