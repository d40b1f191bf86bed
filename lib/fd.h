/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: ownership, whole reads and writes, memfds, reopening. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/macro.h"

/* Closes fd if it is >= 0, preserves errno, returns -EBADF: `fd = fd_close(fd);` */
int fd_close(int fd);
static inline void fd_closep(int *fd)
{
	fd_close(*fd);
}
#define _cleanup_close_ _cleanup_(fd_closep)

#define take_fd(fdp)                                                                           \
	({                                                                                     \
		int taken_fd_ = *(fdp);                                                        \
		*(fdp) = -EBADF;                                                               \
		taken_fd_;                                                                     \
	})

/*
 * Where the caller has closed one of 0, 1 and 2, /dev/null: else the next descriptor that we
 * open would be taken for it, by us and by whom we execute.
 */
int fd_complete_stdio(void);
/* A close-on-exec duplicate at or above 3, or -errno. */
int fd_dup(int fd);
/* Whole buffer or -errno; EINTR is retried. */
int fd_write_all(int fd, const void *buf, size_t len);
/*
 * Everything up to end of file, NUL-terminated behind *ret_len bytes (ret_len
 * may be NULL). -EFBIG above `max`.
 */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);
/* The same for a file; dirfd AT_FDCWD or a directory. */
int file_read(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len);
/* As file_read(), and one trailing newline is cut. */
int file_read_line(int dirfd, const char *path, char **ret);
/* open(O_WRONLY) + one write(): for procfs, sysfs and cgroupfs. */
int file_write(int dirfd, const char *path, const char *text);
/* Reopen an O_PATH fd through the magic link of our own procfs; returns an owned fd. */
int fd_reopen(int fd, int flags);
/* "/proc/self/fd/N" in a buffer of FD_PATH_MAX bytes. */
#define FD_PATH_MAX 32
const char *fd_path(int fd, char buf[FD_PATH_MAX]);
/* An anonymous file with this content, offset 0, close-on-exec. */
int fd_memfd(const char *name, const void *data, size_t len);
/* Same device and inode? 1, 0 or -errno. */
int fd_same_inode(int a, int b);
