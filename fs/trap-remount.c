/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * mount(2) that changes the flags of one mount, where that is one of ours below /proc/sys/net.
 *
 * The kernel keeps sysctls of the network for each network namespace, under the same names
 * with different dentries, and what is mounted on those of one namespace is not there for a
 * process in another: its mount table has the mount, its path leads past it, and EINVAL is
 * the end of a program that makes everything read-only, mount by mount (bubblewrap with
 * --ro-bind / / and a network namespace of its own). So the path is resolved once more in the
 * namespaces that the caller has come from, those of its parents.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/tracee.h"
#include "fs/trap-mount.h"
#include "fs/trap.h"
#include "lib/fd.h"
#include "lib/mount.h"

/* Where the calls of this kind differ from others: below this. */
#define NET_SYSCTLS "/sys/net/"
/* Parents that are asked for their network namespace. */
#define PARENTS_MAX 8

struct work {
	char target[PATH_MAX];
	uint64_t attrs;
	const uint64_t *devs;
};

static bool is_wanted(const struct seccomp_notif *n)
{
	char target[PATH_MAX];

	return tracee_string((pid_t)n->pid, n->data.args[TRAP_MOUNT_TARGET], target,
			     sizeof(target)) > 0 &&
	       strstr(target, NET_SYSCTLS);
}

/* As the caller, but for the network namespace. */
static int inside(void *arg)
{
	const uint64_t all = trap_mount_attrs(~UINT64_C(0));
	const struct work *w = arg;
	_cleanup_close_ int fd = open(w->target, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!overmount_is_ours(fd, w->devs))
		return -EOPNOTSUPP;
	return mount_set_attr(fd, w->attrs, all & ~w->attrs, 0);
}

/* In the network namespace of this process, if it has another one than the caller. */
static int act_from(const struct tracee *t, pid_t parent, struct work *w)
{
	struct tracee from = *t;
	_cleanup_close_ int netns = tracee_other_netns(t, parent);

	if (netns < 0)
		return netns;
	from.fds[TRACEE_NETNS] = netns;
	return agent_call(&from, 0, inside, w);
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	struct work w = {
		.attrs = trap_mount_attrs(job->notif.data.args[TRAP_MOUNT_FLAGS]),
		.devs = c->devs,
	};
	pid_t parent = t->tid;

	if (tracee_string(t->tid, job->notif.data.args[TRAP_MOUNT_TARGET], w.target,
			  sizeof(w.target)) < 0 ||
	    !trap_is_valid(c, job))
		return TRAP_NATIVE;
	for (int i = 0; i < PARENTS_MAX; i++) {
		parent = tracee_parent(parent);
		if (parent <= 0)
			break;
		if (act_from(t, parent, &w) == 0)
			return TRAP_DONE;
	}
	return TRAP_NATIVE;
}

const struct trap trap_remount = {
	.name = "mount",
	.is_wanted = is_wanted,
	.act = act,
};
