/* SPDX-License-Identifier: Apache-2.0 */
#include "src/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/fd.h"
#include "lib/path.h"

/* Where distributions keep systemd's private library, whose name carries its version. */
static const char *const systemd_dirs[] = {
	"/usr/lib/systemd",
	"/lib/systemd",
	"/usr/lib/x86_64-linux-gnu/systemd",
	"/usr/lib/aarch64-linux-gnu/systemd",
	"/usr/lib64/systemd",
};

/* "libsystemd-shared-257.so", "libsystemd-shared-252.36-1~deb12u1.so" */
static int systemd_version_in(int root_fd, const char *dir)
{
	_cleanup_close_ int fd =
		path_open_in_root(root_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int version = 0;

	if (!d)
		return 0;
	fd = -EBADF;
	for (struct dirent *e; version == 0 && (e = readdir(d));)
		(void)sscanf(e->d_name, "libsystemd-shared-%d", &version);
	closedir(d);
	return version;
}

int image_read(struct image *ret, const char *rootfs, struct error *err)
{
	_cleanup_close_ int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_errno(err, errno, "the root file system %s", rootfs);
	ret->systemd_version = 0;
	for (size_t i = 0; ret->systemd_version == 0 && i < ARRAY_SIZE(systemd_dirs); i++)
		ret->systemd_version = systemd_version_in(root_fd, systemd_dirs[i]);
	return 0;
}
