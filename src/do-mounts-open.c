/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's part: what only the host's namespaces show, as detached mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

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
	unsigned int flags = do_mounts_clone_flags(m);
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
	unsigned int flags = do_mounts_clone_flags(m);
	uint64_t want = m->propagation & ~(uint64_t)MS_REC;
	int r;

	r = mount_set_propagation(
		tree, want == MS_SHARED || want == MS_SLAVE ? MS_SLAVE : MS_PRIVATE, flags);
	if (r == 0 && want == MS_SHARED)
		r = mount_set_propagation(tree, MS_SHARED, flags);
	return r < 0 ? error_errno(err, -r, "set the propagation of %s", m->target) : 0;
}

static int open_bind(const struct plan_mount *m, const struct idmap *map, int userns_fd,
		     struct error *err)
{
	_cleanup_close_ int tree = mount_clone(AT_FDCWD, m->source, do_mounts_clone_flags(m));
	int r;

	if (tree < 0)
		return error_errno(err, -tree, "bind source path %s of %s", m->source,
				   m->target);
	r = set_bind_propagation(m, tree, err);
	if (r == 0)
		r = idmap_bind(m, &tree, map, userns_fd, err);
	if (r == 0)
		r = do_mounts_set_attrs(m, tree, err);
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
