/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * open(2) is answered with ENOSYS once, and the kernel never asks again. A read is served
 * from the kernel's page cache, which is valid as long as the file's attributes are:
 * VIEW_VALID_NS. Then one GETATTR makes a new text, and only if it differs (its time of
 * change moves) does the kernel drop its pages and send a READ. GETATTR gives the size of the
 * very text that READ then returns.
 */
#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fs/container.h"
#include "fs/vfs-internal.h"
#include "fs/view.h"

#define VALID_SECONDS (VIEW_VALID_NS / 1e9)

static bool is_same(const struct strbuf *a, const struct strbuf *b)
{
	return a->len == b->len && (!a->len || memcmp(a->s, b->s, a->len) == 0);
}

/* Make the text of the current snapshot; its time of change moves only if the text differs. */
static int refresh(struct vfs *v, fuse_ino_t ino)
{
	const struct view *view = vfs_view(v, ino);
	struct vfs_text *t = vfs_text(v, ino);
	struct strbuf last;
	int r;

	if (t->snapshot_ns == view->now_ns)
		return 0;
	r = vfs_make_text(v, ino, &v->scratch);
	if (r < 0)
		return r;
	t->snapshot_ns = view->now_ns;
	if (t->changed.tv_sec && is_same(&v->scratch, &t->buf))
		return 0;
	(void)clock_gettime(CLOCK_REALTIME, &t->changed);
	last = t->buf;
	t->buf = v->scratch;
	v->scratch = last;
	return 0;
}

static void fast_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct stat st;
	int r;

	if (ino == FUSE_ROOT_ID) {
		vfs_getattr(req, ino, fi);
		return;
	}
	r = vfs_row(v, ino) ? refresh(v, ino) : -ENOENT;
	if (r == 0)
		r = vfs_stat(v, ino, &st);
	if (r < 0)
		vfs_reply_error(req, r);
	else
		(void)fuse_reply_attr(req, &st, VALID_SECONDS);
}

static void fast_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
			 struct fuse_file_info *fi)
{
	(void)attr;
	if (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		vfs_reply_error(req, -EPERM);
	else
		fast_getattr(req, ino, fi);
}

static void fast_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	vfs_reply_error(req, -ENOSYS);
}

/* No refresh: the reader already has this text's size. */
static void fast_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	int r = vfs_row(v, ino) ? 0 : -ENOENT;

	(void)fi;
	if (r == 0 && !vfs_text(v, ino)->buf.len) /* a new worker has none yet */
		r = refresh(v, ino);
	if (r < 0)
		vfs_reply_error(req, r);
	else
		vfs_reply_piece(req, &vfs_text(v, ino)->buf, size, off);
}

/* As in procfs for a file without a write operation. */
static void fast_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)ino;
	(void)data;
	(void)size;
	(void)off;
	(void)fi;
	vfs_reply_error(req, -EIO);
}

const struct fuse_lowlevel_ops vfs_fast_ops = {
	.init = vfs_init,
	.lookup = vfs_lookup,
	.forget = vfs_forget,
	.getattr = fast_getattr,
	.setattr = fast_setattr,
	.open = fast_open,
	.read = fast_read,
	.write = fast_write,
	.readdir = vfs_readdir,
	.readdirplus = vfs_readdirplus,
};
