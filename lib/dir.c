/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/fd.h"

DIR *dir_close(DIR *dir)
{
	if (dir)
		(void)closedir(dir); /* was only read */
	return NULL;
}

int dir_open_fd(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int dir_open(DIR **ret, int dirfd, const char *name)
{
	_cleanup_close_ int fd = dir_open_fd(dirfd, name);
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	fd = -EBADF; /* the stream's */
	*ret = dir;
	return 0;
}

int dir_next(DIR *dir, struct dirent **ret)
{
	struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	if (!e)
		return -errno;
	*ret = e;
	return 1;
}
