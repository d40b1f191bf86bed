/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * There is only one possible order:
 *
 *	pid namespace	takes effect for a child only
 *	mount, network,	need the host's CAP_SYS_ADMIN; entering a mount namespace
 *	ipc		moves root and working directory to its root
 *	root, cwd	by descriptors; chroot(2) still needs the host's rights
 *	ids		as the host counts them: no map has to be looked up
 *	user namespace	gives all capabilities in it, and removes those of the host
 *	capabilities	down to the tracee's own
 *
 * Each namespace matters: sysctls of the ipc, network and pid namespaces have different
 * dentries for a process in another one, and what is mounted on those is then seen by nobody.
 *
 * An agent in the container's pid namespace can be seen and killed there. It cannot be
 * traced: its memory belongs to the host's user namespace, and it is not dumpable
 * (ptrace(2), "Ptrace access mode checking"). What it has open is not reachable
 * through its /proc entry, for the same reason.
 *
 * On cgroup v2 it is in the tracee's cgroup as well, and frozen with it, between two system
 * calls. The tracee itself is frozen once its call returns: so whoever waits for the agent
 * looks from time to time whether that is why it takes long, and then ends it. The tracee makes
 * the call anew when it is thawed.
 */
#include "fs/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/tracee.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/spawn.h"

/* An agent takes a millisecond: what takes longer may be frozen. */
#define FREEZE_LOOK_MS 20

/* More than a supervisor and an agent have open. */
#define SHARED_FILES 500

int agent_prepare(void)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int enter_tree(const struct tracee *t)
{
	if (setns(t->fds[TRACEE_MNTNS], CLONE_NEWNS) < 0)
		return -errno;
	if (fchdir(t->fds[TRACEE_ROOT]) < 0 || chroot(".") < 0 ||
	    fchdir(t->fds[TRACEE_CWD]) < 0)
		return -errno;
	return 0;
}

static int take_rights(const struct tracee_creds *c, int userns_fd)
{
	if (setgroups(c->n_groups, c->groups) < 0 ||
	    setresgid(c->gids[0], c->gids[1], c->gids[2]) < 0 ||
	    setresuid(c->uids[0], c->uids[1], c->uids[2]) < 0)
		return -errno;
	(void)setfsgid(c->gids[3]);
	(void)setfsuid(c->uids[3]);
	if (setns(userns_fd, CLONE_NEWUSER) < 0)
		return -errno;
	return caps_apply(&c->caps);
}

static int become(const struct tracee *t, unsigned int flags)
{
	int r = 0;

	if (setns(t->fds[TRACEE_NETNS], CLONE_NEWNET) < 0 ||
	    setns(t->fds[TRACEE_IPCNS], CLONE_NEWIPC) < 0)
		return -errno;
	if (!(flags & AGENT_HERE))
		r = enter_tree(t);
	if (r == 0 && !(flags & AGENT_AS_HOST))
		r = take_rights(&t->creds, t->fds[TRACEE_USERNS]);
	return r;
}

/* An errno fits in the exit status: the largest is 133. */
_noreturn_ static void agent_main(const struct tracee *t, unsigned int flags,
				  const struct agent_work *w)
{
	int r = w->prepare ? w->prepare(w->arg) : 0;

	if (r == 0 && flags & AGENT_SHARE_PREPARED && unshare(CLONE_FILES) < 0)
		r = -errno;
	if (r == 0)
		r = become(t, flags);
	/* Changing credentials has cleared the first and may have set the second. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	_exit((r < 0 ? -r : -w->act(w->arg)) & 0xff);
}

/*
 * A tracee is frozen when its call returns, so it must not wait for an agent that is frozen
 * already. True: the agent has been killed for that.
 */
static bool end_if_frozen(const struct place *place, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	while (poll(&p, 1, FREEZE_LOOK_MS) == 0)
		if (place_is_freezing(place))
			return pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0;
	return false;
}

static int wait_for(pid_t pid, const struct tracee *t, const struct place *place)
{
	_cleanup_close_ int pidfd = place->path ? pidfd_open(pid, 0) : -EBADF;
	bool is_ended = pidfd >= 0 && end_if_frozen(place, pidfd);
	int status = 0, r = spawn_wait(pid, &status);

	if (r < 0)
		return r;
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	return is_ended && tracee_is_in_place(t) ? AGENT_FROZEN : -EINTR;
}

/*
 * To enlarge a table of descriptors that processes share, the kernel waits for a grace period,
 * ten milliseconds (expand_fdtable()). So it is made large enough before.
 */
static void make_room_for_files(int any_fd)
{
	fd_close(fcntl(any_fd, F_DUPFD_CLOEXEC, SHARED_FILES));
}

int agent_call(const struct tracee *t, unsigned int flags, const struct agent_work *w)
{
	const struct place outside = PLACE_EMPTY;
	const struct place *place = flags & AGENT_OUTSIDE ? &outside : &t->place;
	bool is_shared = flags & (AGENT_SHARE_FILES | AGENT_SHARE_PREPARED);
	pid_t pid;

	if (setns(t->fds[TRACEE_PIDNS], CLONE_NEWPID) < 0)
		return -errno;
	if (is_shared)
		make_room_for_files(t->fds[TRACEE_PIDNS]);
	pid = place_fork(place, is_shared ? PLACE_SHARE_FILES : 0);
	if (pid < 0)
		return pid;
	if (pid == 0)
		agent_main(t, flags, w);
	return wait_for(pid, t, place);
}
