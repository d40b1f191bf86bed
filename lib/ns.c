/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/flags.h"

int ns_open(pid_t pid, uint64_t clone_flag)
{
	const char *file = flags_ns_file(clone_flag);
	char path[64];
	int fd;

	if (!file)
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A namespace is an inode of nsfs (namespaces(7)). */
int ns_same(int fd_a, int fd_b)
{
	return fd_same_inode(fd_a, fd_b);
}

int ns_is_own(int fd, uint64_t clone_flag)
{
	_cleanup_close_ int own = ns_open(getpid(), clone_flag);

	return own < 0 ? own : ns_same(fd, own);
}

int ns_type(int fd)
{
	int type = ioctl(fd, NS_GET_NSTYPE);

	return type < 0 ? -errno : type;
}

bool ns_is_supported(uint64_t clone_flag)
{
	const char *file = flags_ns_file(clone_flag);
	char path[64];

	if (!file)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", file);
	return access(path, F_OK) == 0;
}
