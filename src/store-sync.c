/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/dir.h"
#include "lib/fd.h"
#include "src/store-internal.h"
#include "src/store.h"

static int sync_dir(int dirfd, unsigned int depth);

static int sync_entry(int dirfd, const struct dirent *e, unsigned int depth)
{
	_cleanup_close_ int fd = -EBADF;

	if (e->d_type != DT_REG && e->d_type != DT_DIR)
		return 0;
	fd = openat(dirfd, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (e->d_type == DT_DIR && depth < STORE_SEED_MAX_DEPTH)
		return sync_dir(fd, depth + 1);
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int sync_dir(int dirfd, unsigned int depth)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = dir_open(&dir, dirfd, ".");

	while (r == 0 && (r = dir_next(dir, &e)) > 0)
		r = sync_entry(dirfd, e, depth);
	return r < 0 ? r : fsync(dirfd) < 0 ? -errno : 0;
}

int store_sync(int dirfd)
{
	return sync_dir(dirfd, 0);
}
