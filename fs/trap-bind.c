/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount(2) with MS_BIND and without MS_REC, of a procfs or sysfs or a part of one: the emulated
 * files on it are mounts, so the kernel would leave them behind, and a chroot would see the
 * host's figures in its /proc. They are copied after it. (Of a whole one by the new mount API:
 * fs/trap-move-mount.c.)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap-mount.h"
#include "fs/trap.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"

struct work {
	struct trap_target source, target;
	int mounts_fd; /* the caller's mount table */
	struct trap_job *job;
	const uint64_t *devs;
};

static bool is_wanted(const struct seccomp_notif *n)
{
	_cleanup_free_ struct trap_target *source = xcalloc(1, sizeof(*source));
	pid_t tid = (pid_t)n->pid;
	bool is;

	*source = (struct trap_target)TRAP_TARGET_EMPTY;
	is = trap_target_read(source, tid, n->data.args[TRAP_MOUNT_SOURCE]) == 0 &&
	     trap_target_may_be_below(source) && !trap_target_is_elsewhere(source, tid);
	trap_target_done(source);
	return is;
}

/* ------------------------------------------------------------------ the agent's side */

static int open_source(const struct work *w)
{
	_cleanup_close_ int fd = trap_target_open(&w->source);
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0 || (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC))
		return -EOPNOTSUPP;
	return take_fd(&fd);
}

/* As the kernel would make it. */
static int bind_alone(const struct work *w, int source_fd)
{
	_cleanup_close_ int target_fd = trap_target_open(&w->target);
	_cleanup_close_ int copy_fd = -EBADF;
	struct statx st;
	int r;

	if (target_fd < 0)
		return target_fd;
	copy_fd = mount_clone(source_fd, "", MOUNT_CLONE_ONE);
	if (copy_fd < 0)
		return copy_fd;
	if (statx(copy_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	w->job->mount_id = st.stx_mnt_id;
	r = mount_attach(copy_fd, target_fd, "");
	if (r == 0)
		return take_fd(&copy_fd);
	w->job->mount_id = 0;
	return r;
}

/* From here on there is a mount, and nothing is a failure. */
static int inside(void *arg)
{
	const struct work *w = arg;
	_cleanup_close_ int source_fd = open_source(w), copy_fd = -EBADF;
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	if (source_fd < 0)
		return source_fd;
	copy_fd = bind_alone(w, source_fd);
	if (copy_fd < 0)
		return copy_fd;
	if (mountinfo_by_id_in(w->mounts_fd, w->job->mount_id, MOUNTINFO_TEXT_MAX, &m) == 0)
		overmounts_copy(source_fd, copy_fd, m->root, overmount_kind_of_type(m->fstype),
				w->devs);
	return 0;
}

/* ------------------------------------------------------------------ the caller's side */

static enum trap_verdict act_on(const struct trap_context *c, struct trap_job *job,
				const struct tracee *t, struct work *w)
{
	const struct agent_work work = {.act = inside, .arg = w};
	const __u64 *args = job->notif.data.args;

	if (trap_target_read(&w->source, t->tid, args[TRAP_MOUNT_SOURCE]) < 0 ||
	    trap_target_read(&w->target, t->tid, args[TRAP_MOUNT_TARGET]) < 0 ||
	    w->mounts_fd < 0 || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	return trap_mount_verdict(t, job, &w->target, agent_call(t, 0, &work));
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	_cleanup_close_ int mounts_fd = tracee_open_mounts(t->tid);
	_cleanup_free_ struct work *w = xcalloc(1, sizeof(*w));
	enum trap_verdict v;

	*w = (struct work){
		.source = TRAP_TARGET_EMPTY,
		.target = TRAP_TARGET_EMPTY,
		.mounts_fd = mounts_fd,
		.job = job,
		.devs = c->devs,
	};
	v = act_on(c, job, t, w);
	trap_target_done(&w->source);
	trap_target_done(&w->target);
	return v;
}

const struct trap trap_bind = {
	.name = "bind",
	.is_wanted = is_wanted,
	.act = act,
};
