/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trap-target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/tracee.h"
#include "lib/emul.h"
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

/* As far as it can be told without a question to any file system. */
static const char *name_of(const struct trap_target *t, char buf[PATH_MAX])
{
	char link[FD_PATH_MAX];
	ssize_t n;

	if (t->fd < 0)
		return t->path;
	n = readlinkat(AT_FDCWD, fd_path(t->fd, link), buf, PATH_MAX - 1);
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

/* Is what `own` names, which may have a '*', at or below this path of a procfs or sysfs? */
static bool is_below(const char *own, const char *fs, const char *path)
{
	size_t len = strlen(fs);

	if (strncmp(own, fs, len) != 0 || own[len] != '/')
		return false;
	for (own += len + 1; *path && *own == *path; own++, path++)
		;
	return !*path || *own == '*';
}

/* Is anything mounted there? */
static bool has_emulated(const char *fs, const char *path)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (is_below(emul_files[i].path, fs, path))
			return true;
	for (const char *const *p = emul_hidden; *p; p++)
		if (is_below(*p, fs, path))
			return true;
	return false;
}

/* Each name that begins like that may be where one is mounted. */
static bool may_have(const char *name, const char *fs)
{
	for (const char *p = strstr(name, fs); p; p = strstr(p + 1, fs)) {
		const char *rest = p + strcspn(p, "/");

		if (p > name && p[-1] == '/' && has_emulated(fs, rest + strspn(rest, "/")))
			return true;
	}
	return false;
}

bool trap_target_may_be_below(const struct trap_target *t)
{
	char buf[PATH_MAX];
	const char *name = name_of(t, buf);

	return *name != '/' || may_have(name, "proc") || may_have(name, "sys");
}
