/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The same rows as in the system container's own /proc and /sys (src/do-emul.c), by the same
 * rules (lib/emul-place.h), with three differences: a text's view is chosen by name; clones may
 * be made before the rights are given up, so some turn out not to be needed; and what was
 * attached must be found again (fs/overmounts-there.c).
 */
#include "fs/overmounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs/overmounts-internal.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"

void overmounts_done(struct overmounts *o)
{
	for (size_t i = 0; i < o->n; i++) {
		fd_close(o->v[i].fd);
		free(o->v[i].path);
	}
	free(o->v);
	*o = (struct overmounts)OVERMOUNTS_EMPTY;
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

/* What the host's procfs and sysfs, below our root, do not have, no instance has. */
static bool is_in_kernel(const struct emul_file *f)
{
	_cleanup_free_ char *path = xasprintf("/%s", f->path);

	return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
}

static bool is_listed(const struct emul_file *f, const struct overmount_source *s)
{
	return !s || (emul_has_place(f, s->groups) && !emul_is_in_mirror(f, s->groups) &&
		      is_in_kernel(f));
}

/*
 * Directories other than mirrors may turn out not to be needed, so their files are listed,
 * too.
 */
void overmounts_list(struct overmounts *ret, const struct overmount_source *s,
		     enum overmount_kind kind)
{
	struct listing l = {ret, emul_cover(s ? s->groups : EMUL_ALL)};
	_cleanup_free_ char *base = xasprintf("/%s", overmount_prefix(kind));

	*ret = (struct overmounts)OVERMOUNTS_EMPTY;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		const char *path = overmount_path_in(f->path, kind);

		if (path && is_listed(f, s))
			add(ret, f, path, -EBADF);
	}
	if (l.cover)
		emul_each_hidden(overmount_prefix(kind), base, list_cover, &l);
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

static const char *prefix_of(const struct emul_file *f, uint64_t view,
			     char ret[VIEWS_PREFIX_ROOM])
{
	return views_prefix(has_view(f) ? view : VIEWS_OWN, ret);
}

static int clone_row(const struct overmount_source *s, const struct emul_file *f,
		     bool is_readonly)
{
	char prefix[VIEWS_PREFIX_ROOM];
	int fd = emul_clone(&s->mounts, f, prefix_of(f, s->view, prefix));

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

void overmounts_look_up(const struct overmount_source *s, uint64_t view)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		char prefix[VIEWS_PREFIX_ROOM];

		if (has_view(f) && is_listed(f, s))
			emul_look_up(&s->mounts, f, prefix_of(f, view, prefix));
	}
}

/* ------------------------------------------------------------------ attaching */

void overmounts_drop_namespaced(struct overmounts *o, int instance_fd)
{
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (!overmount_path_in(m->file->path, OVERMOUNT_PROC) ||
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
	if (overmount_dev_of(st) == instance_dev)
		return true;
	return !(st->stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	       (overmount_dev_of(st) == devs[0] || overmount_dev_of(st) == devs[1]);
}

static int attach_one(const struct overmount *m, int instance_fd, const uint64_t devs[2])
{
	/* On a detached mount, somebody may have mounted a tree with symlinks of their own. */
	_cleanup_close_ int target =
		path_open_in_root(instance_fd, m->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;

	if (target < 0)
		return target;
	if (overmount_stat(target, "", &st) < 0 ||
	    !may_cover(&st, overmount_dev(instance_fd), devs))
		return -EEXIST;
	if (str_eq(m->file->path, EMUL_NOWHERE) && !emul_may_hide(st.stx_mode))
		return -EEXIST;
	return mount_attach(m->fd, target, "");
}

struct overmount_record *overmount_record_map(void)
{
	void *p = mmap(NULL, sizeof(struct overmount_record), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void overmount_record_close(struct overmount_record *r)
{
	for (size_t i = 0; r && i < r->n; i++)
		fd_close(r->fds[i]);
	if (r)
		(void)munmap(r, sizeof(*r));
}

static void record(struct overmount_record *r, int fd)
{
	if (r && r->n < OVERMOUNT_RECORD_MAX)
		r->fds[r->n++] = fd;
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
		record(o->record, m->fd);
		n++;
	}
	return n;
}
