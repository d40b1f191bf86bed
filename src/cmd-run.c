/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/str.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"
#include "src/monitor.h"

struct run {
	struct container_create create;
	bool detach;
	bool keep;
	bool no_subreaper;
};

#define OPT(nm, lt, kd, mb, arg, hlp) CLI_OPTION(struct run, nm, lt, kd, mb, arg, hlp)
static const struct cli_option options[] = {
	OPT("bundle", 'b', STRING, create.bundle, "DIR", "directory of config.json [.]"),
	OPT("console-socket", 0, STRING, create.console_socket, "SOCKET",
	    "unix socket that receives the terminal"),
	OPT("detach", 'd', FLAG, detach, NULL, "return once the program runs"),
	OPT("keep", 0, FLAG, keep, NULL, "do not delete the container when it has ended"),
	OPT("pid-file", 0, STRING, create.pid_file, "FILE", "write the pid of init to FILE"),
	OPT("pidfd-socket", 0, STRING, create.pidfd_socket, "SOCKET",
	    "unix socket that receives a pidfd of init"),
	OPT("no-pivot", 0, FLAG, create.no_pivot, NULL, "accepted and without effect"),
	OPT("no-new-keyring", 0, FLAG, create.no_new_keyring, NULL,
	    "keep the caller's session keyring"),
	OPT("no-subreaper", 0, FLAG, no_subreaper, NULL,
	    "do not adopt what the container orphans"),
	OPT("preserve-fds", 0, INT, create.preserve_fds, "N",
	    "pass N more descriptors, from 3 on"),
	{0},
};

static void notified(void *arg)
{
	struct notify *n = arg;
	struct error err = {0};
	int r = notify_receive(n, getpid(), &err);

	if (r < 0)
		log_warn("%s", err.text);
	if (r != NOTIFY_NOT_YET)
		notify_done(n);
}

static int start_and_wait(struct container *ct, const struct launch *l, const struct run *a,
			  int *ret_status, struct error *err)
{
	_cleanup_(notify_done) struct notify n = NOTIFY_EMPTY;
	struct monitor_watch watch = {.fd = &n.sock, .run = notified, .arg = &n};
	int r = container_start(ct, &n, err);

	if (r < 0)
		return r;
	if (a->detach)
		return notify_wait(&n, l->init_pidfd, l->init_pid, err);
	r = monitor(l->init_pid, l->master_fd, &watch, err);
	if (r < 0)
		return r;
	*ret_status = r;
	return 0;
}

static bool is_same(const struct state *a, const struct state *b)
{
	return a->init_pid == b->init_pid && a->init_start == b->init_start &&
	       str_eq(a->created, b->created);
}

/*
 * With its lock, which others had a chance of while it ran: -ENOENT when one of them has
 * deleted it, even if there is another container of its name by now.
 */
static int take_again(struct cmd *c, struct container *ct, struct error *err)
{
	_cleanup_(container_done) struct container now = CONTAINER_EMPTY;
	int r;

	if (ct->dir.lock_fd >= 0)
		return 0;
	r = container_open(&now, c->options->root, c->args[0], STATE_EXCLUSIVE, err);
	if (r == -ENODATA || (r == 0 && !is_same(&now.state, &ct->state)))
		return error_set(err, ENOENT, "%s is another container now", c->args[0]);
	if (r < 0)
		return r;
	container_done(ct);
	*ct = now;
	now = (struct container)CONTAINER_EMPTY;
	return 0;
}

static int destroy(struct cmd *c, struct container *ct, struct error *err)
{
	int r = take_again(c, ct, err);

	return r == -ENOENT ? 0 : r < 0 ? r : container_destroy(ct, CONTAINER_KILL, err);
}

static int leave(struct cmd *c, struct container *ct, struct error *err)
{
	int r = take_again(c, ct, err);

	return r == -ENOENT ? 0 : r < 0 ? r : container_leave(ct, err);
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(launch_done) struct launch l = LAUNCH_EMPTY;
	struct run *a = c->values;
	struct error later = {0};
	int r;

	a->create.keep_terminal = !a->detach && !a->create.console_socket;
	if (!a->detach && !a->no_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	r = a->detach ? 0 : monitor_hold(err);
	if (r < 0)
		return r;
	r = container_create(&ct, &l, c->options, c->args[0], &a->create, err);
	if (r < 0)
		return r;
	r = start_and_wait(&ct, &l, a, &c->exit_status, err);
	if (r < 0 || (!a->detach && !a->keep)) {
		int e = destroy(c, &ct, r < 0 ? &later : err);

		/* The first failure is the one to report. */
		if (r < 0 && e < 0)
			log_warn("%s", later.text);
		r = r < 0 ? r : e;
	} else if (!a->detach) {
		r = leave(c, &ct, err);
	}
	return r;
}

const struct verb verb_run = {
	.name = "run",
	.arguments = "CONTAINER",
	.summary = "create and start a container, and wait for it",
	.options = options,
	.values_size = sizeof(struct run),
	.min_args = 1,
	.max_args = 1,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};
