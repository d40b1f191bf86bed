/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trap-target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/overmounts.h"
#include "fs/tracee.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/mountinfo.h"
#include "lib/str.h"
#include "lib/sys.h"

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

/* ------------------------------------------------------------------ what is known of it */

/* "/proc/self/fd/7" and nothing behind it, or the descriptor itself. */
static bool is_descriptor(const struct trap_target *t)
{
	char end[24];

	if (t->fd < 0)
		return false;
	(void)snprintf(end, sizeof(end), "/fd/%d", t->number);
	return !*t->path || str_has_suffix(t->path, end);
}

/*
 * In the caller's tree; O_PATH, owned. To those who do not own a directory the kernel's cache
 * of names does not say what its ACL allows, so this is asked as the owner of the root
 * directory.
 */
static int open_there(const char *path, pid_t tid, uint64_t resolve)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	_cleanup_close_ int root = tracee_open_root(tid);
	struct statx st;
	int fd, own;

	if (root < 0 || statx(root, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_UID, &st) < 0)
		return -EIO;
	own = setfsuid(st.stx_uid);
	fd = sys_openat2(root, path, &how);
	if (fd < 0)
		fd = -errno;
	(void)setfsuid((uid_t)own);
	return fd;
}

static int open_known(const struct trap_target *t, pid_t tid, uint64_t resolve)
{
	if (is_descriptor(t))
		return fd_dup(t->fd);
	if (*t->path != '/' || t->fd >= 0 || strstr(t->path, TRAP_NET_SYSCTLS))
		return -EOPNOTSUPP;
	return open_there(t->path, tid, resolve);
}

static int stat_known(const struct trap_target *t, pid_t tid, uint64_t resolve,
		      struct statx *ret)
{
	_cleanup_close_ int fd = open_known(t, tid, resolve);

	if (fd < 0)
		return fd;
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		     STATX_INO | STATX_MNT_ID, ret) < 0
		       ? -errno
		       : 0;
}

static bool is_other_mount(uint64_t mount_id, pid_t tid)
{
	_cleanup_close_ int mounts_fd = tracee_open_mounts(tid);
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	return mounts_fd >= 0 && mountinfo_by_id_in(mounts_fd, mount_id, &m) == 0 &&
	       overmount_kind_of_type(m->fstype) == OVERMOUNT_NONE;
}

bool trap_target_is_elsewhere(const struct trap_target *t, pid_t tid)
{
	struct statx st;

	return stat_known(t, tid, RESOLVE_CACHED, &st) == 0 &&
	       is_other_mount(st.stx_mnt_id, tid);
}

/* The table of all mounts is long: it is read if nothing else tells. */
bool trap_target_is_no_instance(const struct trap_target *t, pid_t tid, bool is_actor)
{
	struct statx st;

	if (stat_known(t, tid, is_actor ? 0 : RESOLVE_CACHED, &st) < 0)
		return false;
	return !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT) ||
	       st.stx_ino != OVERMOUNT_ROOT_INO || is_other_mount(st.stx_mnt_id, tid);
}
