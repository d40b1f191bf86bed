/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * An image has its files owned by 0, 1000, ...; the container's root is host uid
 * 1879048192, say. Instead of chowning, the kernel translates: each layer of the
 * engine's overlay is cloned (open_tree(2)), the clone is id-mapped
 * (mount_setattr(2), MOUNT_ATTR_IDMAP), and a second overlay is mounted of the
 * clones. overlayfs itself cannot be id-mapped (EINVAL), hence the detour.
 *
 * The upper directory gets the same treatment: not it but the directory that
 * holds upper and work is cloned, since both must lie on one mount. What uid 0
 * inside creates is then stored as 0. Kernel rules met on the way:
 *
 *  - The superblock keeps the mounter's credentials and uses them for work/ and
 *    copy-up. On an id-mapped upper, uid 0 of the host has no id: EOVERFLOW, and
 *    a mount that is silently read-only. So the mount is made with fsuid and
 *    fsgid of the container's root. setfsuid(2) drops the file-system
 *    capabilities from the effective set; they are raised again.
 *  - Kernels before about 6.15 refuse detached mounts as layers, so the clones are
 *    attached below a small tmpfs and named by short relative paths, which also
 *    evades the one-page limit of mount data with many layers. overlayfs holds
 *    private clones of its own, so the tmpfs with all of them is thrown away.
 *  - The engine's overlay stays mounted and keeps its work directory busy: ours
 *    has its own beside it. index=off, since an upper directory that is in use
 *    elsewhere is refused otherwise (EBUSY).
 */
#include "src/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/layers.h"

/* overlayfs' own limit (OVL_MAX_STACK). */
#define ROOTFS_MAX_LAYERS 500
#define ROOTFS_WORK	  "sysbox-work"

static const uint64_t fs_caps = CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) |
				CAPS_BIT(CAP_DAC_READ_SEARCH) | CAPS_BIT(CAP_FOWNER) |
				CAPS_BIT(CAP_FSETID) | CAPS_BIT(CAP_MKNOD) |
				CAPS_BIT(CAP_MAC_OVERRIDE) | CAPS_BIT(CAP_LINUX_IMMUTABLE);

void rootfs_done(struct rootfs *r)
{
	fd_close(r->mount_fd);
	for (size_t i = 0; i < r->n_layers; i++)
		fd_close(r->layer_fds[i]);
	fd_close(r->upper_fd);
	free(r->layer_fds);
	free(r->path);
	free(r->upper_name);
	free(r->work_path);
	free(r->options);
	*r = (struct rootfs)ROOTFS_EMPTY;
}

/* An id-mapped, private, detached clone of a directory. */
static int clone_mapped(const char *path, int userns_fd, unsigned int clone_flags,
			struct error *err)
{
	_cleanup_close_ int fd = mount_clone(AT_FDCWD, path, clone_flags);
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "clone %s", path);
	r = mount_set_idmap(fd, userns_fd, clone_flags);
	if (r == -EINVAL) {
		_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

		(void)mountinfo_of(path, &m);
		return error_set(err, EINVAL,
				 "the file system of %s (%s) does not support id-mapped "
				 "mounts, which a system container's root needs; use ext4, "
				 "xfs, btrfs, or an overlay whose layers lie on one of these",
				 path, m ? m->fstype : "unknown");
	}
	if (r < 0)
		return error_errno(err, -r, "id-map %s", path);
	r = mount_set_propagation(fd, MS_PRIVATE, clone_flags);
	if (r < 0)
		return error_errno(err, -r, "make the clone of %s private", path);
	return take_fd(&fd);
}

/* Our own work directory beside the engine's, empty as overlayfs wants it. */
int rootfs_make_work(const struct rootfs *r, struct error *err)
{
	_cleanup_free_ char *holder = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;
	int e;

	if (!r->work_path)
		return 0;
	path_split(r->work_path, &holder, &name);
	fd = open(holder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", holder);
	/* What an earlier run of this container left, "incompat/volatile" included. */
	e = path_remove_tree(fd, name);
	if (e < 0)
		return error_errno(err, -e, "remove %s", r->work_path);
	if (mkdirat(fd, name, 0700) < 0)
		return error_errno(err, errno, "make %s", r->work_path);
	return 0;
}

static int prepare_upper(struct rootfs *r, const struct layers *l, int userns_fd,
			 struct error *err)
{
	_cleanup_free_ char *holder = NULL, *name = NULL;

	path_split(l->upper, &holder, &name);
	r->work_path = path_join(holder, ROOTFS_WORK);
	r->upper_fd = clone_mapped(holder, userns_fd, MOUNT_CLONE_ONE, err);
	if (r->upper_fd < 0)
		return r->upper_fd;
	r->upper_name = take_ptr(&name);
	return 0;
}

/* Below all others, but above those that hold data only. */
static void insert_layer(struct rootfs *r, int fd)
{
	size_t at = r->n_layers - r->n_data_layers;

	memmove(&r->layer_fds[at + 1], &r->layer_fds[at],
		r->n_data_layers * sizeof(*r->layer_fds));
	r->layer_fds[at] = fd;
	r->n_layers++;
}

int rootfs_add_layer(struct rootfs *r, const char *path, int userns_fd, struct error *err)
{
	int fd;

	if (r->kind != ROOTFS_OVERLAY)
		return 0;
	fd = clone_mapped(path, userns_fd, MOUNT_CLONE_ONE, err);
	if (fd < 0)
		return fd;
	insert_layer(r, fd);
	return 0;
}

static int prepare_overlay(struct rootfs *r, struct layers *l, int userns_fd, struct error *err)
{
	size_t n = strv_len(l->lower);

	if (n > ROOTFS_MAX_LAYERS)
		return error_set(err, EINVAL, "the overlay at %s has %zu lower layers", r->path,
				 n);
	/*
	 * A single layer and nothing above it: overlayfs refuses that, and it needs no overlay.
	 */
	if (n == 1 && !l->upper) {
		r->kind = ROOTFS_IDMAPPED;
		r->mount_fd = clone_mapped(l->lower[0], userns_fd, MOUNT_CLONE_ONE, err);
		return r->mount_fd < 0 ? r->mount_fd : 0;
	}
	/* One more: rootfs_add_layer(). */
	r->layer_fds = xcalloc(n + 1, sizeof(*r->layer_fds));
	for (size_t i = 0; i < n; i++) {
		r->layer_fds[i] = clone_mapped(l->lower[i], userns_fd, MOUNT_CLONE_ONE, err);
		if (r->layer_fds[i] < 0)
			return r->layer_fds[i];
		r->n_layers++;
	}
	r->n_data_layers = l->n_data;
	r->options = take_ptr(&l->options);
	r->kind = ROOTFS_OVERLAY;
	return l->upper ? prepare_upper(r, l, userns_fd, err) : 0;
}

/*
 * Not "who owns it, roughly", but: is the top owned by the very host id of this
 * container's root?
 */
int rootfs_is_shifted(const char *path, const struct idmap *map, struct error *err)
{
	uint32_t root = idmap_to_outside(&map->uids, 0);
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, errno, "stat the root file system %s", path);
	return root != 0 && root != IDMAP_NONE && st.st_uid == root;
}

static int prepare_plain(struct rootfs *r, enum rootfs_kind kind, int userns_fd,
			 struct error *err)
{
	int e;

	r->kind = kind;
	if (kind == ROOTFS_IDMAPPED) {
		r->mount_fd = clone_mapped(r->path, userns_fd, MOUNT_CLONE_RECURSIVE, err);
		return r->mount_fd < 0 ? r->mount_fd : 0;
	}
	r->mount_fd = mount_clone(AT_FDCWD, r->path, MOUNT_CLONE_RECURSIVE);
	if (r->mount_fd < 0)
		return error_errno(err, -r->mount_fd, "clone the root file system %s", r->path);
	e = mount_set_propagation(r->mount_fd, MS_PRIVATE, MOUNT_CLONE_RECURSIVE);
	return e < 0 ? error_errno(err, -e, "make the root file system private") : 0;
}

static int prepare(struct rootfs *r, const char *path, int userns_fd, const struct idmap *map,
		   unsigned int flags, struct error *err)
{
	_cleanup_(layers_done) struct layers l = {0};
	int e;

	r->path = realpath(path, NULL);
	if (!r->path)
		return error_errno(err, errno, "the root file system %s", path);
	if (flags & ROOTFS_MAYBE_SHIFTED) {
		e = rootfs_is_shifted(r->path, map, err);
		if (e != 0)
			return e < 0 ? e : prepare_plain(r, ROOTFS_SHIFTED, userns_fd, err);
	}
	e = layers_read(&l, r->path, err);
	if (e <= 0)
		return e < 0 ? e : prepare_overlay(r, &l, userns_fd, err);
	return prepare_plain(r, ROOTFS_IDMAPPED, userns_fd, err);
}

int rootfs_prepare(struct rootfs *ret, const char *path, int userns_fd, const struct idmap *map,
		   unsigned int flags, struct error *err)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY;
	int e = prepare(&r, path, userns_fd, map, flags, err);

	if (e < 0)
		return e;
	*ret = r;
	r = (struct rootfs)ROOTFS_EMPTY;
	return 0;
}

/*
 * fsuid and fsgid := the container's root, or 0 again, with the file-system capabilities
 * kept.
 */
static int become_fsroot(uid_t uid, gid_t gid, struct error *err)
{
	int r;

	setfsgid(gid);
	setfsuid(uid);
	r = caps_raise(fs_caps);
	return r < 0 ? error_errno(err, -r, "raise the file-system capabilities") : 0;
}

/* "lowerdir=0:1:2[::3],upperdir=u/diff,workdir=u/sysbox-work,index=off,..." */
static char *overlay_options(const struct rootfs *r)
{
	_cleanup_strbuf_ struct strbuf o = STRBUF_EMPTY;
	size_t first_data = r->n_layers - r->n_data_layers;

	strbuf_adds(&o, "lowerdir=");
	for (size_t i = 0; i < r->n_layers; i++)
		strbuf_addf(&o, "%s%zu", i == 0 ? "" : i >= first_data ? "::" : ":", i);
	if (r->upper_fd >= 0)
		strbuf_addf(&o, ",upperdir=u/%s,workdir=u/" ROOTFS_WORK ",index=off",
			    r->upper_name);
	strbuf_adds(&o, r->options);
	return strbuf_take(&o);
}

static int attach_layer(int fd, int dirfd, const char *name, struct error *err)
{
	int r;

	if (mkdirat(dirfd, name, 0700) < 0)
		return error_errno(err, errno, "make the mount point of layer %s", name);
	r = mount_attach(fd, dirfd, name);
	return r < 0 ? error_errno(err, -r, "attach layer %s", name) : 0;
}

static int attach_layers(const struct rootfs *r, int dirfd, struct error *err)
{
	char name[24];
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->n_layers; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		e = attach_layer(r->layer_fds[i], dirfd, name, err);
	}
	if (e == 0 && r->upper_fd >= 0)
		e = attach_layer(r->upper_fd, dirfd, "u", err);
	return e;
}

/* mount(2) with relative names: the working directory is the layers' directory. */
static int mount_overlay_here(const struct rootfs *r, const struct idmap *map,
			      struct error *err)
{
	_cleanup_free_ char *options = overlay_options(r);
	int e, ret = 0;

	e = become_fsroot(idmap_to_outside(&map->uids, 0), idmap_to_outside(&map->gids, 0),
			  err);
	if (e < 0)
		return e;
	if (mount("overlay", "../root", "overlay", 0, options) < 0)
		ret = error_errno(err, errno, "mount the overlay of %s (%s)", r->path, options);
	e = become_fsroot(0, 0, err);
	return ret < 0 ? ret : e;
}

static int rootfs_mount_overlay(const struct rootfs *r, int scratch_fd, const struct idmap *map,
				struct error *err)
{
	_cleanup_close_ int layers_fd = -EBADF;
	int e;

	if (mkdirat(scratch_fd, "layers", 0755) < 0)
		return error_errno(err, errno, "make the directory of the layers");
	layers_fd = openat(scratch_fd, "layers", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (layers_fd < 0)
		return error_errno(err, errno, "open the directory of the layers");
	e = attach_layers(r, layers_fd, err);
	if (e < 0)
		return e;
	if (fchdir(layers_fd) < 0)
		return error_errno(err, errno, "enter the directory of the layers");
	return mount_overlay_here(r, map, err);
}

int rootfs_mount(const struct rootfs *r, int scratch_fd, const struct idmap *map,
		 struct error *err)
{
	int e;

	if (mkdirat(scratch_fd, "root", 0755) < 0)
		return error_errno(err, errno, "make the directory of the root");
	switch (r->kind) {
	case ROOTFS_OVERLAY:
		return rootfs_mount_overlay(r, scratch_fd, map, err);
	case ROOTFS_IDMAPPED:
	case ROOTFS_SHIFTED:
		e = mount_attach(r->mount_fd, scratch_fd, "root");
		return e < 0 ? error_errno(err, -e, "attach the root file system") : 0;
	}
	return error_set(err, EINVAL, "unknown kind of root file system");
}
