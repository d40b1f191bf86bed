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

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

static const uint64_t restrictive =
	MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

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

static uint64_t attrs_now(const struct plan_mount *pm)
{
	return do_mounts_is_readonly_late(pm) ? pm->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY
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
		locked = mount_clone(AT_FDCWD, name, do_mounts_clone_flags(pm));
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
		r = do_mounts_set_attrs(pm, fd, err);
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
	r = do_mounts_set_attrs(pm, fd, err);
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
