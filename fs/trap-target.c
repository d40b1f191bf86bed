/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trap-target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/tracee.h"
#include "lib/fd.h"

void trap_target_set_fd(struct trap_target *t, pid_t tid, int number)
{
	t->number = number;
	t->fd = tracee_fd(tid, number);
}

int trap_target_read(struct trap_target *ret, pid_t tid, uint64_t address)
{
	int number;

	if (tracee_string(tid, address, ret->path, sizeof(ret->path)) < 0)
		return -EFAULT;
	number = tracee_path_fd(ret->path);
	if (number >= 0)
		trap_target_set_fd(ret, tid, number);
	return 0;
}

void trap_target_done(struct trap_target *t)
{
	t->fd = fd_close(t->fd);
}

/* With the caller's descriptor N in place of ours, /proc/self/fd/N has the same meaning. */
static int open_by_number(const struct trap_target *t)
{
	_cleanup_close_ int saved = fcntl(t->number, F_DUPFD_CLOEXEC, 3);
	int fd;

	if (dup2(t->fd, t->number) < 0)
		return -errno;
	fd = open(t->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	if (saved >= 0)
		(void)dup3(saved, t->number, O_CLOEXEC);
	else
		(void)close(t->number);
	return fd;
}

int trap_target_open(const struct trap_target *t)
{
	int fd;

	if (!*t->path)
		return t->fd < 0 ? -EBADF : fd_dup(t->fd);
	if (t->fd >= 0 && t->number != t->fd)
		return open_by_number(t);
	fd = open(t->path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
