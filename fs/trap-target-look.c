/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it worth an agent? Asked by host root, and answered without a question to the caller's
 * file systems, except where an actor may ask them.
 */
#include "fs/trap-target.h"

#include <errno.h>
#include <fcntl.h>
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

/* ------------------------------------------------------------------ by its name */

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

/* ------------------------------------------------------------------ by what is there */

/* "/proc/self/fd/7" and nothing behind it, or the descriptor itself. */
static bool is_descriptor(const struct trap_target *t)
{
	static const char *const dirs[] = {"/proc/self/fd/", "/proc/thread-self/fd/",
					   "/dev/fd/"};

	if (t->fd < 0 || !*t->path)
		return t->fd >= 0;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (str_has_prefix(t->path, dirs[i]))
			return !strchr(t->path + strlen(dirs[i]), '/');
	return false;
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

/* A longer table would keep the other callers waiting. */
#define MOUNTS_MAX (1u << 20)

static bool is_other_mount(uint64_t mount_id, pid_t tid)
{
	_cleanup_close_ int mounts_fd = tracee_open_mounts(tid);
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	return mounts_fd >= 0 && mountinfo_by_id_in(mounts_fd, mount_id, MOUNTS_MAX, &m) == 0 &&
	       overmount_kind_of_type(m->fstype) == OVERMOUNT_NONE;
}

bool trap_target_is_elsewhere(const struct trap_target *t, pid_t tid)
{
	struct statx st;

	return stat_known(t, tid, RESOLVE_CACHED, &st) == 0 &&
	       is_other_mount(st.stx_mnt_id, tid);
}

/* The table of all mounts is long: it is read if nothing else tells. */
bool trap_target_is_no_instance(const struct trap_target *t, pid_t tid, bool may_ask)
{
	struct statx st;

	if (stat_known(t, tid, may_ask ? 0 : RESOLVE_CACHED, &st) < 0)
		return false;
	return !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT) ||
	       st.stx_ino != OVERMOUNT_ROOT_INO || is_other_mount(st.stx_mnt_id, tid);
}
