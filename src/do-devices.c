/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev: a tmpfs that host root mounts in the initial user namespace, so that real
 * nodes can be made on it, and chowns to the container's range, so that they
 * belong to root inside. A tmpfs mounted from inside could hold no node, and a
 * bind of the host's node would belong to nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/do.h"
#include "src/plan.h"

/* runtime-spec, config-linux.md "Default Devices" and runtime-linux.md "Dev symbolic links". */
static const struct {
	const char *name;
	const char *target;
} dev_links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
	{"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"},
};

struct owner {
	uid_t uid;
	gid_t gid;
};

static struct owner owner_of(const struct idmap *map, uint32_t uid, uint32_t gid)
{
	return (struct owner){
		.uid = idmap_to_outside(&map->uids, uid),
		.gid = idmap_to_outside(&map->gids, gid),
	};
}

static int make_links(int dev_fd, struct owner root, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++) {
		if (symlinkat(dev_links[i].target, dev_fd, dev_links[i].name) < 0)
			return error_errno(err, errno, "make /dev/%s", dev_links[i].name);
		if (fchownat(dev_fd, dev_links[i].name, root.uid, root.gid,
			     AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(err, errno, "give /dev/%s to the container",
					   dev_links[i].name);
	}
	return 0;
}

/* The part of the path behind "/dev/", or NULL. */
static const char *dev_relative(const char *path)
{
	return str_has_prefix(path, "/dev/") ? path + strlen("/dev/") : NULL;
}

/*
 * In a system container nobody makes nodes: then the one that stands there under the same
 * name. It keeps its owner.
 */
static int borrow_node(int dirfd, const char *name, const struct plan_device *d)
{
	_cleanup_close_ int mount = -EBADF, target = -EBADF;
	struct stat st;
	int r;

	if (stat(d->path, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    st.st_rdev != makedev(d->major, d->minor))
		return -EPERM;
	target = openat(dirfd, name, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0644);
	if (target < 0)
		return -errno;
	mount = mount_clone(AT_FDCWD, d->path, MOUNT_CLONE_ONE);
	if (mount < 0)
		return mount;
	r = mount_attach(mount, target, "");
	if (r < 0)
		(void)unlinkat(dirfd, name, 0);
	return r;
}

static int make_node(int dev_fd, const struct plan_device *d, const struct idmap *map,
		     struct error *err)
{
	const struct owner root = owner_of(map, 0, 0), own = owner_of(map, d->uid, d->gid);
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int dirfd = -EBADF;

	path_split(dev_relative(d->path), &dir, &name);
	dirfd = path_mkdir_in_root(dev_fd, dir, 0755, root.uid, root.gid);
	if (dirfd < 0)
		return error_errno(err, -dirfd, "make the directory of %s", d->path);
	if (mknodat(dirfd, name, d->mode, makedev(d->major, d->minor)) < 0) {
		int e = errno, r = e == EPERM ? borrow_node(dirfd, name, d) : -e;

		if (r == 0)
			return 0;
		if (d->optional || e == EEXIST) {
			log_debug("%s is not made: %s", d->path, strerror(e));
			return 0;
		}
		return error_errno(err, e, "make the device %s: %s", d->path, strerror(-r));
	}
	if (fchownat(dirfd, name, own.uid, own.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "give %s to the container", d->path);
	return 0;
}

static const struct plan_mount *dev_mount(const struct plan *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == PLAN_MOUNT_DEV)
			return &p->mounts[i];
	return NULL;
}

static int make_tmpfs(const struct plan *p, struct owner root, struct error *err)
{
	const struct plan_mount *pm = dev_mount(p);
	const struct mount_new m = {
		.fstype = "tmpfs",
		.source = "tmpfs",
		.options = pm && pm->data ? pm->data : "mode=755,size=65536k",
		.attrs = MOUNT_ATTR_NOSUID,
	};
	char msg[256];
	int fd = mount_make(&m, msg, sizeof(msg));

	if (fd < 0)
		return error_errno(err, -fd, "make the tmpfs of /dev %s", msg);
	if (fchownat(fd, "", root.uid, root.gid, AT_EMPTY_PATH) < 0)
		return error_errno(err, errno, "give /dev to the container");
	return fd;
}

int do_dev_make(const struct plan *p, const struct idmap *map, struct error *err)
{
	const struct owner root = owner_of(map, 0, 0);
	_cleanup_close_ int fd = make_tmpfs(p, root, err);
	const mode_t old_umask = umask(0);
	int r;

	r = fd < 0 ? fd : make_links(fd, root, err);
	for (size_t i = 0; r == 0 && i < p->n_devices; i++)
		if (dev_relative(p->devices[i].path))
			r = make_node(fd, &p->devices[i], map, err);
	umask(old_umask);
	return r < 0 ? r : take_fd(&fd);
}

int do_dev_console(int root_fd, int pts_fd, struct error *err)
{
	_cleanup_close_ int target =
		path_mountpoint_in_root(root_fd, "/dev/console", S_IFREG, (uid_t)-1, (gid_t)-1);
	_cleanup_close_ int mount = -EBADF;
	int r;

	if (target < 0)
		return error_errno(err, -target, "make /dev/console");
	mount = mount_clone(pts_fd, "", MOUNT_CLONE_ONE);
	if (mount < 0)
		return error_errno(err, -mount, "clone the terminal");
	r = mount_attach(mount, target, "");
	return r < 0 ? error_errno(err, -r, "attach /dev/console") : 0;
}
