/* SPDX-License-Identifier: Apache-2.0 */
/* What both connections have in common: nodes, their texts and attributes. */
#include "fs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/container.h"
#include "fs/node-value.h"
#include "fs/vfs-internal.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/idmap.h"

/* Distance between the inode numbers of one row in two views. */
#define ROWS_APART 1009u

#define NO_PRESSURE                                                                            \
	"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"                                     \
	"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"

struct vfs *vfs_new(enum emul_conn conn, const struct container *c, unsigned int generation)
{
	struct vfs *v = xcalloc(1, sizeof(*v));

	v->conn = conn;
	v->container = c;
	v->uid = idmap_to_outside(&c->map.uids, 0);
	v->gid = idmap_to_outside(&c->map.gids, 0);
	v->mirror = (struct mirror){
		.names = c->names,
		.view = c->view,
		.sysctl_dirfd = c->sys_dirfd,
		.sysfs_dirfd = c->sysfs_dirfd,
	};
	v->texts = xcalloc(n_emul_files, sizeof(*v->texts));
	v->value_fds = node_value_fds_new();
	v->last_handle = (uint64_t)generation << 40;
	return v;
}

struct vfs *vfs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

void vfs_reply_error(fuse_req_t req, int r)
{
	(void)fuse_reply_err(req, -r);
}

void vfs_reply_piece(fuse_req_t req, const struct strbuf *b, size_t size, off_t off)
{
	size_t at = off < 0 || (size_t)off > b->len ? b->len : (size_t)off;
	size_t rest = b->len - at;

	(void)fuse_reply_buf(req, strbuf_str(b) + at, rest < size ? rest : size);
}

/* ------------------------------------------------------------------ texts */

struct view *vfs_view(const struct vfs *v, fuse_ino_t ino)
{
	const struct container *c = v->container;
	struct view *view = views_get(c->views, c->view, vfs_view_number(ino));

	(void)view_begin(view, view_clock());
	return view;
}

struct mirror vfs_mirror(const struct vfs *v, fuse_ino_t ino)
{
	struct mirror m = v->mirror;

	m.view = vfs_view(v, ino);
	return m;
}

static void drop_texts(struct vfs_within *w)
{
	for (size_t i = 0; w->texts && i < n_emul_files; i++)
		strbuf_done(&w->texts[i].buf);
	free(take_ptr(&w->texts));
}

struct vfs_text *vfs_text(struct vfs *v, fuse_ino_t ino)
{
	size_t row = vfs_place(ino) - VFS_FIRST_ROW;
	uint64_t view = vfs_view_number(ino);
	struct vfs_within *w = &v->within[view % VFS_WITHIN_MAX];

	if (view == VIEWS_OWN)
		return &v->texts[row];
	if (w->view != view) {
		drop_texts(w);
		w->view = view;
		w->texts = xcalloc(n_emul_files, sizeof(*w->texts));
	}
	return &w->texts[row];
}

const struct emul_file *vfs_row(const struct vfs *v, fuse_ino_t ino)
{
	fuse_ino_t place = vfs_place(ino);
	size_t i = place - VFS_FIRST_ROW;

	if (place < VFS_FIRST_ROW || i >= n_emul_files || !emul_is_on(&emul_files[i], v->conn))
		return NULL;
	return &emul_files[i];
}

struct node_value_host vfs_values(const struct vfs *v)
{
	return (struct node_value_host){v->container->sys_dirfd, v->value_fds};
}

static int value_text(const struct vfs *v, const struct emul_file *f, struct strbuf *out)
{
	const struct node_value_host host = vfs_values(v);
	char value[NODE_VALUE_MAX];
	ssize_t len = node_value_read(f, v->container->values, &host, value);

	if (len > 0)
		strbuf_add(out, value, (size_t)len);
	return len < 0 ? (int)len : 0;
}

static int row_text(const struct vfs *v, fuse_ino_t ino, const struct emul_file *f,
		    struct strbuf *out)
{
	switch (f->kind) {
	case EMUL_TEXT:
		tree_format(f)(vfs_view(v, ino), out);
		return 0;
	case EMUL_VALUE:
		return value_text(v, f, out);
	case EMUL_FIXED:
		strbuf_adds(out, f->text);
		return 0;
	case EMUL_PRESSURE:
		strbuf_adds(out, NO_PRESSURE);
		return 0;
	case EMUL_LOG:
		return 0;
	case EMUL_DIRECTORY:
	case EMUL_MIRROR:
		return -EISDIR;
	}
	return -ENOENT;
}

int vfs_make_text(const struct vfs *v, fuse_ino_t ino, struct strbuf *out)
{
	fuse_ino_t place = vfs_place(ino);
	const struct emul_file *row = vfs_row(v, ino);
	int r;

	strbuf_reset(out);
	if (place >= VFS_FIRST_MIRROR) {
		const struct mirror m = vfs_mirror(v, ino);

		r = mirror_read(&m, (uint32_t)(place - VFS_FIRST_MIRROR), out);
	} else {
		r = row ? row_text(v, ino, row, out) : -ENOENT;
	}
	return r == 0 && out->failed ? -EFBIG : r;
}

/* ------------------------------------------------------------------ attributes */

/* How much the kernel may write at once decides how much room it demands of a reader. */
void vfs_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = VFS_WRITE_MAX;
	/*
	 * Opening with O_TRUNC does not empty a value: so let the kernel ask, and learn its
	 * length. Otherwise it would take the file for empty, and so would programs that copy
	 * with sendfile(2).
	 */
	conn->want &= ~(unsigned int)FUSE_CAP_ATOMIC_O_TRUNC;
	/* The kernel's heuristic would be right for the first page of names only. */
	conn->want &= ~(unsigned int)FUSE_CAP_READDIRPLUS_AUTO;
}

static struct timespec wall_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static struct stat directory_stat(void)
{
	return (struct stat){.st_mode = S_IFDIR | 0555, .st_nlink = 2};
}

static int mirror_node_stat(struct vfs *v, fuse_ino_t ino, struct stat *ret)
{
	const struct mirror m = vfs_mirror(v, ino);
	struct stat st;
	int r = mirror_stat(&m, (uint32_t)(vfs_place(ino) - VFS_FIRST_MIRROR), &st);

	if (r < 0)
		return r;
	*ret = (struct stat){.st_mode = st.st_mode, .st_nlink = 1, .st_size = VFS_PLAIN_SIZE};
	return 0;
}

static struct stat row_stat(struct vfs *v, fuse_ino_t ino, const struct emul_file *f)
{
	const struct vfs_text *t = vfs_text(v, ino);
	const struct timespec changed = v->conn == EMUL_FAST ? t->changed : wall_clock();

	if (f->kind == EMUL_DIRECTORY || f->kind == EMUL_MIRROR)
		return directory_stat();
	return (struct stat){
		.st_mode = S_IFREG | f->mode,
		.st_nlink = 1,
		.st_size = v->conn == EMUL_FAST ? (off_t)t->buf.len : VFS_PLAIN_SIZE,
		.st_atim = changed,
		.st_mtim = changed,
		.st_ctim = changed,
	};
}

int vfs_stat(struct vfs *v, fuse_ino_t ino, struct stat *ret)
{
	const struct emul_file *row = vfs_row(v, ino);
	int r = 0;

	if (ino == FUSE_ROOT_ID)
		*ret = directory_stat();
	else if (vfs_place(ino) >= VFS_FIRST_MIRROR)
		r = mirror_node_stat(v, ino, ret);
	else if (row)
		*ret = row_stat(v, ino, row);
	else
		r = -ENOENT;
	if (r < 0)
		return r;
	/* Only for display: within 32 bits, as some programs cannot take more. */
	ret->st_ino = (uint32_t)(vfs_place(ino) + vfs_view_number(ino) * ROWS_APART);
	ret->st_uid = v->uid;
	ret->st_gid = v->gid;
	return 0;
}

/*
 * The fast connection has its own: there, the attributes decide whether a text is still
 * valid.
 */
void vfs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;
	int r = vfs_stat(vfs_of(req), ino, &st);

	(void)fi;
	if (r < 0)
		vfs_reply_error(req, r);
	else
		(void)fuse_reply_attr(req, &st, VFS_MIRROR_SECONDS);
}

/* Truncation and times are accepted, and have no effect; owner and mode stay, as in procfs. */
void vfs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		 struct fuse_file_info *fi)
{
	(void)attr;
	if (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		vfs_reply_error(req, -EPERM);
	else
		vfs_getattr(req, ino, fi);
}

/* A lookup allocates nothing. */
void vfs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	(void)ino;
	(void)n;
	fuse_reply_none(req);
}
