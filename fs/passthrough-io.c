/* SPDX-License-Identifier: Apache-2.0 */
/* Open files and directories of a pass-through: a handle is a descriptor. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/passthrough.h"
#include "lib/fd.h"

/*
 * Flags that the kernel above has already dealt with (O_CREAT and its kin in CREATE) or that
 * do not go with our buffers (O_DIRECT). O_NONBLOCK: open(2) must never wait, whatever it
 * finds.
 */
#define FLAGS_DROPPED (O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_DIRECT)
#define FLAGS_ADDED   (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int open_flags(int flags)
{
	return (flags & ~FLAGS_DROPPED) | FLAGS_ADDED;
}

static int open_inode(const struct inode *i, int flags)
{
	int fd;

	/*
	 * Other types never arrive here: the kernel opens devices, sockets and pipes by
	 * itself.
	 */
	if (i->type != S_IFREG)
		return -ENXIO;
	fd = open(magic_of(i->fd).path, open_flags(flags));
	return fd < 0 ? -errno : fd;
}

/* An interrupted caller gets no answer, and will never release what it did not get. */
static void reply_open(fuse_req_t req, struct fuse_file_info *fi, int fd)
{
	fi->fh = passthrough_handle(passthrough_of(req), fd);
	if (fuse_reply_open(req, fi) < 0)
		fd_close(fd);
}

void passthrough_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct inode *i = passthrough_begin(req, ino);
	int fd;

	if (!i)
		return;
	fd = open_inode(i, fi->flags);
	if (fd < 0)
		passthrough_reply(req, fd);
	else
		reply_open(req, fi, fd);
}

/*
 * Exclusive first, so that the file is ours and regular. If the container was faster, and the
 * caller does not mind, open what it made; never wait for its pipe.
 */
static int create_file(struct passthrough *p, const struct inode *dir, const char *name,
		       mode_t mode, int flags, struct fuse_entry_param *ret)
{
	int excl = O_CREAT | O_EXCL | O_NOFOLLOW;
	_cleanup_close_ int fd = openat(dir->fd, name, open_flags(flags) | excl, mode);
	int r;

	if (fd < 0 && (errno != EEXIST || (flags & O_EXCL)))
		return -errno;
	r = passthrough_look_up(p, dir, name, ret);
	if (r < 0)
		return r;
	if (fd >= 0)
		return take_fd(&fd);
	r = open_inode(inodes_find(&p->inodes, ret->ino), flags);
	if (r < 0)
		inodes_forget(&p->inodes, ret->ino, 1);
	return r;
}

void passthrough_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
			struct fuse_file_info *fi)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);
	struct passthrough *p = passthrough_of(req);
	struct fuse_entry_param e;
	int fd;

	if (!dir)
		return;
	(void)umask(fuse_req_ctx(req)->umask);
	fd = create_file(p, dir, name, mode, fi->flags, &e);
	if (fd < 0) {
		passthrough_reply(req, fd);
		return;
	}
	fi->fh = passthrough_handle(p, fd);
	if (fuse_reply_create(req, &e, fi) < 0) {
		inodes_forget(&p->inodes, e.ino, 1);
		fd_close(fd);
	}
}

void passthrough_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct passthrough *p = passthrough_of(req);
	int fd = passthrough_begin_fd(req, fi);
	ssize_t n;

	(void)ino;
	if (fd < 0)
		return;
	n = pread(fd, p->buf, size < PASSTHROUGH_IO_MAX ? size : PASSTHROUGH_IO_MAX, off);
	if (n < 0)
		passthrough_reply(req, -errno);
	else
		(void)fuse_reply_buf(req, p->buf, (size_t)n);
}

void passthrough_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	int fd = passthrough_begin_fd(req, fi);
	ssize_t n;

	(void)ino;
	if (fd < 0)
		return;
	n = pwrite(fd, buf, size, off);
	if (n < 0)
		passthrough_reply(req, -errno);
	else
		(void)fuse_reply_write(req, (size_t)n);
}

void passthrough_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	int fd = passthrough_begin_fd(req, fi);

	(void)ino;
	if (fd >= 0)
		passthrough_reply(req, (datasync ? fdatasync(fd) : fsync(fd)) < 0 ? -errno : 0);
}

/* A predecessor's descriptors died with it: nothing to close, and not a failure. */
void passthrough_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	if (fi->fh >> 32 == passthrough_of(req)->generation)
		fd_close((int)(uint32_t)fi->fh);
	passthrough_reply(req, 0);
}

void passthrough_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		       struct fuse_file_info *fi)
{
	int fd = passthrough_begin_fd(req, fi);
	off_t to;

	(void)ino;
	if (fd < 0)
		return;
	to = lseek(fd, off, whence);
	if (to < 0)
		passthrough_reply(req, -errno);
	else
		(void)fuse_reply_lseek(req, to);
}

void passthrough_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
			   struct fuse_file_info *fi)
{
	int fd = passthrough_begin_fd(req, fi);

	(void)ino;
	if (fd >= 0)
		passthrough_reply(req, fallocate(fd, mode, off, len) < 0 ? -errno : 0);
}

void passthrough_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct inode *i = passthrough_begin(req, ino);
	int fd;

	if (!i)
		return;
	fd = open(magic_of(i->fd).path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		passthrough_reply(req, -errno);
	else
		reply_open(req, fi, fd);
}

/* As laid out by getdents64(2); aligned to 8 bytes. */
struct dent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Copy entries from `in` to `out` until one does not fit: the next call begins there. */
static size_t add_entries(fuse_req_t req, const char *in, size_t n_in, char *out, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < n_in;) {
		const struct dent *d = (const void *)(in + at);
		struct stat st = {.st_ino = d->ino, .st_mode = (mode_t)DTTOIF(d->type)};
		size_t need =
			fuse_add_direntry(req, out + used, size - used, d->name, &st, d->off);

		if (need > size - used)
			break;
		used += need;
		at += d->reclen;
	}
	return used;
}

/* The first half of the buffer is for what the kernel returns, the second for the answer. */
void passthrough_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			 struct fuse_file_info *fi)
{
	struct passthrough *p = passthrough_of(req);
	int fd = passthrough_begin_fd(req, fi);
	char *out = p->buf + PASSTHROUGH_IO_MAX / 2;
	long n;

	(void)ino;
	if (fd < 0)
		return;
	if (size > PASSTHROUGH_IO_MAX / 2)
		size = PASSTHROUGH_IO_MAX / 2;
	if (lseek(fd, off, SEEK_SET) < 0 ||
	    (n = syscall(SYS_getdents64, fd, p->buf, size)) < 0) {
		passthrough_reply(req, -errno);
		return;
	}
	(void)fuse_reply_buf(req, out, add_entries(req, p->buf, (size_t)n, out, size));
}
