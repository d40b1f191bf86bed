/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/proc.h"
#include "lib/str.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container-fuse.h"
#include "src/container.h"
#include "src/spec.h"

struct kill {
	bool all;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct kill, "all", 'a', FLAG, all, NULL, "every process of the container"),
	{0},
};

/* Whatever was started: a script may have become it. */
static bool is_systemd(pid_t pid)
{
	char link[32], program[PATH_MAX];
	const char *name;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	name = strrchr(program, '/');
	return name && str_eq(name + 1, "systemd");
}

/*
 * An engine whose image names no stop signal sends SIGTERM, and SIGKILL when the time is up.
 * SIGTERM tells systemd to execute itself again; this is the one on which it shuts down.
 */
static int stop_signal(const struct container *ct, int sig)
{
	return sig == SIGTERM && is_systemd(ct->state.init_pid) ? SIGRTMIN + 3 : sig;
}

/* A container that dies at all is dead by then. */
#define DYING_MS 50
/* ... and one that waits for file systems of its own has been helped out. */
#define STUCK_MS 2000

static int kill_frozen(const struct container *ct, int pidfd, struct error *err)
{
	const struct cgroup *cg = &ct->state.cgroup;

	if (cg->is_v2 || proc_pidfd_wait(pidfd, DYING_MS) != 0 ||
	    (cgroup_is_frozen(cg) != 1 && !cgroup_holds_dying(cg)))
		return 0;
	return cgroup_kill(cg, SIGKILL, err);
}

/* Nothing but its cgroup holds its processes together, and they outlive init. */
static bool shares_pids(const struct container *ct)
{
	_cleanup_(spec_freep) struct spec *s = NULL;
	const struct spec_namespace *ns;
	struct error unread = {0};

	/* Init can be killed without it. */
	if (state_load_config(&ct->dir, &s, &unread) < 0)
		return false;
	ns = spec_find_namespace(s, "pid");
	return !ns || !str_is_empty(ns->path);
}

static int kill_init(const struct container *ct, int sig, struct error *err)
{
	_cleanup_close_ int pidfd = -EBADF;
	int r;

	/* The words that containerd matches to know that there is nothing left to kill. */
	if (state_status(&ct->dir, &ct->state) == STATE_STOPPED)
		return error_set(err, ESRCH, "container not running");
	pidfd = state_init_pidfd(&ct->state, err);
	if (pidfd < 0)
		return pidfd;
	sig = stop_signal(ct, sig);
	if (pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
		return error_errno(err, errno, "send signal %d to init", sig);
	if (sig != SIGKILL)
		return 0;
	r = kill_frozen(ct, pidfd, err);
	if (r == 0)
		(void)container_await_end(&ct->state, pidfd, STUCK_MS);
	return r;
}

/* After init's end, too, as long as there is one process left. */
static int kill_everyone(const struct container *ct, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	struct error none = {0};
	size_t n = 0;
	int r = kill_init(ct, SIGKILL, &none);

	if (r < 0 && (cgroup_pids(&ct->state.cgroup, &pids, &n, err) < 0 || n == 0)) {
		*err = none;
		return r;
	}
	return cgroup_kill(&ct->state.cgroup, SIGKILL, err);
}

static int kill_container(const struct container *ct, int sig, struct error *err)
{
	if (sig == SIGKILL && shares_pids(ct))
		return kill_everyone(ct, err);
	return kill_init(ct, sig, err);
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	const struct kill *a = c->values;
	int sig, r;

	sig = flags_signal(c->n_args > 1 ? c->args[1] : "SIGTERM");
	if (sig < 0)
		return error_set(err, EINVAL, "unknown signal \"%s\"", c->args[1]);
	r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);
	if (r < 0)
		return r;
	return a->all ? cgroup_kill(&ct.state.cgroup, sig, err) : kill_container(&ct, sig, err);
}

const struct verb verb_kill = {
	.name = "kill",
	.arguments = "CONTAINER [SIGNAL]",
	.summary = "send a signal to a container's init [SIGTERM]",
	.options = options,
	.values_size = sizeof(struct kill),
	.min_args = 1,
	.max_args = 2,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};
