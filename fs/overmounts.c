/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The same rows as in the system container's own /proc and /sys (src/do-emul.c), by the same
 * rules (lib/emul-place.h), with three differences: a text's view is chosen by name; clones may
 * be made before the rights are given up, so some turn out not to be needed; and what was
 * attached must be found again, to be detached.
 */
#include "fs/overmounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"

#define PROC "proc/"
#define SYS  "sys/"
/* The inode of the root of procfs (PROC_ROOT_INO); that of sysfs is 1, too. */
#define ROOT_INO 1

static int stat_at(int dirfd, const char *path, struct statx *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	if (!*path)
		flags |= AT_EMPTY_PATH;
	return statx(dirfd, path, flags, STATX_INO | STATX_TYPE, ret) < 0 ? -errno : 0;
}

static uint64_t dev_of(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}

uint64_t overmount_dev(int fd)
{
	struct statx st;

	return stat_at(fd, "", &st) < 0 ? 0 : dev_of(&st);
}

static bool is_ours(const struct statx *st, const uint64_t devs[2])
{
	return st->stx_attributes & STATX_ATTR_MOUNT_ROOT &&
	       (dev_of(st) == devs[0] || dev_of(st) == devs[1]);
}

bool overmount_is_ours(int fd, const uint64_t devs[2])
{
	struct statx st;

	return stat_at(fd, "", &st) == 0 && is_ours(&st, devs);
}

enum overmount_kind overmount_kind_of(int fd)
{
	struct statfs fs;
	struct statx st;

	if (fstatfs(fd, &fs) < 0 || (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC))
		return OVERMOUNT_NONE;
	if (stat_at(fd, "", &st) < 0 || st.stx_ino != ROOT_INO ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return OVERMOUNT_NONE;
	return fs.f_type == PROC_SUPER_MAGIC ? OVERMOUNT_PROC : OVERMOUNT_SYS;
}

void overmounts_done(struct overmounts *o)
{
	for (size_t i = 0; i < o->n; i++) {
		fd_close(o->v[i].fd);
		free(o->v[i].path);
	}
	free(o->v);
	*o = (struct overmounts)OVERMOUNTS_EMPTY;
}

static const char *prefix_of(enum overmount_kind kind)
{
	return kind == OVERMOUNT_PROC ? PROC : SYS;
}

/* The path relative to the instance, or NULL: it belongs to the other kind. */
static const char *path_in(const char *path, enum overmount_kind kind)
{
	const char *prefix = prefix_of(kind);

	return str_has_prefix(path, prefix) ? path + strlen(prefix) : NULL;
}

static void add(struct overmounts *o, const struct emul_file *f, const char *path, int fd)
{
	struct overmount *m = array_add((void **)&o->v, &o->n, sizeof(*m));

	*m = (struct overmount){.file = f, .path = xstrdup(path), .fd = fd};
}

/* ------------------------------------------------------------------ listing */

struct listing {
	struct overmounts *ret;
	const struct emul_file *cover;
};

static void list_cover(void *arg, const char *path)
{
	const struct listing *l = arg;

	add(l->ret, l->cover, path, -EBADF);
}

static bool is_listed(const struct emul_file *f, const struct overmount_source *s)
{
	return !s || (emul_has_place(f, s->groups) && !emul_is_in_mirror(f, s->groups));
}

/*
 * Directories other than mirrors may turn out not to be needed, so their files are listed,
 * too.
 */
void overmounts_list(struct overmounts *ret, const struct overmount_source *s,
		     enum overmount_kind kind)
{
	struct listing l = {ret, emul_cover(s ? s->groups : EMUL_ALL)};

	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		const char *path = path_in(f->path, kind);

		if (path && is_listed(f, s))
			add(ret, f, path, -EBADF);
	}
	if (l.cover)
		emul_each_hidden(prefix_of(kind), kind == OVERMOUNT_PROC ? "/" PROC : "/" SYS,
				 list_cover, &l);
}

/* ------------------------------------------------------------------ cloning */

static bool is_sysctl(const struct emul_file *f)
{
	return f->group == EMUL_SYSCTL || f->group == EMUL_NEIGH;
}

static bool has_view(const struct emul_file *f)
{
	return f->kind == EMUL_TEXT || (f->kind == EMUL_MIRROR && !is_sysctl(f));
}

static int clone_row(const struct overmount_source *s, const struct emul_file *f,
		     bool is_readonly)
{
	char view[24] = "";
	int fd;

	if (s->view != VIEWS_OWN && has_view(f))
		(void)snprintf(view, sizeof(view), "%llu:", (unsigned long long)s->view);
	fd = emul_clone(&s->mounts, f, view);
	if (fd >= 0 && is_readonly)
		(void)mount_set_attr(fd, MOUNT_ATTR_RDONLY, 0, 0);
	return fd;
}

void overmounts_clone(struct overmounts *o, const struct overmount_source *s, bool is_readonly)
{
	for (size_t i = 0; i < o->n; i++)
		if (!o->v[i].is_left_out)
			o->v[i].fd = clone_row(s, o->v[i].file, is_readonly);
}

/* ------------------------------------------------------------------ attaching */

void overmounts_drop_namespaced(struct overmounts *o, int instance_fd)
{
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (!path_in(m->file->path, OVERMOUNT_PROC) ||
		    !emul_is_kernels(m->file, instance_fd))
			continue;
		m->is_left_out = true;
		m->fd = fd_close(m->fd);
	}
}

/*
 * May cover a file of the kernel's, or one in a directory of ours; not one that is covered
 * already.
 */
static bool may_cover(const struct statx *st, uint64_t instance_dev, const uint64_t devs[2])
{
	if (dev_of(st) == instance_dev)
		return true;
	return !(st->stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	       (dev_of(st) == devs[0] || dev_of(st) == devs[1]);
}

static int attach_one(const struct overmount *m, int instance_fd, const uint64_t devs[2])
{
	/* On a detached mount, somebody may have mounted a tree with symlinks of their own. */
	_cleanup_close_ int target =
		path_open_in_root(instance_fd, m->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;

	if (target < 0)
		return target;
	if (stat_at(target, "", &st) < 0 || !may_cover(&st, overmount_dev(instance_fd), devs))
		return -EEXIST;
	if (str_eq(m->file->path, EMUL_NOWHERE) && !emul_may_hide(st.stx_mode))
		return -EEXIST;
	return mount_attach(m->fd, target, "");
}

size_t overmounts_attach(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	_cleanup_free_ bool *is_attached = xcalloc(n_emul_files, sizeof(*is_attached));
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct overmount *m = &o->v[i];

		if (m->fd < 0 || emul_is_served(m->file, is_attached) ||
		    attach_one(m, instance_fd, devs) < 0)
			continue;
		is_attached[m->file - emul_files] = true;
		n++;
	}
	return n;
}

/* ------------------------------------------------------------------ taking off */

static bool is_attached(const struct overmount *m, const uint64_t devs[2])
{
	struct statx st;

	return stat_at(AT_FDCWD, m->path, &st) == 0 && is_ours(&st, devs);
}

/* With what is mounted on them. */
int overmounts_clone_attached(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	int n = 0;

	if (fchdir(instance_fd) < 0)
		return -errno;
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (!is_attached(m, devs))
			continue;
		m->fd = mount_clone(AT_FDCWD, m->path, MOUNT_CLONE_RECURSIVE);
		if (m->fd < 0)
			return m->fd;
		n++;
	}
	return n;
}

/* One that is on another has gone with that, and comes back with it. */
int overmounts_detach(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	int n = 0;

	if (fchdir(instance_fd) < 0)
		return -errno;
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (m->fd < 0)
			continue;
		if (is_attached(m, devs) && umount2(m->path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			n++;
		else
			m->fd = fd_close(m->fd);
	}
	return n;
}

/* ------------------------------------------------------------------ parts */

/* The path below `root`, "/sys"; NULL: it is not there. */
static const char *path_below(const char *path, const char *root)
{
	size_t len = strlen(root + 1);

	if (!path || len == 0)
		return path;
	return strncmp(path, root + 1, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* Owned, O_PATH; -ENOENT: what is there is not ours. */
static int open_ours(int dirfd, const char *path, const uint64_t devs[2])
{
	_cleanup_close_ int fd =
		path_open_in_root(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fd;
	return overmount_is_ours(fd, devs) ? take_fd(&fd) : -ENOENT;
}

void overmounts_set_readonly(int fd, const char *root, enum overmount_kind kind,
			     const uint64_t devs[2], bool is_readonly)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		const char *path = path_below(path_in(emul_files[i].path, kind), root);
		_cleanup_close_ int ours = path ? open_ours(fd, path, devs) : -ENOENT;

		if (ours >= 0)
			(void)mount_set_attr(ours, is_readonly ? MOUNT_ATTR_RDONLY : 0,
					     is_readonly ? 0 : MOUNT_ATTR_RDONLY, 0);
	}
}

struct copying {
	int from_fd, to_fd;
	const uint64_t *devs;
};

/* It keeps its flags. */
static void copy_one(void *arg, const char *path)
{
	const struct copying *c = arg;
	_cleanup_close_ int ours = open_ours(c->from_fd, path, c->devs);
	_cleanup_close_ int copy = -EBADF, target = -EBADF;

	if (ours < 0)
		return;
	copy = mount_clone(ours, "", MOUNT_CLONE_ONE);
	target = path_open_in_root(c->to_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (copy >= 0 && target >= 0)
		(void)mount_attach(copy, target, "");
}

void overmounts_copy(int from_fd, int to_fd, const char *root, enum overmount_kind kind,
		     const uint64_t devs[2])
{
	_cleanup_free_ char *prefix =
		xasprintf("%s%s%s", prefix_of(kind), root + 1, root[1] ? "/" : "");
	struct copying c = {from_fd, to_fd, devs};

	for (size_t i = 0; i < n_emul_files; i++) {
		const char *path = path_below(path_in(emul_files[i].path, kind), root);

		if (path)
			copy_one(&c, path);
	}
	if (fchdir(from_fd) == 0)
		emul_each_hidden(prefix, "", copy_one, &c);
}
