/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Each open file has its own text, made by the read at offset 0 as in procfs, and kept for
 * the reads that follow, until the file is closed. A handle identifies the open file. If the
 * handle is a dead worker's, or its text had to be dropped, a new text is made: at worst a
 * reader sees two snapshots.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "fs/container.h"
#include "fs/node-value.h"
#include "fs/vfs-internal.h"

/* Window of a trigger, in microseconds: as in kernel/sched/psi.c. */
#define WINDOW_MIN   500000u
#define WINDOW_MAX   10000000u
#define READ_ALWAYS  (POLLIN | POLLRDNORM)
#define WRITE_ALWAYS (POLLOUT | POLLWRNORM)

static struct vfs_held *held_of(struct vfs *v, uint64_t handle)
{
	return &v->held[handle % VFS_HELD_MAX];
}

static void plain_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct stat st;
	int r = vfs_stat(v, ino, &st);

	if (r < 0) {
		vfs_reply_error(req, r);
		return;
	}
	fi->fh = ++v->last_handle;
	fi->direct_io = 1;
	fi->noflush = 1;
	(void)fuse_reply_open(req, fi);
}

static bool is_log(const struct vfs *v, fuse_ino_t ino)
{
	const struct emul_file *f = vfs_row(v, ino);

	return f && f->kind == EMUL_LOG;
}

/* ------------------------------------------------------------------ reading */

/*
 * Keep the text for the next read of this handle; a handle whose text is displaced gets a new
 * one.
 */
static void hold(struct vfs *v, uint64_t handle, struct strbuf *buf)
{
	struct vfs_held *h = held_of(v, handle);
	struct strbuf last = h->buf;

	h->handle = handle;
	h->buf = *buf;
	*buf = last;
}

static void plain_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct vfs *v = vfs_of(req);
	struct vfs_held *h = held_of(v, fi->fh);
	int r;

	if (off > 0 && h->handle == fi->fh) {
		vfs_reply_piece(req, &h->buf, size, off);
		return;
	}
	r = vfs_make_text(v, ino, &v->scratch);
	/* An empty log: a non-blocking reader is told so. Nobody waits forever. */
	if (r == 0 && fi->flags & O_NONBLOCK && is_log(v, ino))
		r = -EAGAIN;
	if (r < 0) {
		vfs_reply_error(req, r);
		return;
	}
	vfs_reply_piece(req, &v->scratch, size, off);
	hold(v, fi->fh, &v->scratch);
}

static void plain_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vfs_held *h = held_of(vfs_of(req), fi->fh);

	(void)ino;
	if (h->handle == fi->fh) {
		h->handle = 0;
		strbuf_done(&h->buf);
	}
	vfs_reply_error(req, 0);
}

/*
 * A log that always stays empty, and a trigger that no pressure will ever fire. Others are
 * always ready; a change of a sysctl is not reported to anybody.
 */
static unsigned int poll_events(const struct emul_file *f)
{
	if (f && f->kind == EMUL_LOG)
		return WRITE_ALWAYS;
	if (f && f->kind == EMUL_PRESSURE)
		return 0;
	return READ_ALWAYS | WRITE_ALWAYS;
}

static void plain_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		       struct fuse_pollhandle *ph)
{
	(void)fi;
	if (ph)
		fuse_pollhandle_destroy(ph);
	(void)fuse_reply_poll(req, poll_events(vfs_row(vfs_of(req), ino)));
}

/* ------------------------------------------------------------------ writing */

/* "some 150000 1000000" */
static ssize_t write_trigger(const struct node_value_text *t)
{
	_cleanup_free_ char *text = strndup(t->data, t->len);
	unsigned int threshold, window;

	if (!text || (sscanf(text, "some %u %u", &threshold, &window) != 2 &&
		      sscanf(text, "full %u %u", &threshold, &window) != 2))
		return -EINVAL;
	if (window < WINDOW_MIN || window > WINDOW_MAX || threshold == 0 || threshold > window)
		return -EINVAL;
	return (ssize_t)t->len;
}

static ssize_t write_row(const struct vfs *v, const struct emul_file *f,
			 const struct node_value_text *t)
{
	const struct container *c = v->container;
	const struct node_value_place place = {c->values, vfs_values(v),
					       f ? c->host_fds[f - emul_files] : -EBADF};

	if (f && f->kind == EMUL_VALUE)
		return node_value_write(f, &place, t);
	if (f && f->kind == EMUL_LOG)
		return (ssize_t)t->len;
	return f && f->kind == EMUL_PRESSURE ? write_trigger(t) : -EIO;
}

/*
 * Appending writes at 0, as sysctl files have no end. Otherwise the position counts as in the
 * kernel's own handlers.
 */
static void plain_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size,
			off_t off, struct fuse_file_info *fi)
{
	const struct vfs *v = vfs_of(req);
	const struct node_value_text t = {data, size, fi->flags & O_APPEND ? 0 : off};
	ssize_t taken = write_row(v, vfs_row(v, ino), &t);

	if (taken < 0)
		vfs_reply_error(req, (int)taken);
	else
		(void)fuse_reply_write(req, (size_t)taken);
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
	.poll = plain_poll,
	.readlink = vfs_readlink,
	.readdir = vfs_readdir,
	.readdirplus = vfs_readdirplus,
};
