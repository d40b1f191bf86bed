/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The same rows as in the system container's own /proc and /sys (src/do-emul.c), by the same
 * rules, with three differences: whose figures a text shows is chosen by name; the clones
 * are made before the rights are given up, hence also some that are not needed then; and what
 * was attached must be found again, to be taken off.
 */
#include "fs/overmounts.h"

#include <fcntl.h>
#include <glob.h>
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
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"

#define PROC "proc/"
#define SYS  "sys/"
/* Of the root of procfs (PROC_ROOT_INO); sysfs numbers its root 1, too. */
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

/* Below the instance, or NULL: of the other one. */
static const char *path_in(const char *path, enum overmount_kind kind)
{
	const char *prefix = kind == OVERMOUNT_PROC ? PROC : SYS;

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

static bool has_view(const struct emul_file *f)
{
	return f->kind == EMUL_TEXT || (f->kind == EMUL_MIRROR && f->group != EMUL_SYSCTL);
}

static int clone_from(int dirfd, const struct overmount_source *s, const struct emul_file *f)
{
	char name[EMUL_NAME_MAX], source[EMUL_NAME_MAX + 24];

	emul_name(f, name);
	if (s->view == VIEWS_OWN || !has_view(f))
		(void)snprintf(source, sizeof(source), "%s", name);
	else
		(void)snprintf(source, sizeof(source), "%llu:%s", (unsigned long long)s->view,
			       name);
	return mount_clone(dirfd, source, MOUNT_CLONE_ONE);
}

static int clone_row(const struct overmount_source *s, const struct emul_file *f,
		     unsigned int flags)
{
	int fd = emul_is_on(f, EMUL_FAST) ? clone_from(s->fast_fd, s, f) : -ENOENT;

	if (fd == -ENOENT && emul_is_on(f, EMUL_PLAIN))
		fd = clone_from(s->plain_fd, s, f);
	if (fd >= 0 && (flags & OVERMOUNT_READONLY ||
			(flags & OVERMOUNT_READONLY_SYSCTLS && f->group == EMUL_SYSCTL)))
		(void)mount_set_attr(fd, MOUNT_ATTR_RDONLY, 0, 0);
	return fd;
}

/* A mirror serves the rows in it. Other directories may turn out to be needless. */
static bool is_in_mirror(const struct emul_file *f, unsigned int groups)
{
	const struct emul_file *dir = emul_parent(f);

	return dir && (groups & dir->group) &&
	       (dir->kind == EMUL_MIRROR || is_in_mirror(dir, groups));
}

/* One for each file that is there and that everybody may read. */
static void clone_hidden(struct overmounts *o, const struct overmount_source *s,
			 enum overmount_kind kind, unsigned int flags)
{
	const struct emul_file *empty = NULL;

	for (size_t i = 0; i < n_emul_files; i++)
		if (str_eq(emul_files[i].path, EMUL_NOWHERE))
			empty = &emul_files[i];
	if (!empty || !(s->groups & empty->group))
		return;
	for (const char *const *p = emul_hidden; *p; p++) {
		_cleanup_free_ char *pattern = xasprintf("/%s", *p);
		glob_t g = {0};

		if (path_in(*p, kind) && glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
			for (size_t i = 0; i < g.gl_pathc; i++)
				add(o, empty, path_in(g.gl_pathv[i] + 1, kind),
				    clone_row(s, empty, flags));
		globfree(&g);
	}
}

void overmounts_clone(struct overmounts *ret, const struct overmount_source *s,
		      enum overmount_kind kind, unsigned int flags)
{
	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		const char *path = path_in(f->path, kind);

		if (path && (s->groups & f->group) && !is_in_mirror(f, s->groups))
			add(ret, f, path, clone_row(s, f, flags));
	}
	clone_hidden(ret, s, kind, flags);
}

/* ------------------------------------------------------------------ attaching */

/* A read-only instance does not tell, and then nobody writes there. */
static bool is_writable(int instance_fd, const char *path)
{
	return faccessat(instance_fd, path, W_OK, AT_EACCESS) == 0 || errno == EROFS;
}

static bool is_namespaced(int instance_fd, const struct overmount *m)
{
	return m->file->kind == EMUL_VALUE && m->file->group == EMUL_SYSCTL &&
	       str_has_prefix(m->file->path, PROC) && is_writable(instance_fd, m->path);
}

/* Has the kernel one of the sysctls that this directory is to bring? */
static bool is_needless(int instance_fd, const struct overmount *m)
{
	for (size_t i = 0; m->file->kind == EMUL_DIRECTORY && i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];

		if (f->kind == EMUL_VALUE && path_has_prefix(f->path, m->file->path) &&
		    faccessat(instance_fd, path_in(f->path, OVERMOUNT_PROC), F_OK, 0) == 0)
			return true;
	}
	return false;
}

void overmounts_drop_namespaced(struct overmounts *o, int instance_fd)
{
	for (size_t i = 0; i < o->n; i++)
		if (is_namespaced(instance_fd, &o->v[i]) || is_needless(instance_fd, &o->v[i]))
			o->v[i].fd = fd_close(o->v[i].fd);
}

/* A directory that serves it was attached. */
static bool is_served(const struct overmounts *o, const struct overmount *m)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].is_attached && o->v[i].file == emul_parent(m->file))
			return true;
	return false;
}

/* Over the kernel's own, or in a directory of ours; not what is there already. */
static bool may_cover(const struct statx *st, uint64_t instance_dev, const uint64_t devs[2])
{
	if (dev_of(st) == instance_dev)
		return true;
	return !(st->stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	       (dev_of(st) == devs[0] || dev_of(st) == devs[1]);
}

static int attach_one(const struct overmount *m, int instance_fd, const uint64_t devs[2])
{
	/* On a detached mount somebody may have mounted a tree with symlinks of his own. */
	_cleanup_close_ int target =
		path_open_in_root(instance_fd, m->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;

	if (target < 0)
		return target;
	if (stat_at(target, "", &st) < 0 || !may_cover(&st, overmount_dev(instance_fd), devs))
		return -EEXIST;
	/* Of what is hidden, only files that everybody may read. */
	if (str_eq(m->file->path, EMUL_NOWHERE) && !(st.stx_mode & S_IROTH))
		return -EEXIST;
	return mount_attach(m->fd, target, "");
}

size_t overmounts_attach(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		m->is_attached =
			m->fd >= 0 && !is_served(o, m) && attach_one(m, instance_fd, devs) == 0;
		n += m->is_attached;
	}
	return n;
}

/* ------------------------------------------------------------------ taking off */

/* The clone first: what was taken off can be put back as it was, with what is upon it. */
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

static int take_off_ours(struct overmounts *o, const struct emul_file *f, const char *path,
			 const uint64_t devs[2])
{
	struct statx st;

	if (!path || stat_at(AT_FDCWD, path, &st) < 0 ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT) ||
	    (dev_of(&st) != devs[0] && dev_of(&st) != devs[1]))
		return 0;
	return take_off_one(o, f, path);
}

static int take_off_hidden(struct overmounts *o, enum overmount_kind kind,
			   const uint64_t devs[2])
{
	int r = 0;

	for (const char *const *p = emul_hidden; r == 0 && *p; p++) {
		glob_t g = {0};

		if (path_in(*p, kind) && glob(path_in(*p, kind), GLOB_NOSORT, NULL, &g) == 0)
			for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
				r = take_off_ours(o, &emul_files[0], g.gl_pathv[i], devs);
		globfree(&g);
	}
	return r;
}

int overmounts_take_off(struct overmounts *ret, int instance_fd, enum overmount_kind kind,
			const uint64_t devs[2])
{
	int r = fchdir(instance_fd) < 0 ? -errno : 0;

	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; r == 0 && i < n_emul_files; i++)
		r = take_off_ours(ret, &emul_files[i], path_in(emul_files[i].path, kind), devs);
	return r < 0 ? r : take_off_hidden(ret, kind, devs);
}
