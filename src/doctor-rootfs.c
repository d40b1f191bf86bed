/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file system on which the engine keeps its layers: a whole root file system is made on it
 * as `create` makes one, by a child in mounts of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/userns.h"
#include "src/doctor-internal.h"
#include "src/rootfs.h"

/* Shared with the child that does the trial: it records what it did last, or what failed. */
struct trial {
	const char *dir;
	struct error err;
};

static int enter_private_mounts(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, errno, "make mounts private");
	return 0;
}

/* The engine's part: two layers, a file of the image's user 1000, the merged mount. */
static int make_layers(const char *dir, struct error *err)
{
	static const char *const dirs[] = {"l", "u", "w", "m", "s"};
	_cleanup_close_ int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), file = -EBADF;
	_cleanup_free_ char *options =
		xasprintf("lowerdir=%s/l,upperdir=%s/u,workdir=%s/w", dir, dir, dir);
	_cleanup_free_ char *merged = path_join(dir, "m");

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dirfd, dirs[i], 0755) < 0)
			return error_errno(err, errno, "make directories");
	file = openat(dirfd, "l/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0 || fchown(file, 1000, 1000) < 0)
		return error_errno(err, errno, "make a file");
	if (mount("overlay", merged, "overlay", 0, options) < 0)
		return error_errno(err, errno, "mount an overlay");
	return 0;
}

/*
 * Seen from the host through the container's own mount: what the image calls 1000
 * must be the range's 1000. And what the container's root makes must be stored as 0.
 */
static int check_ids(int root_fd, const char *dir, struct error *err)
{
	_cleanup_free_ char *stored = path_join(dir, "u/new");
	struct stat st;

	if (fstatat(root_fd, "file", &st, 0) < 0)
		return error_errno(err, errno, "look at a file of the image");
	if (st.st_uid != DOCTOR_TRIAL_ID + 1000)
		return error_set(err, EPROTO, "uid 1000 of the image appears as %u", st.st_uid);
	/* It is the owner of its root directory: no capability is needed. */
	setfsgid(DOCTOR_TRIAL_ID);
	setfsuid(DOCTOR_TRIAL_ID);
	if (mkdirat(root_fd, "new", 0755) < 0)
		return error_errno(err, errno, "write to it");
	setfsuid(0);
	setfsgid(0);
	if (stat(stored, &st) < 0)
		return error_errno(err, errno, "find what was written");
	if (st.st_uid != 0)
		return error_set(err, EPROTO, "root's files are stored with uid %u", st.st_uid);
	return 0;
}

static int mount_scratch(const char *dir, struct error *err)
{
	_cleanup_free_ char *path = path_join(dir, "s");
	int fd;

	if (mount("none", path, "tmpfs", 0, "mode=755") < 0)
		return error_errno(err, errno, "mount a tmpfs");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "open a tmpfs") : fd;
}

static int try_rootfs(void *arg)
{
	struct trial *t = arg;
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_(rootfs_done) struct rootfs rootfs = ROOTFS_EMPTY;
	_cleanup_free_ char *merged = path_join(t->dir, "m");
	_cleanup_close_ int userns = -EBADF, scratch = -EBADF, root = -EBADF;
	struct error *err = &t->err;
	int r;

	doctor_trial_map(&map);
	r = enter_private_mounts(err);
	if (r == 0)
		r = make_layers(t->dir, err);
	if (r < 0)
		return r;
	userns = userns_open(&map);
	if (userns < 0)
		return error_errno(err, -userns, "make a user namespace");
	r = rootfs_prepare(&rootfs, merged, userns, &map, 0, err);
	if (r == 0)
		r = rootfs_make_work(&rootfs, err);
	if (r < 0)
		return r;
	scratch = mount_scratch(t->dir, err);
	if (scratch < 0)
		return scratch;
	r = rootfs_mount(&rootfs, scratch, &map, err);
	if (r < 0)
		return r;
	root = openat(scratch, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_errno(err, errno, "open the root file system")
			: check_ids(root, t->dir, err);
}

static int try_volume(void *arg)
{
	struct trial *t = arg;
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_close_ int userns = -EBADF, mnt = -EBADF;
	int r;

	doctor_trial_map(&map);
	userns = userns_open(&map);
	if (userns < 0)
		return error_errno(&t->err, -userns, "make a user namespace");
	mnt = mount_clone(AT_FDCWD, t->dir, MOUNT_CLONE_ONE);
	if (mnt < 0)
		return error_errno(&t->err, -mnt, "clone the mount");
	r = mount_set_idmap(mnt, userns, 0);
	return r < 0 ? error_errno(&t->err, -r, "id-map the mount") : 0;
}

/* Run in a child with a scratch directory below the data root; 0, or the error. */
static int try_in(const char *data_root, int (*fn)(void *arg), struct error *err)
{
	_cleanup_free_ char *dir = path_join(data_root, ".sysbox-doctor.XXXXXX"),
			    *parent = NULL, *base = NULL;
	_cleanup_close_ int dirfd = -EBADF;
	struct trial *t;
	int r;

	if (!mkdtemp(dir))
		return error_errno(err, errno, "make a directory below %s", data_root);
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return error_errno(err, errno, "share memory");
	t->dir = dir;
	r = spawn_call(fn, t);
	if (r < 0)
		*err = t->err;
	(void)munmap(t, sizeof(*t));
	path_split(dir, &parent, &base);
	dirfd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)path_remove_tree(dirfd, base);
	return r;
}

static char *fstype_of(const char *path)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	return mountinfo_of(path, &m) < 0 ? xstrdup("?") : xstrdup(m->fstype);
}

static void probe_rootfs(const struct doctor *d, struct doctor_row *row)
{
	_cleanup_free_ char *fstype = fstype_of(d->data_root);
	struct error err = {0};

	if (try_in(d->data_root, try_rootfs, &err) == 0) {
		doctor_found(row, "overlay of id-mapped layers on %s (%s): ids right both ways",
			     fstype, d->data_root);
		return;
	}
	doctor_found(row, "on %s (%s): %s", fstype, d->data_root, err.text);
	if (str_eq(fstype, "overlay"))
		doctor_mend(row, DOCTOR_FAIL,
			    "an overlay cannot hold another one's upper layer: give the engine "
			    "a volume or disk as its data root (dockerd --data-root)");
	else
		doctor_mend(
			row, DOCTOR_FAIL,
			"the engine's data root must lie on a file system that can be "
			"id-mapped and hold an overlay's upper layer (ext4, xfs, btrfs), with "
			"a kernel of 5.19 or newer that has overlayfs (modprobe overlay)");
}

static void probe_volume(const struct doctor *d, struct doctor_row *row)
{
	_cleanup_free_ char *fstype = fstype_of(d->data_root);
	struct error err = {0};

	if (try_in(d->data_root, try_volume, &err) == 0) {
		doctor_found(row, "%s can be id-mapped", fstype);
		return;
	}
	doctor_found(row, "%s (%s): %s", fstype, d->data_root, err.text);
	doctor_mend(row, DOCTOR_FAIL,
		    "volumes must lie on a file system that can be id-mapped (ext4, xfs, "
		    "btrfs, tmpfs on newer kernels)");
}

static const struct doctor_probe probes[] = {
	{"root file system", probe_rootfs},
	{"volumes", probe_volume},
};
const struct doctor_area doctor_rootfs = {probes, ARRAY_SIZE(probes)};
