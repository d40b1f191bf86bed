/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to do when nothing more is mounted: read-only and masked paths. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

bool do_mounts_is_readonly_late(const struct plan_mount *pm)
{
	if (!(pm->attr_set & MOUNT_ATTR_RDONLY))
		return false;
	return pm->kind == PLAN_MOUNT_DEV ||
	       (pm->kind == PLAN_MOUNT_FS && str_eq(pm->fstype, "tmpfs"));
}

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
		if (do_mounts_is_readonly_late(&plan->mounts[i]) && !is_covered(plan, i))
			r = make_readonly_late(m, &plan->mounts[i], err);
	for (char **p = m->plan->readonly_paths; r == 0 && p && *p; p++)
		r = readonly_path(m, *p, err);
	for (char **p = m->plan->masked_paths; r == 0 && p && *p; p++)
		r = mask_path(m, *p, err);
	return r;
}
