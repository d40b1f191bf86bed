/* SPDX-License-Identifier: Apache-2.0 */
/*
 * umount2(2) of a procfs or sysfs, other than lazily: the emulated files on it are mounts, so
 * the kernel would report it as busy. They are detached first, and attached again if the
 * instance is in use for another reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "lib/fd.h"

enum {
	ARG_TARGET,
	ARG_FLAGS,
};

#define KNOWN_FLAGS (MNT_FORCE | UMOUNT_NOFOLLOW)

struct work {
	char target[PATH_MAX];
	int flags;
	const struct trap_context *context;
	const struct tracee *tracee;
};

static bool is_wanted(const struct seccomp_notif *n)
{
	return (n->data.args[ARG_FLAGS] & ~(uint64_t)KNOWN_FLAGS) == 0;
}

static int open_instance(const struct work *w, enum overmount_kind *ret_kind)
{
	int nofollow = w->flags & UMOUNT_NOFOLLOW ? O_NOFOLLOW : 0;
	_cleanup_close_ int fd = open(w->target, O_PATH | O_CLOEXEC | nofollow);

	if (fd < 0)
		return -errno;
	*ret_kind = overmount_kind_of(fd);
	return *ret_kind == OVERMOUNT_NONE ? -EOPNOTSUPP : take_fd(&fd);
}

/* Our own descriptors and working directory would make it busy. */
static int take_off(const struct work *w, struct overmounts *ret)
{
	enum overmount_kind kind;
	_cleanup_close_ int fd = open_instance(w, &kind);
	int r;

	if (fd < 0)
		return fd;
	r = overmounts_take_off(ret, fd, kind, w->context->devs);
	return fchdir(w->tracee->fds[TRACEE_CWD]) < 0 ? -errno : r;
}

static void put_on(const struct work *w, struct overmounts *o)
{
	enum overmount_kind kind;
	_cleanup_close_ int fd = open_instance(w, &kind);

	if (fd >= 0)
		(void)overmounts_attach(o, fd, w->context->devs);
}

static int inside(void *arg)
{
	const struct work *w = arg;
	struct overmounts o = OVERMOUNTS_EMPTY;
	int r = take_off(w, &o);

	if (r == 0 && o.n == 0)
		r = -EOPNOTSUPP;
	if (r == 0 && umount2(w->target, w->flags) < 0)
		r = -errno;
	if (r < 0 && o.n)
		put_on(w, &o);
	overmounts_done(&o);
	return r;
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	struct work w = {
		.flags = (int)job->notif.data.args[ARG_FLAGS],
		.context = c,
		.tracee = t,
	};

	if (tracee_string(t->tid, job->notif.data.args[ARG_TARGET], w.target,
			  sizeof(w.target)) < 0 ||
	    !trap_is_valid(c, job))
		return TRAP_NATIVE;
	return agent_call(t, 0, inside, &w) == 0 ? TRAP_DONE : TRAP_NATIVE;
}

const struct trap trap_umount = {
	.name = "umount2",
	.is_wanted = is_wanted,
	.act = act,
};
