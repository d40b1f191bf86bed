/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names. The root of a connection has all its rows, each under its whole path; the
 * container's mounts are made from there. A row that is a directory has the rows below it
 * under their last names; a mirror has the host's names in addition.
 */
#include <errno.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/container.h"
#include "fs/vfs-internal.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/macro.h"

#define READDIR_MAX 4096

/* The directory that an id stands for; row is NULL for a directory in a mirror. */
struct dir {
	const struct emul_file *row;
	bool is_mirror;
	uint32_t mirror; /* its node there */
};

static int dir_of(const struct vfs *v, fuse_ino_t ino, struct dir *ret)
{
	const struct emul_file *row = vfs_row(v, ino);

	*ret = (struct dir){0};
	if (vfs_place(ino) >= VFS_FIRST_MIRROR) {
		ret->is_mirror = true;
		ret->mirror = (uint32_t)(vfs_place(ino) - VFS_FIRST_MIRROR);
		return 0;
	}
	if (!row)
		return -ENOENT;
	ret->row = row;
	ret->is_mirror = row->kind == EMUL_MIRROR;
	ret->mirror = mirror_row((size_t)(row - emul_files));
	return ret->is_mirror || row->kind == EMUL_DIRECTORY ? 0 : -ENOTDIR;
}

/* ------------------------------------------------------------------ lookup */

/* The contents of a directory belong to the same view. */
static fuse_ino_t id_in(uint64_t view, fuse_ino_t place)
{
	return view << VFS_VIEW_SHIFT | place;
}

static int find_in_dir(struct vfs *v, fuse_ino_t parent, const char *name, fuse_ino_t *ret)
{
	const uint64_t view = vfs_view_number(parent);
	struct mirror m;
	struct dir d;
	uint32_t node = 0;
	int r = dir_of(v, parent, &d), row;

	if (r < 0)
		return r;
	row = d.row ? emul_child(d.row, name) : -ENOENT;
	if (row >= 0) {
		*ret = id_in(view, VFS_FIRST_ROW + (fuse_ino_t)row);
		return 0;
	}
	if (!d.is_mirror)
		return -ENOENT;
	m = vfs_mirror(v, parent);
	r = mirror_find(&m, d.mirror, name, &node);
	*ret = id_in(view, VFS_FIRST_MIRROR + node);
	return r;
}

static int find(struct vfs *v, fuse_ino_t parent, const char *name, fuse_ino_t *ret)
{
	uint64_t view;
	int row;

	if (parent != FUSE_ROOT_ID)
		return find_in_dir(v, parent, name, ret);
	if (!views_parse(&name, &view) || view >> (64 - VFS_VIEW_SHIFT))
		return -ENOENT;
	row = tree_find(v->conn, name);
	*ret = id_in(view, VFS_FIRST_ROW + (fuse_ino_t)row);
	return row < 0 ? row : 0;
}

/*
 * The fast connection serves it only while it is short. Its text is made later, for the
 * reader.
 */
static bool is_too_long(struct vfs *v, fuse_ino_t ino)
{
	const struct emul_file *row = vfs_row(v, ino);

	if (v->conn != EMUL_FAST || !row || row->conn != EMUL_BOTH)
		return false;
	return vfs_make_text(v, ino, &v->scratch) < 0 || v->scratch.len > VFS_SHORT;
}

/* Names of rows are permanent; a text is made for its first reader. */
static struct fuse_entry_param row_entry(fuse_ino_t ino)
{
	return (struct fuse_entry_param){.ino = ino, .entry_timeout = VFS_FOREVER_SECONDS};
}

/*
 * Names in a mirror come and go, except those on which a file of the other connection is
 * mounted: if such a name has to be looked up again, and that fails just then, it loses its
 * mount.
 */
static bool may_go(const struct vfs *v, fuse_ino_t parent, const char *name, fuse_ino_t ino)
{
	struct dir d;

	return vfs_place(ino) >= VFS_FIRST_MIRROR &&
	       !(dir_of(v, parent, &d) == 0 && d.row && emul_has_child(d.row, name));
}

void vfs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct vfs *v = vfs_of(req);
	struct fuse_entry_param e;
	fuse_ino_t ino = 0;
	int r = find(v, parent, name, &ino);

	e = row_entry(ino);
	if (r == 0 && is_too_long(v, ino))
		r = -ENOENT;
	if (r == 0)
		r = vfs_stat(v, ino, &e.attr);
	if (r < 0) {
		vfs_reply_error(req, r);
		return;
	}
	if (vfs_place(ino) >= VFS_FIRST_MIRROR)
		e.attr_timeout = VFS_MIRROR_SECONDS;
	if (may_go(v, parent, name, ino))
		e.entry_timeout = VFS_MIRROR_SECONDS;
	(void)fuse_reply_entry(req, &e);
}

void vfs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	const struct vfs *v = vfs_of(req);
	char target[PATH_MAX];
	ssize_t n = -EINVAL;

	if (vfs_place(ino) >= VFS_FIRST_MIRROR) {
		const struct mirror m = vfs_mirror(v, ino);

		n = mirror_readlink(&m, (uint32_t)(vfs_place(ino) - VFS_FIRST_MIRROR), target,
				    sizeof(target) - 1);
	}
	if (n < 0) {
		vfs_reply_error(req, (int)n);
		return;
	}
	target[n] = '\0';
	(void)fuse_reply_readlink(req, target);
}

/* ------------------------------------------------------------------ listing */

/* The entries from number `from` on, as many as fit. */
struct listing {
	fuse_req_t req;
	struct vfs *v;
	bool with_rows; /* readdirplus: a listing spares the lookups */
	const struct emul_file *row;
	off_t from, at;
	size_t used, max;
	char buf[READDIR_MAX];
};

/* 1: no more room. `row` is 0 where only a lookup can say. */
static int add_entry(struct listing *l, const char *name, mode_t type, fuse_ino_t row)
{
	struct fuse_entry_param e = row_entry(row);
	char *at = l->buf + l->used;
	size_t n, left = l->max - l->used;

	if (l->at++ < l->from)
		return 0;
	if (!l->with_rows || !row || vfs_stat(l->v, row, &e.attr) < 0)
		/* Node numbers are for lookups; none is 0, which means "deleted". */
		e = (struct fuse_entry_param){.attr = {.st_ino = UINT32_MAX, .st_mode = type}};
	n = l->with_rows ? fuse_add_direntry_plus(l->req, at, left, name, &e, l->at)
			 : fuse_add_direntry(l->req, at, left, name, &e.attr, l->at);
	if (n > left)
		return 1;
	l->used += n;
	return 0;
}

static int add_mirrored(const char *name, mode_t type, void *arg)
{
	struct listing *l = arg;

	if (l->row && emul_child(l->row, name) >= 0)
		return 0;
	return add_entry(l, name, type, 0);
}

static mode_t type_of(const struct emul_file *f)
{
	return f->kind == EMUL_DIRECTORY || f->kind == EMUL_MIRROR ? S_IFDIR : S_IFREG;
}

static int list_root(const struct vfs *v, struct listing *l)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		char name[EMUL_NAME_MAX];
		fuse_ino_t row;

		if (!emul_is_on(&emul_files[i], v->conn))
			continue;
		emul_name(&emul_files[i], name);
		/* Which connection serves it depends on its length: a lookup finds out. */
		row = emul_files[i].conn == EMUL_BOTH ? 0 : VFS_FIRST_ROW + i;
		if (add_entry(l, name, type_of(&emul_files[i]), row))
			break;
	}
	return 0;
}

static int list_dir(const struct vfs *v, fuse_ino_t ino, struct listing *l)
{
	struct mirror m;
	struct dir d;
	int r = dir_of(v, ino, &d);

	if (r < 0)
		return r;
	l->row = d.row;
	for (size_t i = 0; d.row && i < n_emul_files; i++)
		if (emul_parent(&emul_files[i]) == d.row &&
		    add_entry(l, strrchr(emul_files[i].path, '/') + 1, type_of(&emul_files[i]),
			      id_in(vfs_view_number(ino), VFS_FIRST_ROW + i)))
			return 0;
	if (!d.is_mirror)
		return 0;
	m = vfs_mirror(v, ino);
	r = mirror_list(&m, d.mirror, add_mirrored, l);
	return r < 0 ? r : 0;
}

static void reply_listing(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			  bool with_rows)
{
	struct listing l = {
		.req = req,
		.v = vfs_of(req),
		.with_rows = with_rows,
		.from = off,
		.max = size < READDIR_MAX ? size : READDIR_MAX,
	};
	int r = ino == FUSE_ROOT_ID ? list_root(l.v, &l) : list_dir(l.v, ino, &l);

	if (r < 0)
		vfs_reply_error(req, r);
	else
		(void)fuse_reply_buf(req, l.buf, l.used);
}

void vfs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		 struct fuse_file_info *fi)
{
	(void)fi;
	reply_listing(req, ino, size, off, false);
}

/* Mounting in a new container needs every row: one listing brings them all. */
void vfs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	(void)fi;
	reply_listing(req, ino, size, off, true);
}
