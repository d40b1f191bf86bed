/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount(2) with MS_BIND and without MS_REC, of a whole procfs or sysfs: the emulated files on
 * it are mounts, so the kernel would leave them behind, and a chroot would see the host's
 * figures in its /proc. (The new mount API needs no more than fs/trap-move-mount.c.)
 */
#include <errno.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap-mount.h"
#include "fs/trap.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"

struct work {
	struct trap_target source, target;
	enum overmount_kind kind;
	struct overmounts overmounts;
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
	     trap_target_may_be(source) != OVERMOUNT_NONE;
	trap_target_done(source);
	return is;
}

/* ------------------------------------------------------------------ the agent's side */

/* Detached, without the mounts on it. */
static int copy_source(const struct work *w, bool *ret_is_readonly)
{
	_cleanup_close_ int fd = trap_target_open(&w->source);
	struct statvfs st;

	if (fd < 0)
		return fd;
	if (overmount_kind_of(fd) != w->kind || fstatvfs(fd, &st) < 0)
		return -EOPNOTSUPP;
	*ret_is_readonly = st.f_flag & ST_RDONLY;
	return mount_clone(fd, "", MOUNT_CLONE_ONE);
}

static int inside(void *arg)
{
	struct work *w = arg;
	bool is_readonly;
	_cleanup_close_ int copy_fd = copy_source(w, &is_readonly);
	_cleanup_close_ int target_fd = -EBADF;
	int r;

	if (copy_fd < 0)
		return copy_fd;
	target_fd = trap_target_open(&w->target);
	if (target_fd < 0)
		return target_fd;
	r = trap_mount_attach(w->job, copy_fd, target_fd, &w->overmounts, w->devs);
	if (r == 0 && is_readonly)
		overmounts_set_readonly(copy_fd, "/", w->kind, w->devs, true);
	return r;
}

/* ------------------------------------------------------------------ the caller's side */

static enum trap_verdict act_on(const struct trap_context *c, struct trap_job *job,
				const struct tracee *t, struct work *w)
{
	const __u64 *args = job->notif.data.args;
	int r;

	if (trap_target_read(&w->source, t->tid, args[TRAP_MOUNT_SOURCE]) < 0 ||
	    trap_target_read(&w->target, t->tid, args[TRAP_MOUNT_TARGET]) < 0)
		return TRAP_NATIVE;
	w->kind = trap_target_may_be(&w->source);
	if (w->kind == OVERMOUNT_NONE || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	overmounts_clone(&w->overmounts, &c->source, w->kind, false);
	r = agent_call(t, 0, inside, w);
	overmounts_done(&w->overmounts);
	return trap_mount_verdict(t, job, r);
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	_cleanup_free_ struct work *w = xcalloc(1, sizeof(*w));
	enum trap_verdict v;

	*w = (struct work){
		.source = TRAP_TARGET_EMPTY,
		.target = TRAP_TARGET_EMPTY,
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
