/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * umount2(2) of a procfs or sysfs, other than lazily: the emulated files on it are mounts, so
 * the kernel would report it as busy. They are detached first, and attached again if the
 * instance is in use for another reason.
 *
 * What is attached again are clones, and their memory is to be the caller's, so an agent in the
 * caller's cgroup makes them. There it may be ended at any time; hence it changes nothing, and
 * another one does the rest, outside. The two have the clones' descriptors in common.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap-target.h"
#include "fs/trap.h"
#include "lib/alloc.h"
#include "lib/fd.h"

enum {
	ARG_TARGET,
	ARG_FLAGS,
};

#define KNOWN_FLAGS (MNT_FORCE | UMOUNT_NOFOLLOW)

/* In shared memory, as the descriptors are shared. */
struct found {
	enum overmount_kind kind;
	int clones[]; /* of the list for that kind */
};

struct work {
	char target[PATH_MAX];
	int flags;
	const struct trap_context *context;
	const struct tracee *tracee;
	struct overmounts all[OVERMOUNT_N_KINDS]; /* that may be there */
	struct found *found;
};

static bool may_be_instance(const struct seccomp_notif *n, bool may_ask)
{
	_cleanup_free_ struct trap_target *target = xcalloc(1, sizeof(*target));
	pid_t tid = (pid_t)n->pid;
	bool is;

	*target = (struct trap_target)TRAP_TARGET_EMPTY;
	is = trap_target_read(target, tid, n->data.args[ARG_TARGET]) == 0 &&
	     !trap_target_is_no_instance(target, tid, may_ask);
	trap_target_done(target);
	return is;
}

static bool is_wanted(const struct seccomp_notif *n)
{
	return (n->data.args[ARG_FLAGS] & ~(uint64_t)KNOWN_FLAGS) == 0 &&
	       may_be_instance(n, false);
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

/* The first agent's. */
static int clone_ours(void *arg)
{
	struct work *w = arg;
	enum overmount_kind kind;
	_cleanup_close_ int fd = open_instance(w, &kind);
	int r;

	if (fd < 0)
		return fd;
	r = overmounts_clone_attached(&w->all[kind], fd, w->context->devs);
	for (size_t i = 0; i < w->all[kind].n; i++)
		w->found->clones[i] = w->all[kind].v[i].fd;
	w->found->kind = kind;
	return r == 0 ? -EOPNOTSUPP : r < 0 ? r : 0;
}

/* Our own descriptors and working directory would make it busy. */
static int take_off(struct work *w, struct overmounts **ret)
{
	enum overmount_kind kind;
	_cleanup_close_ int fd = open_instance(w, &kind);
	int r;

	if (fd < 0)
		return fd;
	if (kind != w->found->kind)
		return -EBUSY;
	*ret = &w->all[kind];
	for (size_t i = 0; i < (*ret)->n; i++)
		(*ret)->v[i].fd = w->found->clones[i];
	r = overmounts_detach(*ret, fd, w->context->devs);
	return fchdir(w->tracee->fds[TRACEE_CWD]) < 0 ? -errno : r;
}

static void put_on(const struct work *w, struct overmounts *o)
{
	enum overmount_kind kind;
	_cleanup_close_ int fd = open_instance(w, &kind);

	if (fd >= 0)
		(void)overmounts_attach(o, fd, w->context->devs);
}

/* The second one's. */
static int umount_it(void *arg)
{
	struct work *w = arg;
	struct overmounts *o = NULL;
	int r = take_off(w, &o);

	if (r >= 0)
		r = umount2(w->target, w->flags) < 0 ? -errno : 0;
	if (r < 0 && o)
		put_on(w, o);
	return r;
}

static int call_agents(struct work *w, const struct tracee *t)
{
	const struct agent_work first = {.act = clone_ours, .arg = w};
	const struct agent_work second = {.act = umount_it, .arg = w};
	size_t n = w->all[OVERMOUNT_PROC].n + w->all[OVERMOUNT_SYS].n;
	size_t size = sizeof(*w->found) + n * sizeof(*w->found->clones);
	int r;

	w->found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->found == MAP_FAILED)
		return -errno;
	r = agent_call(t, AGENT_SHARE_FILES, &first);
	if (r == 0)
		r = agent_call(t, AGENT_OUTSIDE, &second);
	(void)munmap(w->found, size);
	return r;
}

/*
 * Where agents alone are in the caller's cgroup, this process must not have the kernel look up
 * what the caller names: it would be our memory.
 */
static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	struct work w = {
		.flags = (int)job->notif.data.args[ARG_FLAGS],
		.context = c,
		.tracee = t,
	};
	int r;

	if (tracee_string(t->tid, job->notif.data.args[ARG_TARGET], w.target,
			  sizeof(w.target)) < 0 ||
	    !may_be_instance(&job->notif, !t->place.path) || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	overmounts_list(&w.all[OVERMOUNT_PROC], NULL, OVERMOUNT_PROC);
	overmounts_list(&w.all[OVERMOUNT_SYS], NULL, OVERMOUNT_SYS);
	r = call_agents(&w, t);
	overmounts_done(&w.all[OVERMOUNT_PROC]);
	overmounts_done(&w.all[OVERMOUNT_SYS]);
	return trap_verdict_of(r);
}

const struct trap trap_umount = {
	.name = "umount2",
	.is_wanted = is_wanted,
	.act = act,
};
