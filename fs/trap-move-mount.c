/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move_mount(2) of a fresh procfs or sysfs, made by fsmount(2). The emulated files are
 * mounted over it while it is still detached, and then the kernel attaches it for its caller:
 * no part of the call itself is done here. Kernels before 6.15 cannot attach to a detached
 * mount; there it stays as it is. So does one that is already attached: it is moved with what
 * is on it.
 */
#include <errno.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/container.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "lib/fd.h"

enum {
	ARG_FROM_DIRFD,
	ARG_FROM_PATH,
	ARG_TO_DIRFD,
	ARG_TO_PATH,
	ARG_FLAGS,
};

struct work {
	struct overmounts overmounts;
	const struct trap_context *context;
	int instance_fd;
	bool *left_out; /* shared memory: the agent's findings */
};

static bool is_wanted(const struct seccomp_notif *n)
{
	char path[1];

	if (!(n->data.args[ARG_FLAGS] & MOVE_MOUNT_F_EMPTY_PATH) ||
	    (int)n->data.args[ARG_FROM_DIRFD] < 0)
		return false;
	return tracee_string((pid_t)n->pid, n->data.args[ARG_FROM_PATH], path, 1) == 0;
}

static int ask(void *arg)
{
	struct work *w = arg;

	overmounts_drop_namespaced(&w->overmounts, w->instance_fd);
	for (size_t i = 0; i < w->overmounts.n; i++)
		w->left_out[i] = w->overmounts.v[i].is_left_out;
	return 0;
}

/* Which sysctls belong to the caller's namespaces can only be found out with its rights. */
static int drop_namespaced(struct work *w, const struct tracee *t)
{
	const struct agent_work work = {.act = ask, .arg = w};
	size_t size = w->overmounts.n + 1;
	int r;

	w->left_out =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->left_out == MAP_FAILED)
		return -errno;
	r = agent_call(t, AGENT_HERE, &work);
	for (size_t i = 0; r == 0 && i < w->overmounts.n; i++)
		w->overmounts.v[i].is_left_out = w->left_out[i];
	(void)munmap(w->left_out, size);
	return r;
}

/* By the agent, since they are to be the caller's memory. */
static int clone_overmounts(void *arg)
{
	struct work *w = arg;
	struct statvfs st = {0};

	(void)fstatvfs(w->instance_fd, &st);
	overmounts_clone(&w->overmounts, &w->context->source, st.f_flag & ST_RDONLY);
	return 0;
}

static int attach(void *arg)
{
	struct work *w = arg;

	(void)overmounts_attach(&w->overmounts, w->instance_fd, w->context->devs);
	return 0;
}

/*
 * In the caller's mount namespace: from another one nothing is attached to a detached copy of
 * what is mounted there (open_tree(2)). That is right where the caller has a user namespace of
 * its own: a runtime like ours moves copies and covers the kernel's files with its own, which
 * belong to its root; ours would be in the way.
 */
static unsigned int where(const struct trap_context *c, const struct tracee *t)
{
	return tracee_userns(t->tid) == c->container->userns ? 0 : AGENT_HERE;
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	_cleanup_close_ int fd = tracee_fd(t->tid, (int)job->notif.data.args[ARG_FROM_DIRFD]);
	enum overmount_kind kind = fd < 0 ? OVERMOUNT_NONE : overmount_kind_of(fd);
	struct work w = {.context = c, .instance_fd = fd};
	const struct agent_work work = {clone_overmounts, attach, &w};
	int r;

	if (kind == OVERMOUNT_NONE || !trap_is_valid(c, job))
		return TRAP_NATIVE;
	overmounts_list(&w.overmounts, &c->source, kind);
	r = drop_namespaced(&w, t);
	w.overmounts.record = overmount_record_map();
	if (r == 0 && !w.overmounts.record)
		r = -ENOMEM;
	if (r == 0)
		r = agent_call(t, where(c, t) | AGENT_AS_HOST | AGENT_SHARE_PREPARED, &work);
	overmount_record_close(w.overmounts.record);
	overmounts_done(&w.overmounts);
	return r == AGENT_FROZEN ? TRAP_AGAIN : TRAP_NATIVE;
}

const struct trap trap_move_mount = {
	.name = "move_mount",
	.is_wanted = is_wanted,
	.act = act,
};
