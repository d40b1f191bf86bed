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
 * The working directory stays in the base until the mounts are done: it is the only
 * way left to what lies there. The last chdir(2) closes it forever.
 *
 * Two processes, since a pid namespace and a time namespace only take the children
 * of the process that creates them. init is forked with CLONE_PARENT: the runtime
 * is its parent, and can wait for it.
 */
#include "src/init-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/sys.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/state.h"
#include "src/sync.h"

/* First: see src/cgroup.h. With systemd, the runtime moves us. */
static int step_cgroup(struct init_work *w, struct error *err)
{
	const struct cgroup *cg = &w->in->state->cgroup;

	return cg->driver == CGROUP_FS ? cgroup_join(cg, err) : 0;
}

static int step_keyring(struct init_work *w, struct error *err)
{
	return w->in->state->no_new_keyring ? 0 : do_keyring_leave(err);
}

/* While the host's /proc is in sight. */
static int step_limits(struct init_work *w, struct error *err)
{
	const struct plan_process *p = &w->in->plan->process;
	const struct init *in = w->in;

	do_stdio_chown(idmap_to_outside(&in->map->uids, p->uid),
		       idmap_to_outside(&in->map->gids, p->gid));
	return do_limits(p, err);
}

/* Must: nothing that we mount reaches the host. */
static int step_private(struct init_work *w _unused_, struct error *err)
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
static int clone_roots(struct init_work *w, int scratch, struct error *err)
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
static int step_root(struct init_work *w, struct error *err)
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

static int step_dev(struct init_work *w, struct error *err)
{
	w->dev_fd = do_dev_make(w->in->plan, w->in->map, err);
	return w->dev_fd < 0 ? w->dev_fd : 0;
}

/* Must: the host's tree is gone from this namespace. Must not: leave the base. */
static int step_pivot(struct init_work *w, struct error *err)
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
static int step_stack(struct init_work *w, struct error *err)
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

/* Namespaces given by path are entered with the host's powers: they may belong to anybody. */
static int step_join(struct init_work *w, struct error *err)
{
	const struct plan *p = w->in->plan;

	for (size_t i = 0; i < p->n_joins; i++) {
		if (p->joins[i].type == CLONE_NEWUSER)
			continue;
		if (setns(w->in->join_fds[i], (int)p->joins[i].type) < 0)
			return error_errno(err, errno, "join the namespace %s",
					   p->joins[i].path);
	}
	return p->unshare & CLONE_NEWUTS ? 0 : init_set_names(p, err);
}

/*
 * Must: the parent has put us into the cgroup (its namespace starts where we
 * are). Must not: have the ids of the host when the namespaces are made, or what
 * the kernel mounts for them (/dev/mqueue) belongs to nobody.
 */
static int step_enter(struct init_work *w, struct error *err)
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

/* The parent needs the root mount for the supervisor, and time to write the offsets. */
static int step_fork(struct init_work *w, struct error *err)
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

static const struct init_step builder_steps[] = {
	{"cgroup", step_cgroup},
	{"session keyring", step_keyring},
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
	struct init_work w = {
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
	if (init_run_steps(builder_steps, &w, &err) < 0)
		init_fail(in, &err);
	_exit(0);
}
