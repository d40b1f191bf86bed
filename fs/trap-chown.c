/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chown(2) and its relatives, where SYSBOX_IGNORE_SYSFS_CHOWN asks for it: packages that
 * contain /sys set its owner when they are installed, and the kernel refuses that to a
 * container's root. On sysfs and procfs the call is reported as done; everything else is left
 * to the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "lib/fd.h"
#include "lib/macro.h"

#define KNOWN_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

struct work {
	int dirfd; /* the caller's, or AT_FDCWD */
	int flags; /* of fchownat(2) */
	char path[PATH_MAX];
};

/* A caller without CAP_CHOWN is refused, as on any file. */
static bool may_chown(const struct tracee *t)
{
	return t->creds.caps.effective & (UINT64_C(1) << CAP_CHOWN);
}

static int inside(void *arg)
{
	const struct work *w = arg;
	int nofollow = w->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
	_cleanup_close_ int opened = -EBADF;
	int fd = w->dirfd;
	struct statfs st;

	if (w->path[0])
		fd = opened = openat(w->dirfd, w->path, O_PATH | O_CLOEXEC | nofollow);
	if (fd < 0 || fstatfs(fd, &st) < 0)
		return -errno;
	return st.f_type == SYSFS_MAGIC || st.f_type == PROC_SUPER_MAGIC ? 0 : -EOPNOTSUPP;
}

/* `path` is the argument number of the path, or -1. */
static enum trap_verdict ignore(const struct trap_context *c, struct trap_job *job,
				const struct tracee *t, struct work *w, int path)
{
	const struct agent_work work = {.act = inside, .arg = w};
	const __u64 *args = job->notif.data.args;
	bool is_read =
		path < 0 || tracee_string(t->tid, args[path], w->path, sizeof(w->path)) >= 0;
	bool is_empty_right = w->path[0] || w->flags & AT_EMPTY_PATH;

	if (!is_read || !is_empty_right || !may_chown(t) || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	job->result = 0;
	return trap_verdict_of(agent_call(t, 0, &work));
}

static enum trap_verdict act_chown(const struct trap_context *c, struct trap_job *job,
				   const struct tracee *t)
{
	struct work w = {.dirfd = AT_FDCWD};

	return ignore(c, job, t, &w, 0);
}

static enum trap_verdict act_lchown(const struct trap_context *c, struct trap_job *job,
				    const struct tracee *t)
{
	struct work w = {.dirfd = AT_FDCWD, .flags = AT_SYMLINK_NOFOLLOW};

	return ignore(c, job, t, &w, 0);
}

static enum trap_verdict act_fchown(const struct trap_context *c, struct trap_job *job,
				    const struct tracee *t)
{
	_cleanup_close_ int fd = tracee_fd(t->tid, (int)job->notif.data.args[0]);
	struct work w = {.dirfd = fd, .flags = AT_EMPTY_PATH};

	return fd < 0 ? TRAP_NATIVE : ignore(c, job, t, &w, -1);
}

static enum trap_verdict act_fchownat(const struct trap_context *c, struct trap_job *job,
				      const struct tracee *t)
{
	const __u64 *args = job->notif.data.args;
	_cleanup_close_ int fd = -EBADF;
	struct work w = {.dirfd = AT_FDCWD, .flags = (int)args[4]};

	if ((int)args[0] != AT_FDCWD) {
		w.dirfd = fd = tracee_fd(t->tid, (int)args[0]);
		if (fd < 0)
			return TRAP_NATIVE;
	}
	return w.flags & ~KNOWN_FLAGS ? TRAP_NATIVE : ignore(c, job, t, &w, 1);
}

/* Finding out on which file system the file is takes a process with the caller's root. */
static bool is_wanted(const struct seccomp_notif *n)
{
	(void)n;
	return true;
}

#define TRAP(call)                                                                             \
	{                                                                                      \
		.name = #call, .is_wanted = is_wanted, .act = act_##call                       \
	}

const struct trap trap_chown = TRAP(chown);
const struct trap trap_lchown = TRAP(lchown);
const struct trap trap_fchown = TRAP(fchown);
const struct trap trap_fchownat = TRAP(fchownat);
