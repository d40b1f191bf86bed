/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"

/* A random name: two writers must not share one, nor trip over that of a dead writer. */
static int temp_name(const char *name, char **ret)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	*ret = xasprintf(".%s.%016" PRIx64, name, random);
	return 0;
}

static int fill(int fd, const void *data, size_t len, mode_t mode, unsigned int flags)
{
	int r = fd_write_all(fd, data, len);

	if (r < 0)
		return r;
	/* The mode as asked for, whatever the umask. */
	if (fchmod(fd, mode) < 0 || (flags & ATOMICFILE_DURABLE && fsync(fd) < 0))
		return -errno;
	return 0;
}

/* The rename is on disk only when the directory is; dirfd may be O_PATH, which cannot sync. */
static int sync_directory(int dirfd)
{
	_cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int atomicfile_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		     unsigned int flags)
{
	_cleanup_free_ char *temp = NULL;
	_cleanup_close_ int fd = -EBADF;
	int r = temp_name(name, &temp);

	if (r < 0)
		return r;
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, data, len, mode, flags);
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return r;
	}
	return flags & ATOMICFILE_DURABLE ? sync_directory(dirfd) : 0;
}

/* The name itself may be as long as a name can be. */
int atomicfile_link(int from_dirfd, int dirfd, const char *name)
{
	_cleanup_free_ char *temp = NULL;
	int r = temp_name("link", &temp);

	if (r < 0)
		return r;
	if (linkat(from_dirfd, name, dirfd, temp, 0) < 0)
		return -errno;
	r = renameat(dirfd, temp, dirfd, name) < 0 ? -errno : 0;
	/* Of two names of one file rename(2) removes none. */
	(void)unlinkat(dirfd, temp, 0);
	return r;
}

/* Is the locked file still the one that the name leads to? */
static int is_current(int fd, int dirfd, const char *name)
{
	struct stat own, there;

	if (fstat(fd, &own) < 0)
		return -errno;
	if (fstatat(dirfd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

static int lock(int fd, enum lock_mode mode)
{
	while (flock(fd, LOCK_EX | (mode == LOCK_TRY ? LOCK_NB : 0)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * flock(2) belongs to the open file description: it lives until the last
 * duplicate is closed, also across fork and SCM_RIGHTS, and dies with its holder.
 * (fcntl's POSIX locks vanish with any close of the file by the process. OFD locks
 * would do, but ask for a writable descriptor and give ranges that nobody needs.)
 * Whoever removes the file while we wait leaves us a lock on nothing: look again.
 */
int lockfile_open(int dirfd, const char *name, enum lock_mode mode)
{
	for (;;) {
		_cleanup_close_ int fd =
			openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		int r = fd < 0 ? -errno : lock(fd, mode);

		if (r == 0)
			r = is_current(fd, dirfd, name);
		if (r < 0)
			return r;
		if (r > 0)
			return take_fd(&fd);
	}
}

/* dirfd has a description of its own: to let go of the lock is to close that of the lock. */
int lockdir_open(int dirfd, enum lock_mode mode)
{
	_cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : lock(fd, mode);

	return r < 0 ? r : take_fd(&fd);
}
