/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The same rows as in the system container's own /proc and /sys (src/do-emul.c), by the same
 * rules (lib/emul-place.h), with three differences: a text's view is chosen by name; the
 * clones are made before the rights are given up, so some turn out not to be needed; and what
 * was attached must be found again, to be detached.
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

static struct overmount *add(struct overmounts *o, const struct emul_file *f, const char *path,
			     int fd)
{
	struct overmount *m = array_add((void **)&o->v, &o->n, sizeof(*m));

	*m = (struct overmount){.file = f, .path = xstrdup(path), .fd = fd};
	return m;
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

struct cloning {
	struct overmounts *ret;
	const struct overmount_source *source;
	bool is_readonly;
};

static void clone_cover(void *arg, const char *path)
{
	const struct cloning *c = arg;
	const struct emul_file *cover = emul_cover(c->source->groups);

	add(c->ret, cover, path, clone_row(c->source, cover, c->is_readonly));
}

/*
 * Directories other than mirrors may turn out not to be needed, so their files are cloned,
 * too.
 */
void overmounts_clone(struct overmounts *ret, const struct overmount_source *s,
		      enum overmount_kind kind, bool is_readonly)
{
	struct cloning c = {ret, s, is_readonly};

	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		const char *path = path_in(f->path, kind);

		if (path && emul_has_place(f, s->groups) && !emul_is_in_mirror(f, s->groups))
			add(ret, f, path, clone_row(s, f, is_readonly));
	}
	if (emul_cover(s->groups))
		emul_each_hidden(prefix_of(kind), kind == OVERMOUNT_PROC ? "/" PROC : "/" SYS,
				 clone_cover, &c);
}

/* ------------------------------------------------------------------ attaching */

void overmounts_drop_namespaced(struct overmounts *o, int instance_fd)
{
	for (size_t i = 0; i < o->n; i++)
		if (path_in(o->v[i].file->path, OVERMOUNT_PROC) &&
		    emul_is_kernels(o->v[i].file, instance_fd))
			o->v[i].fd = fd_close(o->v[i].fd);
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

/* Clone first: what is detached can then be put back as it was, with what is mounted on it. */
static int take_off_one(struct overmounts *o, const struct emul_file *f, const char *path)
{
	_cleanup_close_ int fd = mount_clone(AT_FDCWD, path, MOUNT_CLONE_RECURSIVE);

	if (fd < 0)
		return fd;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return -errno;
	add(o, f, path, take_fd(&fd));
	return 0;
}

struct taking_off {
	struct overmounts *ret;
	const struct emul_file *file;
	const uint64_t *devs;
	int r;
};

static void take_off_ours(void *arg, const char *path)
{
	struct taking_off *t = arg;
	struct statx st;

	if (t->r < 0 || !path || stat_at(AT_FDCWD, path, &st) < 0 || !is_ours(&st, t->devs))
		return;
	t->r = take_off_one(t->ret, t->file, path);
}

int overmounts_take_off(struct overmounts *ret, int instance_fd, enum overmount_kind kind,
			const uint64_t devs[2])
{
	struct taking_off t = {ret, NULL, devs, fchdir(instance_fd) < 0 ? -errno : 0};

	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; i < n_emul_files; i++) {
		t.file = &emul_files[i];
		take_off_ours(&t, path_in(t.file->path, kind));
	}
	t.file = emul_cover(EMUL_ALL);
	emul_each_hidden(prefix_of(kind), "", take_off_ours, &t);
	return t.r;
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
