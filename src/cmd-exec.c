/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"
#include "src/host.h"
#include "src/join.h"
#include "src/monitor.h"
#include "src/passed-fds.h"
#include "src/pidfile.h"
#include "src/plan.h"
#include "src/syscont.h"

struct exec {
	const char *console_socket;
	const char *cwd;
	char **env;
	bool tty;
	const char *user;
	char **additional_gids;
	const char *process;
	bool detach;
	const char *pid_file;
	const char *pidfd_socket;
	const char *process_label;
	const char *apparmor;
	bool no_new_privs;
	char **caps;
	char **cgroups;
	int preserve_fds;
	bool ignore_paused;
};

#define OPT(nm, lt, kd, mb, arg, hlp) CLI_OPTION(struct exec, nm, lt, kd, mb, arg, hlp)
static const struct cli_option options[] = {
	OPT("console-socket", 0, STRING, console_socket, "SOCKET",
	    "unix socket that receives the terminal"),
	OPT("cwd", 0, STRING, cwd, "DIR", "working directory"),
	OPT("env", 'e', STRINGS, env, "NAME=VALUE", "set an environment variable"),
	OPT("tty", 't', FLAG, tty, NULL, "allocate a terminal"),
	OPT("user", 'u', STRING, user, "UID[:GID]", "user and group"),
	OPT("additional-gids", 'g', STRINGS, additional_gids, "GID", "supplementary group"),
	OPT("process", 'p', STRING, process, "FILE", "process.json with all of the above"),
	OPT("detach", 'd', FLAG, detach, NULL, "return once the program runs"),
	OPT("pid-file", 0, STRING, pid_file, "FILE", "write the pid of the process to FILE"),
	OPT("pidfd-socket", 0, STRING, pidfd_socket, "SOCKET",
	    "unix socket that receives a pidfd of the process"),
	OPT("process-label", 0, STRING, process_label, "LABEL", "SELinux label"),
	OPT("apparmor", 0, STRING, apparmor, "PROFILE", "AppArmor profile"),
	OPT("no-new-privs", 0, FLAG, no_new_privs, NULL, "set no_new_privs"),
	OPT("cap", 'c', STRINGS, caps, "CAP", "add a capability"),
	OPT("preserve-fds", 0, INT, preserve_fds, "N", "pass N more descriptors, from 3 on"),
	OPT("ignore-paused", 0, FLAG, ignore_paused, NULL,
	    "exec in a paused container, too; the process waits"),
	OPT("no-subreaper", 0, IGNORED_FLAG, tty, NULL, NULL),
	OPT("cgroup", 0, STRINGS, cgroups, "[CONTROLLER,..:]PATH",
	    "a cgroup below the container's, made by it"),
	{0},
};

/* What an engine leaves out is as for the container's own process; the same as with runc. */
static void complete(struct spec_process *p, struct spec_process *own)
{
	if (!p->capabilities)
		p->capabilities = take_ptr(&own->capabilities);
	if (!p->oom_score_adj.present)
		p->oom_score_adj = own->oom_score_adj;
	if (!p->user.umask.present)
		p->user.umask = own->user.umask;
	if (!p->scheduler)
		p->scheduler = take_ptr(&own->scheduler);
	if (!p->io_priority)
		p->io_priority = take_ptr(&own->io_priority);
	if (!p->exec_cpu_affinity)
		p->exec_cpu_affinity = take_ptr(&own->exec_cpu_affinity);
	if (str_is_empty(p->selinux_label)) {
		free(p->selinux_label);
		p->selinux_label = take_ptr(&own->selinux_label);
	}
}

static int load_process(const char *path, struct spec *spec, struct spec_process **ret,
			struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, path, SPEC_TEXT_MAX, &text, &len);

	if (r < 0)
		return error_errno(err, -r, "read %s", path);
	r = spec_process_parse(ret, text, len, path, err);
	if (r == 0)
		complete(*ret, spec->process);
	return r;
}

static int set_user(struct spec_user *u, const char *text, struct error *err)
{
	_cleanup_(strv_freep) char **ids = strv_split(text, ":");
	size_t n = strv_len(ids);

	if (n < 1 || n > 2 || str_to_u32(ids[0], &u->uid) < 0 ||
	    (n == 2 && str_to_u32(ids[1], &u->gid) < 0))
		return error_set(err, EINVAL, "--user takes UID or UID:GID, not \"%s\"", text);
	return 0;
}

static int add_gids(struct spec_user *u, char *const *gids, struct error *err)
{
	for (char *const *g = gids; g && *g; g++) {
		uint32_t *slot = array_add((void **)&u->additional_gids, &u->n_additional_gids,
					   sizeof(*slot));

		if (str_to_u32(*g, slot) < 0)
			return error_set(err, EINVAL,
					 "--additional-gids takes numbers, not \"%s\"", *g);
	}
	return 0;
}

static void add_caps(struct spec_process *p, char *const *caps)
{
	if (caps && !p->capabilities)
		p->capabilities = xcalloc(1, sizeof(*p->capabilities));
	for (char *const *c = caps; c && *c; c++) {
		strv_add(&p->capabilities->bounding, *c);
		strv_add(&p->capabilities->effective, *c);
		strv_add(&p->capabilities->permitted, *c);
		/* As runc: where it would survive the next execve, it shall. */
		if (strv_contains(p->capabilities->inheritable, *c))
			strv_add(&p->capabilities->ambient, *c);
	}
}

/* The container's own process as a start, and what the command line changes of it. */
static int process_from_options(struct cmd *c, struct spec *spec, struct spec_process **ret,
				struct error *err)
{
	const struct exec *a = c->values;
	struct spec_process *p = take_ptr(&spec->process);
	int r = 0;

	*ret = p;
	if (c->n_args < 2)
		return error_set(err, EINVAL, "exec: process args cannot be empty");
	strv_free(p->args);
	p->args = strv_copy(c->args + 1);
	p->terminal = a->tty;
	for (char **e = a->env; e && *e; e++)
		strv_add(&p->env, *e);
	if (a->cwd) {
		free(p->cwd);
		p->cwd = xstrdup(a->cwd);
	}
	if (a->apparmor) {
		free(p->apparmor_profile);
		p->apparmor_profile = xstrdup(a->apparmor);
	}
	if (a->process_label) {
		free(p->selinux_label);
		p->selinux_label = xstrdup(a->process_label);
	}
	p->no_new_privileges = p->no_new_privileges || a->no_new_privs;
	add_caps(p, a->caps);
	if (a->user)
		r = set_user(&p->user, a->user, err);
	return r < 0 ? r : add_gids(&p->user, a->additional_gids, err);
}

struct execution {
	struct host host;
	struct spec *spec;
	struct spec_process *process;
	struct syscont syscont;
	struct plan_process plan;
	struct plan_seccomp *seccomp;
};

static void execution_done(struct execution *e)
{
	host_done(&e->host);
	spec_process_free(e->process);
	syscont_done(&e->syscont);
	plan_process_done(&e->plan);
	plan_seccomp_free(e->seccomp);
	spec_free(e->spec);
}

static int make_plan(struct cmd *c, const struct container *ct, struct execution *e,
		     struct error *err)
{
	const struct exec *a = c->values;
	int r = state_load_config(&ct->dir, &e->spec, err);

	if (r == 0)
		r = a->process ? load_process(a->process, e->spec, &e->process, err)
			       : process_from_options(c, e->spec, &e->process, err);
	if (r == 0)
		r = spec_process_check(e->process, err);
	if (r == 0)
		r = host_probe(&e->host, err);
	if (r < 0)
		return r;
	e->syscont.spec = e->spec;
	e->syscont.host = &e->host;
	e->syscont.options.syscont_mode = !ct->state.is_plain;
	e->syscont.options.honor_caps = ct->state.honor_caps;
	syscont_rewrite_process(&e->syscont, e->process);
	r = plan_process(&e->plan, e->process, &e->syscont, err);
	if (r == 0 && e->spec->linux_->seccomp)
		r = plan_seccomp(&e->seccomp, e->spec->linux_->seccomp, err);
	if (r == 0 && ct->state.traps)
		/* A listener of the profile's: as in create. */
		(void)plan_traps(&e->seccomp, ct->state.ignore_sysfs_chown);
	return r;
}

static int check_running(const struct container *ct, bool ignore_paused, struct error *err)
{
	enum state_status status = state_status(&ct->dir, &ct->state);

	if (status == STATE_STOPPED || status == STATE_CREATING)
		return error_set(err, EINVAL, "cannot exec in a stopped container");
	if (status == STATE_PAUSED && !ignore_paused)
		return error_set(
			err, EINVAL,
			"cannot exec in a paused container (use --ignore-paused to override)");
	return 0;
}

static int check_terminal(const struct exec *a, bool terminal, struct error *err)
{
	if (terminal && a->detach && !a->console_socket)
		return error_set(err, EINVAL,
				 "cannot allocate tty if sysbox-runc will detach without "
				 "setting console socket");
	return 0;
}

static int send_pidfd(const char *socket, pid_t pid, struct error *err)
{
	_cleanup_close_ int pidfd = socket ? pidfd_open(pid, 0) : -EBADF;

	if (socket && pidfd < 0)
		return error_errno(err, errno, "open the new process");
	return pidfile_send(socket, pidfd, err);
}

/* It runs. 0 or more: the status of one that has ended. */
static int accompany(const struct exec *a, const struct join *j, struct error *err)
{
	int r = pidfile_write(a->pid_file, j->pid, err);

	if (r == 0)
		r = send_pidfd(a->pidfd_socket, j->pid, err);
	return r == 0 && !a->detach ? monitor(j->pid, j->master_fd, NULL, err) : r;
}

static int run_in(struct cmd *c, const struct container *ct, struct error *err)
{
	const struct exec *a = c->values;
	_cleanup_(execution_done) struct execution e = {.syscont = SYSCONT_EMPTY};
	struct join j = JOIN_EMPTY;
	int r = make_plan(c, ct, &e, err);

	if (r == 0)
		r = check_terminal(a, e.plan.terminal, err);
	if (r == 0)
		r = passed_fds_check(a->preserve_fds, err);
	if (r < 0)
		return r;
	j.host = &e.host;
	j.state = &ct->state;
	j.state_dirfd = ct->dir.dirfd;
	j.process = &e.plan;
	j.seccomp = e.seccomp;
	j.console_socket = a->console_socket;
	j.preserve_fds = (unsigned int)a->preserve_fds;
	j.keep_terminal = !a->detach && !a->console_socket;
	j.hold_signals = !a->detach;
	r = join(&j, err);
	if (r < 0)
		return r;
	r = accompany(a, &j, err);
	/* Nobody would know of it. */
	if (r < 0)
		spawn_kill(j.pid);
	else
		c->exit_status = r;
	fd_close(j.master_fd);
	return r < 0 ? r : 0;
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	struct exec *a = c->values;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);

	if (r == 0)
		r = check_running(&ct, a->ignore_paused, err);
	for (char **g = a->cgroups; r == 0 && g && *g; g++)
		r = cgroup_descend(&ct.state.cgroup, *g, err);
	if (r == 0)
		r = run_in(c, &ct, err);
	/* runc's callers know a failed exec by this status and these words. */
	if (r < 0) {
		c->exit_status = 255;
		error_wrap(err, r, "exec failed");
	}
	strv_free(a->env);
	strv_free(a->additional_gids);
	strv_free(a->caps);
	strv_free(a->cgroups);
	return r;
}

const struct verb verb_exec = {
	.name = "exec",
	.arguments = "CONTAINER COMMAND [ARGUMENTS] | -p process.json CONTAINER",
	.summary = "execute a program in a running container",
	.options = options,
	.values_size = sizeof(struct exec),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
