/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: the first process of the container, from its fork to the program that it becomes. It
 * is in all of its namespaces and has no capability outside; what it needs of the host comes
 * by the handshake.
 */
#include "src/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "lib/sys.h"
#include "src/hooks.h"
#include "src/init-internal.h"
#include "src/plan.h"
#include "src/state.h"
#include "src/sync.h"

int init_run_steps(const struct init_step *steps, struct init_work *w, struct error *err)
{
	int r = 0;

	for (const struct init_step *s = steps; r >= 0 && s->name; s++) {
		log_debug("init: %s", s->name);
		r = s->run(w, err);
		if (r < 0)
			error_wrap(err, r, "%s", s->name);
	}
	return r;
}

_noreturn_ void init_fail(const struct init *in, const struct error *err)
{
	sync_send_error(in->sync, err);
	_exit(1);
}

static int step_kernel_fs(struct init_work *w, struct error *err)
{
	int fds[2];
	int r = sync_recv(w->in->sync, SYNC_KERNEL_FS, NULL, fds, 2, err);

	if (r < 0)
		return r;
	w->proc_fd = fds[0];
	w->sys_fd = fds[1];
	w->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->root_fd < 0 ? error_errno(err, errno, "open the root") : 0;
}

static struct do_mounts mounts_of(const struct init_work *w)
{
	return (struct do_mounts){
		.plan = w->in->plan,
		.fds = w->in->mount_fds,
		.root_fd = w->root_fd,
		.writable_fd = w->writable_fd,
		.proc_fd = w->proc_fd,
		.sys_fd = w->sys_fd,
		.dev_fd = w->dev_fd,
		.host = w->in->host,
		.cgroup = &w->in->state->cgroup,
	};
}

static int step_mounts(struct init_work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);

	return do_mounts_attach(&m, err);
}

/* Of inner images, see src/store-marks.c. */
static int step_layers(struct init_work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);

	for (size_t i = 0; i < w->in->n_layers; i++) {
		const struct init_mount *l = &w->in->layers[i];
		_cleanup_close_ int target = do_mounts_target(&m, l->target, S_IFDIR);
		int r = target < 0 ? target : mount_attach(l->fd, target, "");

		if (r < 0)
			return error_errno(err, -r, "mount layers at %s", l->target);
	}
	return 0;
}

/* The supervisor has started meanwhile. */
static int step_emulation(struct init_work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);
	int fds[2];
	int r = sync_recv(w->in->sync, SYNC_EMULATION, NULL, fds, ARRAY_SIZE(fds), err);

	if (r < 0)
		return r;
	if (fds[0] >= 0 && fds[1] >= 0)
		r = do_emul_attach(&m, fds[0], fds[1], err);
	else if (w->in->seccomp)
		do_seccomp_untrap(w->in->seccomp);
	fd_close(fds[0]);
	fd_close(fds[1]);
	return r;
}

int init_set_names(const struct plan *p, struct error *err)
{
	if (p->hostname && sethostname(p->hostname, strlen(p->hostname)) < 0)
		return error_errno(err, errno, "set the hostname");
	if (p->domainname && setdomainname(p->domainname, strlen(p->domainname)) < 0)
		return error_errno(err, errno, "set the domain name");
	return 0;
}

/* Where the namespace is not ours, the builder has done it: it may belong to anybody. */
static int step_hostname(struct init_work *w, struct error *err)
{
	const struct plan *p = w->in->plan;

	return p->unshare & CLONE_NEWUTS ? init_set_names(p, err) : 0;
}

static int step_sysctl(struct init_work *w, struct error *err)
{
	return do_sysctl_inside(w->in->plan, w->proc_fd, err);
}

static int send_console(struct init_work *w, int master, struct error *err)
{
	int r;

	if (w->in->console_fd < 0)
		return 0;
	r = sock_send_fd(w->in->console_fd, master, "/dev/ptmx");
	return r < 0 ? error_errno(err, -r, "send the terminal to the console socket") : 0;
}

/* Also the moment of the hooks: everything is mounted, the user's program has not run. */
static int step_terminal(struct init_work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	_cleanup_close_ int master = -EBADF;
	int r;

	if (setsid() < 0)
		return error_errno(err, errno, "start a session");
	if (!p->terminal)
		return 0;
	master = do_terminal_open(p, w->root_fd, &w->slave_fd, err);
	if (master < 0)
		return master;
	r = do_dev_console(w->root_fd, w->slave_fd, err);
	if (r == 0)
		r = send_console(w, master, err);
	return r < 0 ? r : do_terminal_attach(w->slave_fd, err);
}

static int step_hooks(struct init_work *w, struct error *err)
{
	int r = sync_send(w->in->sync, SYNC_HOOKS, 0, NULL, 0, err);

	return r < 0 ? r : sync_recv(w->in->sync, SYNC_HOOKS_DONE, NULL, NULL, 0, err);
}

static int step_mask(struct init_work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);

	return do_mounts_mask(&m, err);
}

static int step_propagation(struct init_work *w, struct error *err)
{
	const struct plan *p = w->in->plan;
	int r = p->rootfs_propagation ? mount_propagate("/", p->rootfs_propagation) : 0;

	return r < 0 ? error_errno(err, -r, "set the propagation of the root") : 0;
}

/* A session keyring of its own: keys of the engine's session stay the engine's. */
static int step_keyring(struct init_work *w, struct error *err _unused_)
{
	if (!w->in->state->no_new_keyring)
		do_keyring_join(w->in->state->id);
	return 0;
}

/* Must not: keep a way to the base. */
static int step_cwd(struct init_work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	_cleanup_close_ int dir = -EBADF;

	if (chdir("/") < 0)
		return error_errno(err, errno, "chdir /");
	/* Engines expect the working directory to be made (runc does), owned by root. */
	dir = path_mkdir_in_root(w->root_fd, p->cwd, 0755, (uid_t)-1, (gid_t)-1);
	if (dir == -EROFS && w->writable_fd >= 0)
		dir = path_mkdir_in_root(w->writable_fd, p->cwd, 0755, (uid_t)-1, (gid_t)-1);
	if (dir < 0 && dir != -EROFS)
		log_debug("cannot make %s: %s", p->cwd, strerror(-dir));
	return 0;
}

static int step_identity(struct init_work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	/* As root of the container too: a directory that only root may enter is a valid cwd. */
	const bool entered = chdir(p->cwd) == 0;
	int r = do_identity(p, err);

	/* The change of credentials has cleared it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (r == 0)
		r = do_exec_prepare(p, entered ? DO_EXEC_IN_CWD : DO_EXEC_CHDIR, &w->program,
				    err);
	if (r == 0)
		r = do_exec_close(w->in->preserve_fds, err);
	return r;
}

_noreturn_ static void end_by_signal(int sig)
{
	_exit(128 + sig);
}

/*
 * The kernel drops signals to a namespace's first process that it has no handler for; whoever
 * signals a container that is only created means it. execve(2) resets them.
 */
static void end_by_signals(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	const struct sigaction end = {.sa_handler = end_by_signal};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &end, NULL);
}

/*
 * Must: before anything of the image is looked up by a path that may lead over our own
 * descriptors (CVE-2024-21626), and before the filter, which may not know close_range(2). A
 * created container may wait for a long time: it holds nothing of the host but what it still
 * needs.
 */
static int step_close(struct init_work *w, struct error *err)
{
	int keep[] = {w->in->sync, w->in->fifo_fd, w->proc_fd};

	return do_exec_close_all(w->in->preserve_fds, keep, ARRAY_SIZE(keep), err);
}

/*
 * From here on we no longer die with the runtime but depend on its word: without SYNC_GO we
 * end.
 */
static int step_release(struct init_work *w _unused_, struct error *err _unused_)
{
	end_by_signals();
	(void)prctl(PR_SET_PDEATHSIG, 0);
	return 0;
}

static int step_confine(struct init_work *w, struct error *err)
{
	const struct init *in = w->in;
	int listener, r = do_confine(&in->plan->process, in->seccomp, &listener, err);

	if (r == 0)
		r = sync_send_ready(in->sync, listener, err);
	if (r == 0)
		r = sync_recv_go(in->sync, err);
	if (listener >= 0)
		fd_close(listener);
	return r;
}

static const struct init_step init_steps[] = {
	{"kernel file systems", step_kernel_fs},
	{"mounts", step_mounts},
	{"layers of inner images", step_layers},
	{"emulation", step_emulation},
	{"hostname", step_hostname},
	{"terminal", step_terminal},
	{"hooks", step_hooks},
	{"sysctl", step_sysctl},
	{"masked paths", step_mask},
	{"propagation", step_propagation},
	{"session keyring", step_keyring},
	{"working directory", step_cwd},
	{"close", step_close},
	{"identity", step_identity},
	{"let go of the runtime", step_release},
	{"confine", step_confine},
	{0},
};

/*
 * Created: from here on nobody listens to our errors but the container's stderr.
 * Opening the FIFO for writing blocks until `start` opens it for reading.
 */
static int wait_for_start(struct init_work *w, struct error *err)
{
	_cleanup_free_ char *link = xasprintf("self/fd/%d", w->in->fifo_fd);
	_cleanup_close_ int fd = -EBADF;

	fd_close(w->in->sync);
	do {
		fd = openat(w->proc_fd, link, O_WRONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return error_errno(err, errno, "wait for start");
	return 0;
}

_noreturn_ void init_main(struct init_work *w)
{
	const struct init *in = w->in;
	struct error err = {0};
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (init_run_steps(init_steps, w, &err) < 0)
		init_fail(in, &err);
	r = wait_for_start(w, &err);
	if (r == 0 && in->hooks)
		r = hooks_run_start_container(in->hooks, in->state, w->program.env, &err);
	if (r == 0)
		r = do_exec(&in->plan->process, &w->program, &err);
	(void)r;
	dprintf(STDERR_FILENO, "%s\n", err.text);
	_exit(err.errnum == ENOENT ? 127 : 126);
}
