/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * mount(2) with MS_REMOUNT and MS_BIND, and mount_setattr(2): they change the flags of one
 * mount. Where that is a procfs or sysfs, or a bind of a part of one, the emulated files on it
 * are mounts of their own and would stay writable; engines protect /proc/sys of their
 * containers like this. So they follow.
 *
 * The agent has the caller's rights, but no procfs that it could trust: it is given the
 * caller's mount table, opened by host root, to learn what part of its file system a mount is.
 *
 * The kernel keeps sysctls of the network for each network namespace, under the same names
 * with different dentries, and what is mounted on those of one namespace is not there for a
 * process in another: its mount table has the mount, its path leads past it, and EINVAL is
 * the end of a program that makes everything read-only, mount by mount (bubblewrap with
 * --ro-bind / / and a network namespace of its own). So such a path is resolved once more in
 * the namespaces that the caller has come from, those of its parents.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap-mount.h"
#include "fs/trap.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"

/* Parents that are asked for their network namespace. */
#define PARENTS_MAX 8

struct work {
	struct trap_target target;
	struct trap_attrs attrs;
	int mounts_fd; /* the caller's mount table */
	const uint64_t *devs;
};

/* ------------------------------------------------------------------ what is asked */

enum {
	SETATTR_DIRFD,
	SETATTR_PATH,
	SETATTR_FLAGS,
	SETATTR_ATTR,
	SETATTR_SIZE,
};

static int read_mount(struct work *w, const struct seccomp_notif *n)
{
	w->attrs = trap_mount_attrs(n->data.args[TRAP_MOUNT_FLAGS]);
	return trap_target_read(&w->target, (pid_t)n->pid, n->data.args[TRAP_MOUNT_TARGET]);
}

/* A relative path stands for itself only if the directory is the working directory. */
static int read_setattr_target(struct trap_target *ret, const struct seccomp_notif *n)
{
	int dirfd = (int)n->data.args[SETATTR_DIRFD];
	int r = trap_target_read(ret, (pid_t)n->pid, n->data.args[SETATTR_PATH]);

	if (r < 0)
		return r;
	if (!*ret->path && n->data.args[SETATTR_FLAGS] & AT_EMPTY_PATH)
		trap_target_set_fd(ret, (pid_t)n->pid, dirfd);
	else if (*ret->path != '/' && dirfd != AT_FDCWD)
		return -EOPNOTSUPP;
	return 0;
}

/* Nothing but flags: what else there may be stays with the kernel. */
static int read_setattr(struct work *w, const struct seccomp_notif *n)
{
	struct mount_attr a;

	if (n->data.args[SETATTR_FLAGS] & AT_SYMLINK_NOFOLLOW ||
	    n->data.args[SETATTR_SIZE] != sizeof(a))
		return -EOPNOTSUPP;
	if (tracee_read((pid_t)n->pid, n->data.args[SETATTR_ATTR], &a, sizeof(a)) < 0)
		return -EFAULT;
	if (a.propagation || (a.attr_set | a.attr_clr) & MOUNT_ATTR_IDMAP)
		return -EOPNOTSUPP;
	w->attrs = (struct trap_attrs){a.attr_set, a.attr_clr};
	return read_setattr_target(&w->target, n);
}

static int read_work(struct work *w, const struct seccomp_notif *n)
{
	return trap_is_setattr(&n->data) ? read_setattr(w, n) : read_mount(w, n);
}

static bool is_wanted(const struct seccomp_notif *n)
{
	_cleanup_free_ struct work *w = xcalloc(1, sizeof(*w));
	bool is;

	w->target = (struct trap_target)TRAP_TARGET_EMPTY;
	is = read_work(w, n) == 0 && (w->attrs.set | w->attrs.clear) & MOUNT_ATTR_RDONLY &&
	     trap_target_may_be_below(&w->target) &&
	     !trap_target_is_elsewhere(&w->target, (pid_t)n->pid);
	trap_target_done(&w->target);
	return is;
}

/* ------------------------------------------------------------------ the agent's side */

/* The caller's mount of this descriptor, which has to be the root of it. */
static int mount_of(const struct work *w, int fd, struct mountinfo **ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -EINVAL;
	return mountinfo_by_id_in(w->mounts_fd, st.stx_mnt_id, MOUNTINFO_TEXT_MAX, ret);
}

static int set_with_ours(const struct work *w, int fd, const struct mountinfo *m)
{
	enum overmount_kind kind = overmount_kind_of_type(m->fstype);
	int r;

	if (kind == OVERMOUNT_NONE)
		return -EOPNOTSUPP;
	r = mount_set_attr(fd, w->attrs.set, w->attrs.clear, 0);
	if (r == 0)
		overmounts_set_readonly(fd, m->root, kind, w->devs,
					w->attrs.set & MOUNT_ATTR_RDONLY);
	return r;
}

static int inside(void *arg)
{
	const struct work *w = arg;
	_cleanup_close_ int fd = trap_target_open(&w->target);
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;
	int r;

	if (fd < 0)
		return fd;
	if (overmount_is_ours(fd, w->devs))
		return mount_set_attr(fd, w->attrs.set, w->attrs.clear, 0);
	r = mount_of(w, fd, &m);
	return r < 0 ? r : set_with_ours(w, fd, m);
}

/* ------------------------------------------------------------------ the network's sysctls */

/* In the network namespace of this process, if it has another one than the caller. */
static int act_from(const struct tracee *t, pid_t parent, struct work *w)
{
	const struct agent_work work = {.act = inside, .arg = w};
	struct tracee from = *t;
	_cleanup_close_ int netns = tracee_other_netns(t, parent);

	if (netns < 0)
		return netns;
	from.fds[TRACEE_NETNS] = netns;
	return agent_call(&from, 0, &work);
}

static int act_from_parents(const struct tracee *t, struct work *w)
{
	pid_t parent = t->tid;
	int r = -EINVAL;

	for (int i = 0; i < PARENTS_MAX && r < 0; i++) {
		parent = tracee_parent(parent);
		if (parent <= 0)
			break;
		r = act_from(t, parent, w);
	}
	return r;
}

/* ------------------------------------------------------------------ both */

static enum trap_verdict act_on(const struct trap_context *c, struct trap_job *job,
				const struct tracee *t, struct work *w)
{
	const struct agent_work work = {.act = inside, .arg = w};
	int r;

	if (read_work(w, &job->notif) < 0 || w->mounts_fd < 0 || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	r = agent_call(t, 0, &work);
	if (r == -EINVAL && strstr(w->target.path, TRAP_NET_SYSCTLS))
		r = act_from_parents(t, w);
	return trap_verdict_of(r);
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	_cleanup_close_ int mounts_fd = tracee_open_mounts(t->tid);
	_cleanup_free_ struct work *w = xcalloc(1, sizeof(*w));
	enum trap_verdict v;

	*w = (struct work){
		.target = TRAP_TARGET_EMPTY,
		.mounts_fd = mounts_fd,
		.devs = c->devs,
	};
	v = act_on(c, job, t, w);
	trap_target_done(&w->target);
	return v;
}

const struct trap trap_remount = {
	.name = "remount",
	.is_wanted = is_wanted,
	.act = act,
};
