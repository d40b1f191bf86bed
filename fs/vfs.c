/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Fast: open(2) is answered ENOSYS once, and then never asked again. A read asks the
 * kernel's page cache, which is good as long as the file's attributes are: VIEW_VALID_NS.
 * Then one GETATTR makes a new text, and only when that is another one (its time of
 * change moves) the kernel drops its pages and sends a READ. GETATTR gives the size of
 * the very text that READ then gives.
 *
 * Plain: each open file has its own text, made by the read at offset 0, as procfs makes
 * one; it is kept for the reads that follow, until the file is closed.
 * Which open file it belongs to is told by a handle. A handle of a dead worker, or one whose
 * text had to go, gets a new text: at worst a reader in the middle sees two snapshots.
 *
 * Node ids are the rows of emul_files, so they are the same for every worker.
 */
#include "fs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fs/container.h"
#include "fs/node-value.h"
#include "fs/tree.h"
#include "fs/view.h"
#include "lib/alloc.h"
#include "lib/idmap.h"
#include "lib/macro.h"
#include "lib/strbuf.h"

#define FIRST_ID	(FUSE_ROOT_ID + 1)
#define VALID_SECONDS	(VIEW_VALID_NS / 1e9)
#define FOREVER_SECONDS 3600.0
#define PLAIN_SIZE	4096 /* a hint for who allocates by it */
/* Texts kept for readers in the middle of one. */
#define HELD_MAX 64

struct text {
	struct strbuf buf;
	int64_t snapshot_ns; /* made of this */
	struct timespec changed;
};

struct held {
	uint64_t handle; /* 0: free */
	struct strbuf buf;
};

struct vfs {
	enum emul_conn conn;
	const struct container *container;
	uid_t uid;
	gid_t gid;
	struct text *texts; /* n_emul_files */
	struct held held[HELD_MAX];
	uint64_t last_handle;
	struct strbuf scratch;
};

struct vfs *vfs_new(enum emul_conn conn, const struct container *c, unsigned int generation)
{
	struct vfs *v = xcalloc(1, sizeof(*v));

	v->conn = conn;
	v->container = c;
	v->uid = idmap_to_outside(&c->map.uids, 0);
	v->gid = idmap_to_outside(&c->map.gids, 0);
	v->texts = xcalloc(n_emul_files, sizeof(*v->texts));
	v->last_handle = (uint64_t)generation << 40;
	return v;
}

static struct vfs *vfs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static void reply_error(fuse_req_t req, int r)
{
	(void)fuse_reply_err(req, -r);
}

/* ------------------------------------------------------------------ texts */

static int make_text(const struct vfs *v, const struct tree_node *n, struct strbuf *out)
{
	const struct container *c = v->container;
	char value[NODE_VALUE_MAX];
	ssize_t len;

	strbuf_reset(out);
	if (n->format) {
		(void)view_begin(c->view, view_clock());
		n->format(c->view, out);
		return out->failed ? -EFBIG : 0;
	}
	len = node_value_read(n->file, c->values, c->sys_dirfd, value);
	if (len > 0)
		strbuf_add(out, value, (size_t)len);
	return len < 0 ? (int)len : 0;
}

static bool is_same(const struct strbuf *a, const struct strbuf *b)
{
	return a->len == b->len && a->len && memcmp(a->s, b->s, a->len) == 0;
}

static struct timespec wall_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

/* The text of the present snapshot; it keeps its time of change while it stays the same. */
static int refresh(struct vfs *v, const struct tree_node *n, struct text *t)
{
	struct view *view = v->container->view;
	struct strbuf last;
	int r;

	(void)view_begin(view, view_clock());
	if (t->snapshot_ns == view->now_ns)
		return 0;
	r = make_text(v, n, &v->scratch);
	if (r < 0)
		return r;
	t->snapshot_ns = view->now_ns;
	if (is_same(&v->scratch, &t->buf))
		return 0;
	t->changed = wall_clock();
	last = t->buf;
	t->buf = v->scratch;
	v->scratch = last;
	return 0;
}

/* A piece of it, or end of file. */
static void reply_piece(fuse_req_t req, const struct strbuf *b, size_t size, off_t off)
{
	size_t at = off < 0 || (size_t)off > b->len ? b->len : (size_t)off;
	size_t rest = b->len - at;

	(void)fuse_reply_buf(req, strbuf_str(b) + at, rest < size ? rest : size);
}

/* ------------------------------------------------------------------ nodes */

/* What the kernel may write at once decides how much room it demands of a reader. */
static void vfs_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = VFS_WRITE_MAX;
}

/* The node of an id, of this connection; false: ENOENT was answered. */
static bool find_node(fuse_req_t req, fuse_ino_t ino, struct tree_node *ret)
{
	const struct vfs *v = vfs_of(req);
	size_t i = ino - FIRST_ID;

	if (ino >= FIRST_ID && i < n_emul_files && emul_files[i].conn == v->conn &&
	    tree_node(i, ret) == 0)
		return true;
	reply_error(req, -ENOENT);
	return false;
}

static struct stat directory_stat(const struct vfs *v)
{
	return (struct stat){
		.st_ino = FUSE_ROOT_ID,
		.st_mode = S_IFDIR | 0555,
		.st_nlink = 2,
		.st_uid = v->uid,
		.st_gid = v->gid,
	};
}

/* As it stands: without a new text. */
static struct stat node_stat_of(struct vfs *v, const struct tree_node *n)
{
	size_t i = (size_t)(n->file - emul_files);
	const struct text *t = &v->texts[i];
	const struct timespec changed = v->conn == EMUL_FAST ? t->changed : wall_clock();

	return (struct stat){
		.st_ino = FIRST_ID + i,
		.st_mode = S_IFREG | n->file->mode,
		.st_nlink = 1,
		.st_uid = v->uid,
		.st_gid = v->gid,
		.st_size = v->conn == EMUL_FAST ? (off_t)t->buf.len : PLAIN_SIZE,
		.st_atim = changed,
		.st_mtim = changed,
		.st_ctim = changed,
	};
}

static double validity(const struct vfs *v)
{
	return v->conn == EMUL_FAST ? VALID_SECONDS : 1;
}

/* The mounts of a new container look up every file: its text waits for a reader. */
static void vfs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct vfs *v = vfs_of(req);
	struct fuse_entry_param e = {
		.entry_timeout = FOREVER_SECONDS,
	};
	struct tree_node n;
	int i = parent == FUSE_ROOT_ID ? tree_find(v->conn, name) : -ENOTDIR;
	int r = i < 0 ? i : tree_node((size_t)i, &n);

	if (r < 0) {
		reply_error(req, r);
		return;
	}
	e.attr = node_stat_of(v, &n);
	e.ino = FIRST_ID + (fuse_ino_t)i;
	(void)fuse_reply_entry(req, &e);
}

static void vfs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct tree_node n;
	struct stat st;
	int r = 0;

	(void)fi;
	if (ino == FUSE_ROOT_ID) {
		st = directory_stat(v);
		(void)fuse_reply_attr(req, &st, FOREVER_SECONDS);
		return;
	}
	if (!find_node(req, ino, &n))
		return;
	if (v->conn == EMUL_FAST)
		r = refresh(v, &n, &v->texts[ino - FIRST_ID]);
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	st = node_stat_of(v, &n);
	(void)fuse_reply_attr(req, &st, validity(v));
}

/* Truncation and times are taken, and mean nothing; owner and mode stay, as in procfs. */
static void vfs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
			struct fuse_file_info *fi)
{
	(void)attr;
	if (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		reply_error(req, -EPERM);
	else
		vfs_getattr(req, ino, fi);
}

/* Nothing is allocated for a lookup. */
static void vfs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	(void)ino;
	(void)n;
	fuse_reply_none(req);
}

static void vfs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	size_t used = 0, max = size < 4096 ? size : 4096;
	char buf[4096];

	(void)fi;
	for (size_t i = (size_t)off; ino == FUSE_ROOT_ID && i < n_emul_files; i++) {
		const struct stat st = {.st_ino = FIRST_ID + i, .st_mode = S_IFREG};
		char name[EMUL_NAME_MAX];
		size_t n;

		if (emul_files[i].conn != v->conn)
			continue;
		emul_name(&emul_files[i], name);
		n = fuse_add_direntry(req, buf + used, max - used, name, &st, (off_t)i + 1);
		if (n > max - used)
			break;
		used += n;
	}
	(void)fuse_reply_buf(req, buf, used);
}

/* ------------------------------------------------------------------ fast */

static void fast_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	reply_error(req, -ENOSYS);
}

/* No refresh: the reader has been told this text's size. */
static void fast_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct tree_node n;
	struct text *t;
	int r = 0;

	(void)fi;
	if (!find_node(req, ino, &n))
		return;
	t = &v->texts[ino - FIRST_ID];
	if (!t->buf.len) /* of a new worker */
		r = refresh(v, &n, t);
	if (r < 0)
		reply_error(req, r);
	else
		reply_piece(req, &t->buf, size, off);
}

/* As procfs answers where a file has no write operation. */
static void fast_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)ino;
	(void)data;
	(void)size;
	(void)off;
	(void)fi;
	reply_error(req, -EIO);
}

const struct fuse_lowlevel_ops vfs_fast_ops = {
	.init = vfs_init,
	.lookup = vfs_lookup,
	.forget = vfs_forget,
	.getattr = vfs_getattr,
	.setattr = vfs_setattr,
	.open = fast_open,
	.read = fast_read,
	.write = fast_write,
	.readdir = vfs_readdir,
};

/* ------------------------------------------------------------------ plain */

static struct held *held_of(struct vfs *v, uint64_t handle)
{
	return &v->held[handle % HELD_MAX];
}

static void plain_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct tree_node n;

	if (!find_node(req, ino, &n))
		return;
	fi->fh = ++v->last_handle;
	fi->direct_io = 1;
	fi->noflush = 1;
	(void)fuse_reply_open(req, fi);
}

/* Keep the text for the next read of this handle; whose it was reads a new one. */
static void hold(struct vfs *v, uint64_t handle, struct strbuf *buf)
{
	struct held *h = held_of(v, handle);
	struct strbuf last = h->buf;

	h->handle = handle;
	h->buf = *buf;
	*buf = last;
}

static void plain_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct held *h = held_of(v, fi->fh);
	struct tree_node n;
	int r;

	if (!find_node(req, ino, &n))
		return;
	if (off > 0 && h->handle == fi->fh) {
		reply_piece(req, &h->buf, size, off);
		return;
	}
	r = make_text(v, &n, &v->scratch);
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	reply_piece(req, &v->scratch, size, off);
	hold(v, fi->fh, &v->scratch);
}

/*
 * Appended is written at 0, as sysctl files have no end. Else the position counts as the
 * kernel's own handlers count it.
 */
static ssize_t write_node(const struct container *c, const struct tree_node *n,
			  const struct node_value_text *t)
{
	if (n->file->kind != EMUL_VALUE)
		return -EIO;
	return node_value_write(n->file, c->values, c->sys_dirfd, t);
}

static void plain_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size,
			off_t off, struct fuse_file_info *fi)
{
	const struct vfs *v = vfs_of(req);
	const struct node_value_text t = {data, size, fi->flags & O_APPEND ? 0 : off};
	struct tree_node n;
	ssize_t taken;

	if (!find_node(req, ino, &n))
		return;
	taken = write_node(v->container, &n, &t);
	if (taken < 0)
		reply_error(req, (int)taken);
	else
		(void)fuse_reply_write(req, (size_t)taken);
}

static void plain_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct held *h = held_of(vfs_of(req), fi->fh);

	(void)ino;
	if (h->handle == fi->fh) {
		h->handle = 0;
		strbuf_done(&h->buf);
	}
	reply_error(req, 0);
}

const struct fuse_lowlevel_ops vfs_plain_ops = {
	.init = vfs_init,
	.lookup = vfs_lookup,
	.forget = vfs_forget,
	.getattr = vfs_getattr,
	.setattr = vfs_setattr,
	.open = plain_open,
	.read = plain_read,
	.write = plain_write,
	.release = plain_release,
	.readdir = vfs_readdir,
};
