/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Mounts travel as descriptors: the parent opens every source on the host as a
 * detached clone; the child attaches. No path of the host is looked up after
 * the pivot, no path of the container before it, and every path of the
 * container is resolved inside its root, in the plan's order, so that a later
 * mount sees what an earlier one put in its way (CVE-2021-30465).
 *
 * Lock flags, not positions. When a mount namespace is copied into a less
 * privileged user namespace, each mount's read-only, nosuid, nodev and noexec
 * flags are locked, and the mount itself is locked into its place. A *clone* of
 * such a mount keeps the locked flags and is free to move. So a restricted bind
 * is first attached in the base, out of sight, copied with the namespace, and
 * then a clone of it is attached where it belongs: root inside can unmount or
 * cover it, but never make it writable.
 *
 * A mount made by host root for the container (procfs, sysfs, /dev) is not
 * copied: it arrives as a detached descriptor and stays without locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "lib/userns.h"
#include "src/do.h"
#include "src/plan.h"

static const uint64_t restrictive =
	MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

static unsigned int clone_flags(const struct plan_mount *m)
{
	return m->flags & PLAN_MOUNT_RECURSIVE ? MOUNT_CLONE_RECURSIVE : MOUNT_CLONE_ONE;
}

/* ------------------------------------------------------------------ parent: open */

/*
 * The tree holds file systems that cannot be id-mapped: map those that can, one
 * by one, and leave the others as they are (a /proc below a bind of "/").
 */
static void idmap_submounts(const struct plan_mount *m, int tree, int userns_fd)
{
	_cleanup_free_ char *source = path_clean(m->source);
	struct mountinfo **all = NULL;
	size_t n = 0;

	if (mountinfo_all(&all, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *target = all[i]->target;
		struct mount_attr attr = {
			.attr_set = MOUNT_ATTR_IDMAP,
			.userns_fd = (uint64_t)userns_fd,
		};
		const char *relative;

		if (!path_has_prefix(target, source) || str_eq(target, source))
			continue;
		relative = target + (str_eq(source, "/") ? 1 : strlen(source) + 1);
		if (mount_setattr(tree, relative, AT_SYMLINK_NOFOLLOW, &attr, sizeof(attr)) < 0)
			log_debug("%s: %s (%s) is not id-mapped: %s", m->target, target,
				  all[i]->fstype, strerror(errno));
	}
	mountinfo_free_all(all, n);
}

static bool is_owned_by_range(const struct stat *st, const struct idmap *map)
{
	return idmap_to_inside(&map->uids, st->st_uid) != IDMAP_NONE && st->st_uid != 0;
}

/* As with every other runtime: what the engine gave to the range is the container's. */
static bool is_shifted(const struct plan_mount *m, int tree, const struct idmap *map)
{
	struct stat st;

	return m->flags & PLAN_MOUNT_MAYBE_SHIFTED && fstat(tree, &st) == 0 &&
	       is_owned_by_range(&st, map);
}

static int refuse(const struct plan_mount *m, struct error *err)
{
	_cleanup_(mountinfo_freep) struct mountinfo *mi = NULL;

	(void)mountinfo_of(m->source, &mi);
	return error_set(
		err, EINVAL,
		"cannot mount %s at %s with the container's ids: its file system (%s) does not "
		"support id-mapped mounts. Move the data to ext4, xfs, btrfs or tmpfs, or set "
		"SYSBOX_SKIP_UID_SHIFT=%s to mount it with the host's ids",
		m->source, m->target, mi ? mi->fstype : "unknown", m->target);
}

/* The file system said no. */
static int fall_back(const struct plan_mount *m, int *tree, const struct idmap *map,
		     int userns_fd, struct error *err)
{
	struct stat st;

	if (fstat(*tree, &st) < 0)
		return error_errno(err, errno, "stat %s", m->source);
	if (is_owned_by_range(&st, map)) {
		log_debug("%s: owned by the container's range already", m->target);
		return 0;
	}
	if (S_ISREG(st.st_mode) && st.st_size <= DO_MOUNTS_COPY_MAX) {
		int copy = do_mounts_copy_file(m, &st, map, err);

		if (copy < 0)
			return copy;
		fd_close(*tree);
		*tree = copy;
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		log_debug("%s: a node or socket, mounted with the host's ids", m->target);
		return 0;
	}
	if (m->flags & PLAN_MOUNT_RECURSIVE && mount_set_idmap(*tree, userns_fd, 0) == 0) {
		idmap_submounts(m, *tree, userns_fd);
		return 0;
	}
	return refuse(m, err);
}

static int idmap_bind(const struct plan_mount *m, int *tree, const struct idmap *map,
		      int userns_fd, struct error *err)
{
	_cleanup_close_ int own = -EBADF;
	unsigned int flags = clone_flags(m);
	int r;

	if (m->flags & PLAN_MOUNT_NO_IDMAP || is_shifted(m, *tree, map))
		return 0;
	if (m->flags & PLAN_MOUNT_OWN_IDMAP) {
		own = userns_open(&m->idmap);
		if (own < 0)
			return error_errno(err, -own, "make the id mapping of %s", m->target);
		userns_fd = own;
		if (!(m->flags & PLAN_MOUNT_REC_IDMAP))
			flags = MOUNT_CLONE_ONE;
	}
	r = mount_set_idmap(*tree, userns_fd, flags);
	/*
	 * EPERM: id-mapped already (by the engine), or a file system of another user
	 * namespace.
	 */
	if (r == 0)
		return 0;
	log_debug("%s: id mapping of %s refused: %s", m->target, m->source, strerror(-r));
	if (m->flags & PLAN_MOUNT_OWN_IDMAP)
		return error_errno(err, -r, "id-map %s as the specification asks", m->source);
	return fall_back(m, tree, map, userns_fd, err);
}

/*
 * A shared bind of the host must not carry the container's mounts out to the
 * host: it becomes a peer group of its own that receives from the host's.
 */
static int set_bind_propagation(const struct plan_mount *m, int tree, struct error *err)
{
	unsigned int flags = clone_flags(m);
	uint64_t want = m->propagation & ~(uint64_t)MS_REC;
	int r;

	r = mount_set_propagation(
		tree, want == MS_SHARED || want == MS_SLAVE ? MS_SLAVE : MS_PRIVATE, flags);
	if (r == 0 && want == MS_SHARED)
		r = mount_set_propagation(tree, MS_SHARED, flags);
	return r < 0 ? error_errno(err, -r, "set the propagation of %s", m->target) : 0;
}

static int set_attrs(const struct plan_mount *m, int fd, struct error *err)
{
	int r = 0;

	if (m->rec_attr_set || m->rec_attr_clear)
		r = mount_set_attr(fd, m->rec_attr_set, m->rec_attr_clear,
				   MOUNT_CLONE_RECURSIVE);
	if (r == 0 && (m->attr_set || m->attr_clear))
		r = mount_set_attr(fd, m->attr_set, m->attr_clear, 0);
	return r < 0 ? error_errno(err, -r, "set the attributes of %s", m->target) : 0;
}

static int open_bind(const struct plan_mount *m, const struct idmap *map, int userns_fd,
		     struct error *err)
{
	_cleanup_close_ int tree = mount_clone(AT_FDCWD, m->source, clone_flags(m));
	int r;

	if (tree < 0)
		return error_errno(err, -tree, "bind source path %s of %s", m->source,
				   m->target);
	r = set_bind_propagation(m, tree, err);
	if (r == 0)
		r = idmap_bind(m, &tree, map, userns_fd, err);
	if (r == 0)
		r = set_attrs(m, tree, err);
	return r < 0 ? r : take_fd(&tree);
}

int do_mounts_open(const struct plan *p, const struct idmap *map, int userns_fd, int *fds,
		   struct error *err)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		fds[i] = -EBADF;
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct plan_mount *m = &p->mounts[i];

		if (m->kind != PLAN_MOUNT_BIND)
			continue;
		fds[i] = open_bind(m, map, userns_fd, err);
		if (fds[i] >= 0)
			continue;
		if (!(m->flags & PLAN_MOUNT_OPTIONAL))
			return fds[i];
		log_debug("%s is left out: %s", m->target, err->text);
	}
	return 0;
}

int do_mounts_kernel_fs(const struct plan *p, int *ret_proc, int *ret_sys, struct error *err)
{
	struct mount_new proc = {.fstype = "proc", .source = "proc"};
	struct mount_new sys = {.fstype = "sysfs", .source = "sysfs"};
	_cleanup_close_ int proc_fd = -EBADF, sys_fd = -EBADF;
	char msg[256] = "";

	proc.attrs = sys.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == PLAN_MOUNT_PROC && !proc.options)
			proc.options = p->mounts[i].data;
	proc_fd = mount_make(&proc, msg, sizeof(msg));
	if (proc_fd < 0)
		return error_errno(err, -proc_fd, "make the container's procfs %s", msg);
	sys_fd = mount_make(&sys, msg, sizeof(msg));
	if (sys_fd < 0)
		return error_errno(err, -sys_fd, "make the container's sysfs %s", msg);
	*ret_proc = take_fd(&proc_fd);
	*ret_sys = take_fd(&sys_fd);
	return 0;
}

/* ------------------------------------------------------------------ builder: lock */

static bool needs_lock(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_BIND && (m->attr_set | m->rec_attr_set) & restrictive;
}

/* The hidden place of mount number i, relative to the base. */
static void lock_name(char name[32], size_t i)
{
	(void)snprintf(name, 32, "m/%zu", i);
}

int do_mounts_lock(const struct plan *p, const int *fds, struct error *err)
{
	char name[32];

	if (mkdir("m", 0755) < 0)
		return error_errno(err, errno, "make the directory of locked mounts");
	for (size_t i = 0; i < p->n_mounts; i++) {
		_cleanup_close_ int target = -EBADF;
		struct stat st;
		int r;

		if (fds[i] < 0 || !needs_lock(&p->mounts[i]))
			continue;
		lock_name(name, i);
		if (fstat(fds[i], &st) < 0)
			return error_errno(err, errno, "stat the source of %s",
					   p->mounts[i].target);
		target = path_mountpoint_in_root(AT_FDCWD, name, st.st_mode, (uid_t)-1,
						 (gid_t)-1);
		r = target < 0 ? target : mount_attach(fds[i], target, "");
		if (r < 0)
			return error_errno(err, -r, "lock %s", p->mounts[i].target);
	}
	return 0;
}

/* ------------------------------------------------------------------ init: attach */

/*
 * The place to mount at, made if missing. "/" may be read-only by now; its
 * missing directories are made through the writable clone.
 */
int do_mounts_target(const struct do_mounts *m, const char *target, mode_t type)
{
	int fd = path_mountpoint_in_root(m->root_fd, target, type, (uid_t)-1, (gid_t)-1);

	if (fd != -EROFS || m->writable_fd < 0)
		return fd;
	fd = path_mountpoint_in_root(m->writable_fd, target, type, (uid_t)-1, (gid_t)-1);
	if (fd < 0)
		return fd;
	fd_close(fd);
	return path_open_in_root(m->root_fd, target, O_PATH | O_CLOEXEC);
}

/*
 * Where a later mount needs its mount point, read-only comes last: see
 * make_readonly_late().
 */
static bool is_readonly_late(const struct plan_mount *pm)
{
	if (!(pm->attr_set & MOUNT_ATTR_RDONLY))
		return false;
	return pm->kind == PLAN_MOUNT_DEV ||
	       (pm->kind == PLAN_MOUNT_FS && str_eq(pm->fstype, "tmpfs"));
}

static uint64_t attrs_now(const struct plan_mount *pm)
{
	return is_readonly_late(pm) ? pm->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY
				    : pm->attr_set;
}

static int attach_at(const struct do_mounts *m, const struct plan_mount *pm, int mount_fd,
		     mode_t type, struct error *err)
{
	_cleanup_close_ int target = do_mounts_target(m, pm->target, type);
	int r = target < 0 ? target : mount_attach(mount_fd, target, "");

	return r < 0 ? error_errno(err, -r, "mount %s at %s",
				   pm->source ? pm->source : pm->fstype, pm->target)
		     : 0;
}

static int attach_bind(const struct do_mounts *m, size_t i, struct error *err)
{
	const struct plan_mount *pm = &m->plan->mounts[i];
	_cleanup_close_ int locked = -EBADF;
	int fd = m->fds[i];
	char name[32];
	struct stat st;

	if (fd < 0)
		return 0; /* optional, and absent */
	if (needs_lock(pm)) {
		lock_name(name, i);
		locked = mount_clone(AT_FDCWD, name, clone_flags(pm));
		if (locked < 0)
			return error_errno(err, -locked, "clone the locked mount of %s",
					   pm->target);
		fd = locked;
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat the source of %s", pm->target);
	return attach_at(m, pm, fd, st.st_mode, err);
}

static int set_propagation(const struct plan_mount *pm, int fd, struct error *err)
{
	uint64_t want = pm->propagation & ~(uint64_t)MS_REC;
	int r = want ? mount_set_propagation(
			       fd, want, pm->propagation & MS_REC ? MOUNT_CLONE_RECURSIVE : 0)
		     : 0;

	return r < 0 ? error_errno(err, -r, "set the propagation of %s", pm->target) : 0;
}

/* A tmpfs that names no mode has that of the directory which it covers, as with runc. */
static char *tmpfs_options(const struct do_mounts *m, const struct plan_mount *pm)
{
	_cleanup_close_ int fd = path_open_in_root(m->root_fd, pm->target, O_PATH | O_CLOEXEC);
	struct stat st;

	if ((pm->data && strstr(pm->data, "mode=")) || fd < 0 || fstat(fd, &st) < 0)
		return xstrdup(pm->data);
	return xasprintf("%s%smode=%o", pm->data ? pm->data : "", pm->data ? "," : "",
			 st.st_mode & 07777);
}

static int attach_new(const struct do_mounts *m, const struct plan_mount *pm, struct error *err)
{
	struct mount_new new = {
		.fstype = pm->fstype,
		.source = pm->source,
		.options = pm->data,
		.sb_flags = pm->sb_flags,
		.attrs = attrs_now(pm),
	};
	_cleanup_free_ char *options = NULL;
	_cleanup_close_ int fd = -EBADF;
	char msg[256] = "";
	int r;

	if (str_eq(pm->fstype, "tmpfs"))
		new.options = options = tmpfs_options(m, pm);
	fd = mount_make(&new, msg, sizeof(msg));
	if (fd < 0)
		return error_errno(err, -fd, "mount %s at %s%s%s", pm->fstype, pm->target,
				   *msg ? ": " : "", msg);
	r = attach_at(m, pm, fd, S_IFDIR, err);
	return r < 0 ? r : set_propagation(pm, fd, err);
}

/*
 * An image whose /proc leads elsewhere would have programs, and the masks, look at
 * something that is no procfs (CVE-2019-19921, CVE-2023-27561).
 */
static int check_no_symlink(const struct do_mounts *m, const struct plan_mount *pm,
			    struct error *err)
{
	_cleanup_close_ int fd =
		path_open_in_root(m->root_fd, pm->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode))
		return error_set(
			err, EINVAL,
			"%s must be mounted on ordinary directory, and %s is a symlink",
			pm->fstype, pm->target);
	return 0;
}

/* procfs and sysfs: one more mount of the clean one, which lies at `name` in the base. */
static int attach_kernel_fs(const struct do_mounts *m, const struct plan_mount *pm,
			    const char *name, struct error *err)
{
	_cleanup_close_ int fd = mount_clone(AT_FDCWD, name, MOUNT_CLONE_ONE);
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "clone the mount of %s", pm->target);
	r = check_no_symlink(m, pm, err);
	if (r == 0)
		r = set_attrs(pm, fd, err);
	if (r == 0)
		r = attach_at(m, pm, fd, S_IFDIR, err);
	return r < 0 ? r : set_propagation(pm, fd, err);
}

static int attach_dev(const struct do_mounts *m, const struct plan_mount *pm, struct error *err)
{
	int r = mount_set_attr(m->dev_fd, attrs_now(pm), pm->attr_clear, 0);

	if (r < 0)
		return error_errno(err, -r, "set the attributes of %s", pm->target);
	r = attach_at(m, pm, m->dev_fd, S_IFDIR, err);
	return r < 0 ? r : set_propagation(pm, m->dev_fd, err);
}

static int remount(const struct do_mounts *m, const struct plan_mount *pm, struct error *err)
{
	_cleanup_close_ int fd = path_open_in_root(m->root_fd, pm->target, O_PATH | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "remount %s", pm->target);
	r = set_attrs(pm, fd, err);
	return r < 0 ? r : set_propagation(pm, fd, err);
}

static int attach_one(const struct do_mounts *m, size_t i, struct error *err)
{
	const struct plan_mount *pm = &m->plan->mounts[i];

	switch (pm->kind) {
	case PLAN_MOUNT_BIND:
		return attach_bind(m, i, err);
	case PLAN_MOUNT_FS:
		return pm->flags & PLAN_MOUNT_COPYUP ? do_mounts_copyup(m, pm, err)
						     : attach_new(m, pm, err);
	case PLAN_MOUNT_PROC:
		return attach_kernel_fs(m, pm, "proc", err);
	case PLAN_MOUNT_SYSFS:
		return attach_kernel_fs(m, pm, "sys", err);
	case PLAN_MOUNT_DEV:
		return attach_dev(m, pm, err);
	case PLAN_MOUNT_CGROUP:
		return do_mounts_cgroup(m, pm, err);
	case PLAN_MOUNT_REMOUNT:
		return remount(m, pm, err);
	}
	return 0;
}

/*
 * A clean procfs and sysfs under the root. The kernel lets a user namespace mount
 * a fresh one only if its mount namespace holds one that nothing covers
 * ("mount too revealing"); over-mounts of single files spoil the visible ones.
 * These lie in the base, below the mount that every process has as its root: in
 * the namespace, and out of reach of any path.
 */
static int attach_pristine(int fd, const char *name, struct error *err)
{
	int r = mount_attach(fd, AT_FDCWD, name);

	return r < 0 ? error_errno(err, -r, "keep a clean %s for nesting", name) : 0;
}

/* What we added ourselves may fail: it is left out. */
static int optional(const struct plan_mount *pm, int r, const struct error *err)
{
	if (r >= 0 || !(pm->flags & PLAN_MOUNT_OPTIONAL))
		return r;
	log_debug("%s is left out: %s", pm->target, err->text);
	return 0;
}

int do_mounts_attach(const struct do_mounts *m, struct error *err)
{
	int r = attach_pristine(m->proc_fd, "proc", err);

	if (r == 0)
		r = attach_pristine(m->sys_fd, "sys", err);
	for (size_t i = 0; r == 0 && i < m->plan->n_mounts; i++)
		r = optional(&m->plan->mounts[i], attach_one(m, i, err), err);
	return r;
}

/* ------------------------------------------------------------------ init: mask */

/* The one empty directory for all masks, at DO_MOUNTS_EMPTY in the base. */
static int attach_empty(struct error *err)
{
	const struct mount_new empty = {
		.fstype = "tmpfs",
		.source = "tmpfs",
		.options = "size=0k,nr_inodes=2",
		.sb_flags = MS_RDONLY,
		.attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			 MOUNT_ATTR_NOEXEC,
	};
	_cleanup_close_ int fd = mount_make(&empty, NULL, 0);
	int r = fd < 0 ? fd : mount_attach(fd, AT_FDCWD, DO_MOUNTS_EMPTY);

	return r < 0 ? error_errno(err, -r, "mount the empty directory of the masks") : 0;
}

/* A file is covered by /dev/null, a directory by an empty one. */
static int mask_path(const struct do_mounts *m, const char *path, struct error *err)
{
	_cleanup_close_ int target = path_open_in_root(m->root_fd, path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return error_errno(err, target < 0 ? -target : errno, "mask %s", path);
	fd = S_ISDIR(st.st_mode) ? mount_clone(AT_FDCWD, DO_MOUNTS_EMPTY, MOUNT_CLONE_ONE)
				 : mount_clone(m->dev_fd, "null", MOUNT_CLONE_ONE);
	r = fd < 0 ? fd : mount_attach(fd, target, "");
	return r < 0 ? error_errno(err, -r, "mask %s", path) : 0;
}

static int readonly_path(const struct do_mounts *m, const char *path, struct error *err)
{
	_cleanup_close_ int target = path_open_in_root(m->root_fd, path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0)
		return error_errno(err, -target, "make %s read-only", path);
	fd = mount_clone(target, "", MOUNT_CLONE_RECURSIVE);
	r = fd < 0 ? fd : mount_set_attr(fd, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		return error_errno(err, -r, "make %s read-only", path);
	r = mount_attach(fd, target, "");
	return r < 0 ? error_errno(err, -r, "make %s read-only", path) : 0;
}

/* Nothing more is mounted on it, and the hooks and the terminal have had their turn. */
static int make_readonly_late(const struct do_mounts *m, const struct plan_mount *pm,
			      struct error *err)
{
	_cleanup_close_ int fd = path_open_in_root(m->root_fd, pm->target, O_PATH | O_CLOEXEC);
	int r = fd < 0 ? fd : mount_set_attr(fd, MOUNT_ATTR_RDONLY, 0, 0);

	if (r < 0 && pm->flags & PLAN_MOUNT_OPTIONAL)
		return 0; /* it was left out */
	return r < 0 ? error_errno(err, -r, "make %s read-only", pm->target) : 0;
}

/* What another mount covers is out of reach. */
static bool is_covered(const struct plan *p, size_t i)
{
	for (size_t j = i + 1; j < p->n_mounts; j++)
		if (str_eq(p->mounts[j].target, p->mounts[i].target))
			return true;
	return false;
}

int do_mounts_mask(const struct do_mounts *m, struct error *err)
{
	const struct plan *plan = m->plan;
	int r = plan->masked_paths ? attach_empty(err) : 0;

	for (size_t i = 0; r == 0 && i < plan->n_mounts; i++)
		if (is_readonly_late(&plan->mounts[i]) && !is_covered(plan, i))
			r = optional(&plan->mounts[i],
				     make_readonly_late(m, &plan->mounts[i], err), err);
	for (char **p = m->plan->readonly_paths; r == 0 && p && *p; p++)
		r = readonly_path(m, *p, err);
	for (char **p = m->plan->masked_paths; r == 0 && p && *p; p++)
		r = mask_path(m, *p, err);
	return r;
}
