/* SPDX-License-Identifier: Apache-2.0 */
#include "src/launch-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "src/do.h"
#include "src/plan.h"
#include "src/sync.h"

struct kernel_fs {
	const struct work *w;
	struct error *err; /* shared memory: three processes */
	int back;	   /* a socket to the first of them */
};

/*
 * One more, in which the supervisor counts tasks: a mount of the container's would lead into
 * the container.
 */
static int supervisors_procfs(const struct kernel_fs *k)
{
	const struct mount_new proc = {.fstype = "proc", .source = "proc"};
	_cleanup_close_ int fd = mount_make(&proc, NULL, 0);
	int r = fd < 0 ? fd : sock_send_fd(k->back, fd, "proc");

	return r < 0 ? error_errno(k->err, -r, "make a procfs for the supervisor") : 0;
}

/*
 * The kernel gives it to the host's root, whom nobody inside may take it from, not even to
 * say that it is root's: packages that contain /proc could not be installed.
 */
static int give_procfs(const struct kernel_fs *k, int fd)
{
	const struct idmap *map = &k->w->map;
	struct stat st;

	/* Of a pid namespace that was joined: it may have been given away. */
	if (fstat(fd, &st) == 0 && st.st_uid != 0)
		return 0;
	return fchownat(fd, "", idmap_to_outside(&map->uids, 0),
			idmap_to_outside(&map->gids, 0), AT_EMPTY_PATH) < 0
		       ? error_errno(k->err, errno, "give the procfs to the container's root")
		       : 0;
}

/*
 * In the container's pid and network namespace, in the host's mount and user namespace. What
 * init waits for comes last: an init that fails after it takes us along.
 */
static int kernel_fs_make(void *arg)
{
	const struct kernel_fs *k = arg;
	int fds[2], r = supervisors_procfs(k);

	if (r == 0)
		r = do_mounts_kernel_fs(k->w->l->plan, &fds[0], &fds[1], k->err);
	if (r == 0)
		r = give_procfs(k, fds[0]);
	return r < 0 ? r : sync_send(k->w->sync, SYNC_KERNEL_FS, 0, fds, 2, k->err);
}

/*
 * procfs belongs to the pid namespace of its mounter: a child of the process that entered it.
 */
static int kernel_fs_enter(void *arg)
{
	const struct kernel_fs *k = arg;

	if (setns(k->w->l->init_pidfd, CLONE_NEWPID | CLONE_NEWNET) < 0)
		return error_errno(k->err, errno,
				   "enter the container's pid and network namespace");
	return spawn_call(kernel_fs_make, arg);
}

static int receive_procfs(struct work *w, int sock, struct error *err)
{
	char text[16];
	size_t n = 0;
	ssize_t len = sock_recv(sock, text, sizeof(text), &w->proc_mount, 1, &n);

	if (len < 0 || n != 1)
		return error_set(err, EIO, "the supervisor's procfs did not arrive");
	return 0;
}

/*
 * procfs and sysfs are made by a helper that sees the host's mounts: "mount too
 * revealing" asks the caller's mount namespace. They belong to the container all
 * the same, by the namespaces that the helper is in.
 */
int step_kernel_fs(struct work *w, struct error *err)
{
	struct error *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	struct kernel_fs k = {.w = w, .err = shared};
	int pair[2], r;

	if (shared == MAP_FAILED)
		return error_errno(err, errno, "map memory for the helper");
	r = sock_pair(pair);
	if (r < 0)
		return error_errno(err, -r, "make a socket for the helper");
	ours = pair[0];
	k.back = theirs = pair[1];
	r = spawn_call(kernel_fs_enter, &k);
	if (r < 0 && shared->errnum)
		*err = *shared;
	else if (r < 0)
		r = error_errno(err, -r, "run the helper that makes procfs and sysfs");
	else
		r = receive_procfs(w, ours, err);
	/* Killed with init's pid namespace: what init says is the reason. */
	if (r < 0 && sync_last_words(w->sync, err))
		r = -err->errnum;
	munmap(shared, sizeof(*shared));
	return r;
}
