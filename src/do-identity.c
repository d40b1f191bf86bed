/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the process is and what it may use. Shared by init and exec.
 *
 * Order, and why: the oom score while we are the host's root (the container's may raise it
 * only); rlimits and scheduling last of all, by the parent, since the set-up needs open files
 * and memory, and forks, which SCHED_DEADLINE may not; bounding set before the uid changes;
 * groups before uid; capabilities after the uid, which clears them; seccomp last, since every
 * call after it must pass the user's filter. Without no_new_privs loading a filter takes
 * CAP_SYS_ADMIN (seccomp(2)): it stays permitted until then, out of effect, and one capset(2)
 * removes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/spawn.h"
#include "lib/sys.h"
#include "src/do.h"
#include "src/plan.h"

/*
 * Raising a hard limit takes CAP_SYS_RESOURCE of the host. Where it is withheld
 * the limit becomes as much of what was asked for as the host's own allows.
 */
static int set_rlimit(pid_t pid, const struct plan_rlimit *l, struct error *err)
{
	struct rlimit want = {.rlim_cur = l->soft, .rlim_max = l->hard}, now;
	const char *name = flag_name(flags_rlimits, (uint64_t)l->resource);

	if (prlimit(pid, (unsigned int)l->resource, &want, NULL) == 0)
		return 0;
	if (errno != EPERM || prlimit(pid, (unsigned int)l->resource, NULL, &now) < 0)
		return error_errno(err, errno, "set %s", name);
	if (want.rlim_max > now.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	log_debug("the host does not let us raise %s; it stays at %llu", name,
		  (unsigned long long)want.rlim_max);
	if (prlimit(pid, (unsigned int)l->resource, &want, NULL) < 0)
		return error_errno(err, errno, "set %s", name);
	return 0;
}

static int set_oom_score(int value, struct error *err)
{
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", value);
	r = file_write(AT_FDCWD, "/proc/self/oom_score_adj", text);
	if (r == -EACCES || r == -EPERM) {
		log_debug("the host does not let us set oom_score_adj to %d", value);
		return 0;
	}
	return r < 0 ? error_errno(err, -r, "set oom_score_adj to %d", value) : 0;
}

static int set_scheduler(pid_t pid, const struct plan_scheduler *s, struct error *err)
{
	struct sys_sched_attr attr = {
		.size = sizeof(attr),
		.policy = s->policy,
		.flags = s->flags,
		.nice = s->nice,
		.priority = s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	if (sys_sched_setattr(pid, &attr) < 0)
		return error_errno(err, errno, "set the scheduling policy");
	return 0;
}

int do_limits(const struct plan_process *p, struct error *err)
{
	return p->has_oom_score_adj ? set_oom_score(p->oom_score_adj, err) : 0;
}

struct late_rlimits {
	pid_t pid;
	const struct plan_process *p;
};

static int set_rlimits(pid_t pid, const struct plan_process *p, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_rlimits; i++)
		r = set_rlimit(pid, &p->rlimits[i], err);
	return r;
}

static int set_rlimits_inside(void *arg)
{
	const struct late_rlimits *l = arg;
	_cleanup_close_ int pidfd = pidfd_open(l->pid, 0);
	struct error err = {0};

	if (pidfd < 0 || setns(pidfd, CLONE_NEWUSER) < 0)
		return -errno;
	return set_rlimits(l->pid, l->p, &err);
}

/*
 * The container's user namespace is not owned by root. Where the host withholds
 * CAP_SYS_RESOURCE, a process that has entered that namespace still has it over the
 * container.
 */
static int set_rlimits_anyhow(pid_t pid, const struct plan_process *p, struct error *err)
{
	struct late_rlimits l = {pid, p};
	int r = set_rlimits(pid, p, err);

	return r == -EPERM && spawn_call(set_rlimits_inside, &l) == 0 ? 0 : r;
}

int do_late_limits(pid_t pid, const struct plan_process *p, struct error *err)
{
	int r = 0;

	if (p->scheduler.present)
		r = set_scheduler(pid, &p->scheduler, err);
	if (r == 0 && p->io_priority >= 0 &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, p->io_priority) < 0)
		r = error_errno(err, errno, "set the io priority");
	return r < 0 ? r : set_rlimits_anyhow(pid, p, err);
}

int do_root_ids(struct error *err)
{
	if (setresgid(0, 0, 0) < 0)
		return error_errno(err, errno, "become group 0 of the user namespace");
	/* EPERM: a joined namespace whose creator denied it (setgroups "deny"). */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return error_errno(err, errno, "drop the supplementary groups");
	if (setresuid(0, 0, 0) < 0)
		return error_errno(err, errno, "become user 0 of the user namespace");
	return 0;
}

static int set_groups(const struct plan_process *p, struct error *err)
{
	_cleanup_free_ gid_t *gids = xcalloc(p->n_gids + 1, sizeof(*gids));

	for (size_t i = 0; i < p->n_gids; i++)
		gids[i] = p->gids[i];
	if (setgroups(p->n_gids, gids) < 0)
		return error_errno(err, errno, "set the supplementary groups");
	return 0;
}

/* Ids outside of the map are EINVAL; say so in words. */
static int set_ids(const struct plan_process *p, struct error *err)
{
	int r = set_groups(p, err);

	if (r < 0)
		return r;
	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return error_errno(err, errno,
				   "become group %u (is it within the container's id range?)",
				   p->gid);
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return error_errno(err, errno,
				   "become user %u (is it within the container's id range?)",
				   p->uid);
	return 0;
}

static int set_labels(const struct plan_process *p, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = 0;

	if (p->apparmor) {
		text = xasprintf("exec %s", p->apparmor);
		r = proc_self_write("attr/apparmor/exec", text);
		if (r == -ENOENT)
			r = proc_self_write("attr/exec", text);
		if (r < 0)
			return error_errno(err, -r, "apply the AppArmor profile \"%s\"",
					   p->apparmor);
	}
	if (p->selinux) {
		r = proc_self_write("attr/exec", p->selinux);
		if (r < 0)
			return error_errno(err, -r, "apply the SELinux label \"%s\"",
					   p->selinux);
	}
	return 0;
}

int do_identity(const struct plan_process *p, struct error *err)
{
	struct caps caps = p->caps;
	int r;

	umask(p->umask >= 0 ? (mode_t)p->umask : 0022);
	if (p->has_personality && personality(p->personality) < 0)
		return error_errno(err, errno, "set the personality");
	r = do_memory_policy(p, err);
	if (r == 0)
		r = set_labels(p, err);
	if (r < 0)
		return r;
	r = caps_apply_bounding(caps.bounding);
	if (r < 0)
		return error_errno(err, -r, "limit the bounding set");
	r = set_ids(p, err);
	if (r < 0)
		return r;
	caps.permitted |= CAPS_BIT(CAP_SYS_ADMIN);
	r = caps_apply(&caps);
	return r < 0 ? error_errno(err, -r, "apply the capabilities") : 0;
}

/* Must not: do anything behind the filter that a program does not do, too. */
int do_confine(const struct plan_process *p, struct seccomp_program *seccomp, int *ret_listener,
	       struct error *err)
{
	const uint64_t sys_admin = CAPS_BIT(CAP_SYS_ADMIN);
	int r = 0;

	*ret_listener = -EBADF;
	if (p->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "set no_new_privs");
	if (seccomp && !p->no_new_privs)
		r = caps_raise(sys_admin);
	if (r < 0)
		return error_errno(err, -r, "raise CAP_SYS_ADMIN");
	if (seccomp)
		r = do_seccomp_load(seccomp, err);
	if (r < 0)
		return r;
	if (r > 0)
		*ret_listener = r;
	r = caps_drop(sys_admin & ~p->caps.effective, sys_admin & ~p->caps.permitted);
	return r < 0 ? error_errno(err, -r, "drop CAP_SYS_ADMIN") : 0;
}
