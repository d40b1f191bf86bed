/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The picture that the builder makes, and why:
 *
 *	base (tmpfs, host's)		the real root of the mount namespace
 *	 ├ proc, sys			uncovered procfs and sysfs: let nested user
 *	 │				namespaces mount fresh ones
 *	 ├ m/0, m/1 ..			restricted binds, locked by the copy
 *	 └ / (stacked on the base)	the container's root file system
 *
 * The root file system is mounted *upon* the base's own root, not below it, and
 * the process does chroot(2) onto it: for the kernel it is then not "chrooted",
 * since the topmost mount on the namespace's root is its root, and so nested
 * user namespaces are permitted. What lies in the base is in the namespace and out
 * of reach of every path: the stack cannot be taken apart, as the copy into the
 * user namespace locked it.
 *
 * The working directory stays in the base until the mounts are done: it is the
 * only way left to what lies there. The last chdir(2) closes it for ever.
 *
 * Two processes, since a pid namespace and a time namespace only take the
 * children of who creates them. init is forked with CLONE_PARENT: the runtime is
 * its parent, and can wait for it.
 */
#include "src/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
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
#include "lib/str.h"
#include "lib/sys.h"
#include "src/hooks.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/state.h"
#include "src/sync.h"

/* What the steps hand to each other. */
struct work {
	const struct init *in;
	int base_fd;	 /* attached tmpfs; becomes the working directory */
	int root_mount;	 /* the container's root file system, attached by step_stack() */
	int view_mount;	 /* a detached clone of it, for the supervisor */
	int writable_fd; /* a writable clone of it, where "/" is to be read-only */
	int dev_fd;	 /* detached /dev */
	int root_fd;	 /* init: O_PATH of "/" */
	int proc_fd;	 /* init: from the parent */
	int sys_fd;
	int slave_fd; /* terminal */
	struct program program;
};

struct step {
	const char *name;
	int (*run)(struct work *w, struct error *err);
};

static int run_steps(const struct step *steps, struct work *w, struct error *err)
{
	int r = 0;

	for (const struct step *s = steps; r >= 0 && s->name; s++) {
		log_debug("init: %s", s->name);
		r = s->run(w, err);
		if (r < 0)
			error_wrap(err, r, "%s", s->name);
	}
	return r;
}

_noreturn_ static void fail(const struct init *in, const struct error *err)
{
	sync_send_error(in->sync, err);
	_exit(1);
}

/* ------------------------------------------------------------------ builder */

/* Must: nothing that we mount reaches the host. */
static int step_private(struct work *w _unused_, struct error *err)
{
	int r = mount_propagate("/", MS_REC | MS_PRIVATE);

	return r < 0 ? error_errno(err, -r, "make the mount namespace private") : 0;
}

static int attach_tmpfs(int dirfd, const char *path, struct error *err)
{
	const struct mount_new tmpfs = {
		.fstype = "tmpfs", .source = "sysbox", .options = "mode=755"};
	_cleanup_close_ int fd = mount_make(&tmpfs, NULL, 0);
	int r = fd < 0 ? fd : mount_attach(fd, dirfd, path);

	return r < 0 ? error_errno(err, -r, "mount a tmpfs to work in") : take_fd(&fd);
}

/*
 * Detached clones of the attached root (kernels before 6.15 clone no detached
 * mount). A read-only root is locked read-only by the copy into the user
 * namespace; a writable clone serves to make mount points.
 */
static int clone_roots(struct work *w, int scratch, struct error *err)
{
	const bool readonly = w->in->plan->rootfs_readonly;
	int r = 0;

	w->root_mount = mount_clone(scratch, "root", MOUNT_CLONE_RECURSIVE);
	w->view_mount = mount_clone(scratch, "root", MOUNT_CLONE_ONE);
	if (readonly)
		w->writable_fd = mount_clone(scratch, "root", MOUNT_CLONE_RECURSIVE);
	if (w->root_mount < 0 || w->view_mount < 0 || (readonly && w->writable_fd < 0))
		return error_set(err, EINVAL, "cannot clone the mount of the root file system");
	if (readonly)
		r = mount_set_attr(w->root_mount, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? error_errno(err, -r, "make the root file system read-only") : 0;
}

/*
 * A scratch tmpfs covers the engine's rootfs directory, in this namespace only:
 * the one directory of the host that is known to exist. It goes with the old root.
 */
static int step_root(struct work *w, struct error *err)
{
	const struct rootfs *rootfs = w->in->rootfs;
	_cleanup_close_ int scratch = attach_tmpfs(AT_FDCWD, rootfs->path, err);
	int r;

	if (scratch < 0)
		return scratch;
	if (mkdirat(scratch, "base", 0755) < 0)
		return error_errno(err, errno, "make the base directory");
	w->base_fd = attach_tmpfs(scratch, "base", err);
	if (w->base_fd < 0)
		return w->base_fd;
	r = rootfs_mount(rootfs, scratch, w->in->map, err);
	return r < 0 ? r : clone_roots(w, scratch, err);
}

static int step_dev(struct work *w, struct error *err)
{
	w->dev_fd = do_dev_make(w->in->plan, w->in->map, err);
	return w->dev_fd < 0 ? w->dev_fd : 0;
}

/* Must: the host's tree is gone from this namespace. Must not: leave the base. */
static int step_pivot(struct work *w, struct error *err)
{
	if (fchdir(w->base_fd) < 0 || sys_pivot_root(".", ".") < 0)
		return error_errno(err, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_errno(err, errno, "detach the host's root");
	if (chdir("/") < 0)
		return error_errno(err, errno, "enter the base");
	if (mkdir("proc", 0555) < 0 || mkdir("sys", 0555) < 0 ||
	    mkdir(DO_MOUNTS_EMPTY, 0555) < 0 || mkdir(DO_EMUL_FAST, 0555) < 0 ||
	    mkdir(DO_EMUL_PLAIN, 0555) < 0)
		return error_errno(err, errno, "make the directories of the base");
	return do_mounts_lock(w->in->plan, w->in->mount_fds, err);
}

/* Must: "/" is the container's, the working directory is the base. */
static int step_stack(struct work *w, struct error *err)
{
	_cleanup_close_ int base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = base < 0 ? -errno : mount_attach(w->root_mount, AT_FDCWD, "/");
	if (r < 0)
		return error_errno(err, -r, "attach the root file system");
	if (fchdir(w->root_mount) < 0 || chroot(".") < 0 || fchdir(base) < 0)
		return error_errno(err, errno, "enter the root file system");
	/* No second way to the base. */
	w->base_fd = fd_close(w->base_fd);
	return 0;
}

/* While the host's /proc is in sight. */
static int step_limits(struct work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	const struct init *in = w->in;

	do_stdio_chown(idmap_to_outside(&in->map->uids, p->uid),
		       idmap_to_outside(&in->map->gids, p->gid));
	return do_limits(p, err);
}

static int set_names(const struct plan *p, struct error *err)
{
	if (p->hostname && sethostname(p->hostname, strlen(p->hostname)) < 0)
		return error_errno(err, errno, "set the hostname");
	if (p->domainname && setdomainname(p->domainname, strlen(p->domainname)) < 0)
		return error_errno(err, errno, "set the domain name");
	return 0;
}

/* Namespaces given by path are entered with the host's powers: they may belong to anybody. */
static int step_join(struct work *w, struct error *err)
{
	const struct plan *p = w->in->plan;

	for (size_t i = 0; i < p->n_joins; i++) {
		if (p->joins[i].type == CLONE_NEWUSER)
			continue;
		if (setns(w->in->join_fds[i], (int)p->joins[i].type) < 0)
			return error_errno(err, errno, "join the namespace %s",
					   p->joins[i].path);
	}
	return p->unshare & CLONE_NEWUTS ? 0 : set_names(p, err);
}

/*
 * Must: the parent has put us into the cgroup (its namespace starts where we
 * are). Must not: have the ids of the host when the namespaces are made, or what
 * the kernel mounts for them (/dev/mqueue) belongs to nobody.
 */
static int step_enter(struct work *w, struct error *err)
{
	const struct plan *p = w->in->plan;
	int r = sync_recv(w->in->sync, SYNC_CGROUP, NULL, NULL, 0, err);

	if (r == 0)
		r = do_affinity(NULL, err);
	if (r < 0)
		return r;
	if (setns(w->in->userns_fd, CLONE_NEWUSER) < 0)
		return error_errno(err, errno, "enter the user namespace");
	r = do_root_ids(err);
	if (r < 0)
		return r;
	/* The change of credentials has cleared it (prctl(2)). */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare((int)(p->unshare | CLONE_NEWNS)) < 0)
		return error_errno(err, errno, "make the container's namespaces");
	return 0;
}

static int step_fork(struct work *w, struct error *err);

/* First: see src/cgroup.h. With systemd, the runtime moves us. */
static int step_cgroup(struct work *w, struct error *err)
{
	const struct cgroup *cg = &w->in->state->cgroup;

	return cg->driver == CGROUP_FS ? cgroup_join(cg, err) : 0;
}

static const struct step builder_steps[] = {
	{"cgroup", step_cgroup},
	{"limits", step_limits},
	{"private mounts", step_private},
	{"root file system", step_root},
	{"devices", step_dev},
	{"leave the host's tree", step_pivot},
	{"stack the root", step_stack},
	{"join namespaces", step_join},
	{"enter namespaces", step_enter},
	{"fork init", step_fork},
	{0},
};

void init_build(struct init *in)
{
	struct work w = {
		.in = in,
		.base_fd = -EBADF,
		.root_mount = -EBADF,
		.view_mount = -EBADF,
		.writable_fd = -EBADF,
		.dev_fd = -EBADF,
		.root_fd = -EBADF,
		.proc_fd = -EBADF,
		.sys_fd = -EBADF,
		.slave_fd = -EBADF,
	};
	struct error err = {0};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (run_steps(builder_steps, &w, &err) < 0)
		fail(in, &err);
	_exit(0);
}

/* ------------------------------------------------------------------ init */

static int step_kernel_fs(struct work *w, struct error *err)
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

static struct do_mounts mounts_of(const struct work *w)
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
	};
}

static int step_mounts(struct work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);

	return do_mounts_attach(&m, err);
}

/* Of inner images, see src/store-marks.c. */
static int step_layers(struct work *w, struct error *err)
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
static int step_emulation(struct work *w, struct error *err)
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

/* Where the namespace is not ours, the builder has done it: it may belong to anybody. */
static int step_hostname(struct work *w, struct error *err)
{
	const struct plan *p = w->in->plan;

	return p->unshare & CLONE_NEWUTS ? set_names(p, err) : 0;
}

static int step_sysctl(struct work *w, struct error *err)
{
	return do_sysctl_inside(w->in->plan, w->proc_fd, err);
}

static int send_console(struct work *w, int master, struct error *err)
{
	int r;

	if (w->in->console_fd < 0)
		return 0;
	r = sock_send_fd(w->in->console_fd, master, "/dev/ptmx");
	return r < 0 ? error_errno(err, -r, "send the terminal to the console socket") : 0;
}

/* Also the moment of the hooks: everything is mounted, the user's program has not run. */
static int step_terminal(struct work *w, struct error *err)
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

static int step_hooks(struct work *w, struct error *err)
{
	int r = sync_send(w->in->sync, SYNC_HOOKS, 0, NULL, 0, err);

	return r < 0 ? r : sync_recv(w->in->sync, SYNC_HOOKS_DONE, NULL, NULL, 0, err);
}

static int step_mask(struct work *w, struct error *err)
{
	const struct do_mounts m = mounts_of(w);

	return do_mounts_mask(&m, err);
}

static int step_propagation(struct work *w, struct error *err)
{
	const struct plan *p = w->in->plan;
	int r = p->rootfs_propagation ? mount_propagate("/", p->rootfs_propagation) : 0;

	return r < 0 ? error_errno(err, -r, "set the propagation of the root") : 0;
}

/* A session keyring of its own: keys of the engine's session stay the engine's. */
static int step_keyring(struct work *w, struct error *err _unused_)
{
	_cleanup_free_ char *name = xasprintf("_ses.%s", w->in->state->id);

	if (w->in->new_keyring && sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, name) < 0)
		log_debug("no session keyring: %s", strerror(errno));
	return 0;
}

/* Must not: keep a way to the base. */
static int step_cwd(struct work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	_cleanup_close_ int dir = -EBADF;

	if (chdir("/") < 0)
		return error_errno(err, errno, "chdir /");
	/* Engines expect the working directory to be made (runc does), owned by root. */
	dir = path_mkdir_in_root(w->root_fd, p->cwd, 0755, (uid_t)-1, (gid_t)-1);
	if (dir < 0 && dir != -EROFS)
		log_debug("cannot make %s: %s", p->cwd, strerror(-dir));
	return 0;
}

static int step_identity(struct work *w, struct error *err)
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
 * The kernel drops signals to a namespace's first process that it has no handler for;
 * who kills a container that is only created means it. execve(2) resets them.
 */
static void end_by_signals(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	const struct sigaction end = {.sa_handler = end_by_signal};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &end, NULL);
}

/* Close [from, to], if there is anything between. */
static void close_between(int from, int to)
{
	if (from <= to)
		(void)close_range((unsigned int)from, (unsigned int)to, 0);
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * A created container may wait for long: it holds nothing of the host but what it still
 * needs. Before the filter, which may not know close_range(2). From here on our life is
 * no longer bound to the runtime's, but to its word: without SYNC_GO we end.
 */
static int step_release(struct work *w, struct error *err _unused_)
{
	int keep[] = {w->in->sync, w->in->fifo_fd, w->proc_fd};
	int first = 3 + (int)w->in->preserve_fds;

	qsort(keep, ARRAY_SIZE(keep), sizeof(*keep), compare_fds);
	log_init(-1, LOG_TEXT, LOG_ERROR);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		close_between(first, keep[i] - 1);
		first = keep[i] + 1;
	}
	close_between(first, INT_MAX);
	end_by_signals();
	(void)prctl(PR_SET_PDEATHSIG, 0);
	return 0;
}

static int step_confine(struct work *w, struct error *err)
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

static const struct step init_steps[] = {
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
	{"identity", step_identity},
	{"let go of the host", step_release},
	{"confine", step_confine},
	{0},
};

/*
 * Created: from here on nobody listens to our errors but the container's stderr.
 * Opening the FIFO for writing blocks until `start` opens it for reading.
 */
static int wait_for_start(struct work *w, struct error *err)
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

_noreturn_ static void init_main(struct work *w)
{
	const struct init *in = w->in;
	struct error err = {0};
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (run_steps(init_steps, w, &err) < 0)
		fail(in, &err);
	r = wait_for_start(w, &err);
	if (r == 0 && in->hooks)
		r = hooks_run_start_container(in->hooks, in->state, w->program.env, &err);
	if (r == 0)
		r = do_exec(&in->plan->process, &w->program, &err);
	(void)r;
	dprintf(STDERR_FILENO, "%s\n", err.text);
	_exit(err.errnum == ENOENT ? 127 : 126);
}

/* The parent needs the root mount for the supervisor, and time to write the offsets. */
static int step_fork(struct work *w, struct error *err)
{
	struct clone_args args = {.flags = CLONE_PARENT};
	pid_t pid;
	int r;

	r = sync_send(w->in->sync, SYNC_NAMESPACES, 0, &w->view_mount, 1, err);
	if (r == 0)
		r = sync_recv(w->in->sync, SYNC_OFFSETS, NULL, NULL, 0, err);
	if (r < 0)
		return r;
	w->root_mount = fd_close(w->root_mount);
	w->view_mount = fd_close(w->view_mount);
	pid = sys_clone3(&args);
	if (pid < 0)
		return error_errno(err, errno, "fork init");
	if (pid == 0)
		init_main(w);
	return sync_send(w->in->sync, SYNC_INIT, pid, NULL, 0, err);
}
