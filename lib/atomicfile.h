/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are whole or absent, and locks that die with their holder. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum atomicfile_flags {
	/* fsync file and directory: whole or absent also after a power cut. Without it,
	 * only after the death of the writer: enough for what a reboot makes void. */
	ATOMICFILE_DURABLE = 1u << 0,
};
/* Write a temporary file beside and rename it over. */
int atomicfile_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		     unsigned int flags);
/* dirfd/name becomes one more name of the file from_dirfd/name, in place of what is there. */
int atomicfile_link(int from_dirfd, int dirfd, const char *name);

enum lock_mode {
	LOCK_WAIT,
	LOCK_TRY, /* -EAGAIN when held */
};
/* An exclusive flock(2) on dirfd/name (made 0600 when absent); the owned fd is the lock. */
int lockfile_open(int dirfd, const char *name, enum lock_mode mode);
/* The same on a directory itself; whether it still has its name is for the caller to see. */
int lockdir_open(int dirfd, enum lock_mode mode);
