/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Every inode is an O_PATH descriptor, every name is resolved one component at a
 * time below the descriptor of its directory, with O_NOFOLLOW. So no symlink is
 * followed here (the kernel that sends the requests follows them in the engine's
 * view), nothing outside the tree is reached, and the worker cannot walk into its
 * own mount, where it would wait for itself.
 *
 * The kernel has checked permissions by mode and ACL before it sends the request
 * (default_permissions); the file system below checks again as the shifted user.
 *
 * Nothing is cached: timeouts are zero, because the container changes the tree behind this
 * file system's back. The kernel then forgets a name as soon as its last user is gone, so the
 * table of inodes contains only what is in use.
 */
#include "fs/passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs/shift.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/sys.h"

struct passthrough *passthrough_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

void passthrough_reply(fuse_req_t req, int r)
{
	(void)fuse_reply_err(req, -r);
}

struct magic magic_of(int fd)
{
	struct magic m;

	(void)snprintf(m.path, sizeof(m.path), "%d", fd);
	return m;
}

/*
 * An id that this worker has not given out is a predecessor's: the kernel then looks it up
 * again.
 */
struct inode *passthrough_find(fuse_req_t req, fuse_ino_t ino)
{
	struct inode *i = inodes_find(&passthrough_of(req)->inodes, ino);

	if (!i)
		passthrough_reply(req, -ESTALE);
	return i;
}

struct inode *passthrough_begin(fuse_req_t req, fuse_ino_t ino)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct inode *i = passthrough_find(req, ino);
	int r;

	if (!i)
		return NULL;
	r = actor_become(&passthrough_of(req)->actor, ctx->uid, ctx->gid);
	if (r < 0) {
		passthrough_reply(req, r);
		return NULL;
	}
	return i;
}

/* The kernel resolves "." and ".." itself, and never sends a slash. */
static bool is_component(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

struct inode *passthrough_begin_at(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (!is_component(name)) {
		passthrough_reply(req, -EINVAL);
		return NULL;
	}
	return passthrough_begin(req, parent);
}

/* Handles, like inodes, say which worker gave them out. */
uint64_t passthrough_handle(const struct passthrough *p, int fd)
{
	return (uint64_t)p->generation << 32 | (uint32_t)fd;
}

int passthrough_begin_fd(fuse_req_t req, const struct fuse_file_info *fi)
{
	struct passthrough *p = passthrough_of(req);
	int r = -ESTALE;

	if (fi->fh >> 32 == p->generation)
		r = actor_become(&p->actor, 0, 0);
	if (r < 0) {
		passthrough_reply(req, r);
		return -1;
	}
	return (int)(uint32_t)fi->fh;
}

/*
 * overlayfs gives different device numbers to files of layers on different file systems, and
 * inode numbers are unique only together with them. The view has one device number, so the
 * other goes into the upper bits (xino does the same, fs/overlayfs/inode.c).
 */
void passthrough_present(const struct passthrough *p, struct stat *st)
{
	if (st->st_dev != p->root_dev)
		st->st_ino ^= (ino_t)(minor(st->st_dev) & 0xffff) << 48;
	shift_stat(p->map, st);
}

int passthrough_stat(int fd, struct stat *ret)
{
	return fstatat(fd, "", ret, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int passthrough_look_up(struct passthrough *p, const struct inode *parent, const char *name,
			struct fuse_entry_param *ret)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = sys_openat2(parent->fd, name, &how);
	struct inode *i;
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = passthrough_stat(fd, &st);
	if (r == 0)
		r = inodes_enter(&p->inodes, parent->id, name, take_fd(&fd), &st, &i);
	if (r < 0)
		return r;
	passthrough_present(p, &st);
	*ret = (struct fuse_entry_param){.ino = i->id, .attr = st};
	return 0;
}

/* Answer with the entry parent/name, unless making it has failed. */
static void reply_entry(fuse_req_t req, const struct inode *parent, const char *name, int r)
{
	struct fuse_entry_param e;

	if (r == 0)
		r = passthrough_look_up(passthrough_of(req), parent, name, &e);
	if (r < 0)
		passthrough_reply(req, r);
	else
		(void)fuse_reply_entry(req, &e);
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);

	if (dir)
		reply_entry(req, dir, name, 0);
}

static void do_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	inodes_forget(&passthrough_of(req)->inodes, ino, n);
	fuse_reply_none(req);
}

static void do_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t k = 0; k < count; k++)
		inodes_forget(&passthrough_of(req)->inodes, forgets[k].ino, forgets[k].nlookup);
	fuse_reply_none(req);
}

static void do_readlink(fuse_req_t req, fuse_ino_t ino)
{
	const struct inode *i = passthrough_begin(req, ino);
	char target[PATH_MAX];
	ssize_t n;

	if (!i)
		return;
	n = readlinkat(i->fd, "", target, sizeof(target) - 1);
	if (n < 0) {
		passthrough_reply(req, -errno);
		return;
	}
	target[n] = '\0';
	(void)fuse_reply_readlink(req, target);
}

/* The mask is applied below, where a default ACL would replace it. */
static void do_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		     dev_t rdev)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);

	if (!dir)
		return;
	(void)umask(fuse_req_ctx(req)->umask);
	reply_entry(req, dir, name, mknodat(dir->fd, name, mode, rdev) < 0 ? -errno : 0);
}

static void do_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);

	if (!dir)
		return;
	(void)umask(fuse_req_ctx(req)->umask);
	reply_entry(req, dir, name, mkdirat(dir->fd, name, mode) < 0 ? -errno : 0);
}

static void do_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);

	if (dir)
		reply_entry(req, dir, name, symlinkat(target, dir->fd, name) < 0 ? -errno : 0);
}

static void do_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);
	const struct inode *i = dir ? passthrough_find(req, ino) : NULL;
	int r;

	if (!i)
		return;
	r = linkat(AT_FDCWD, magic_of(i->fd).path, dir->fd, name, AT_SYMLINK_FOLLOW);
	reply_entry(req, dir, name, r < 0 ? -errno : 0);
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	const struct inode *dir = passthrough_begin_at(req, parent, name);

	if (!dir)
		return;
	if (unlinkat(dir->fd, name, flags) < 0) {
		passthrough_reply(req, -errno);
		return;
	}
	inodes_unlinked(&passthrough_of(req)->inodes, parent, name);
	passthrough_reply(req, 0);
}

static void do_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, 0);
}

static void do_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, AT_REMOVEDIR);
}

static void do_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		      fuse_ino_t new_parent, const char *new_name, unsigned int flags)
{
	const struct inode *from = passthrough_begin_at(req, parent, name);
	const struct inode *to = from ? passthrough_begin_at(req, new_parent, new_name) : NULL;
	struct inodes *inodes = &passthrough_of(req)->inodes;

	if (!to)
		return;
	if (renameat2(from->fd, name, to->fd, new_name, flags) < 0) {
		passthrough_reply(req, -errno);
		return;
	}
	if (flags & RENAME_EXCHANGE) {
		/* Both names lead elsewhere now; the next lookups show where. */
		inodes_unlinked(inodes, parent, name);
		inodes_unlinked(inodes, new_parent, new_name);
	} else {
		inodes_renamed(inodes, parent, name, new_parent, new_name);
	}
	passthrough_reply(req, 0);
}

static void do_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct inode *i = passthrough_begin(req, ino);
	struct statvfs st;

	if (!i)
		return;
	if (fstatvfs(i->fd, &st) < 0)
		passthrough_reply(req, -errno);
	else
		(void)fuse_reply_statfs(req, &st);
}

/*
 * ACLs are kept by the file system below and checked by the kernel above. Set-id bits are
 * left to the kernel: it asks for their removal where the writer's rights require it, while a
 * write through an open file carries no user.
 */
static void do_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->want |= conn->capable & (FUSE_CAP_DONT_MASK | FUSE_CAP_POSIX_ACL);
	conn->want &= ~(unsigned int)FUSE_CAP_HANDLE_KILLPRIV;
	conn->max_write = PASSTHROUGH_IO_MAX;
}

const struct fuse_lowlevel_ops passthrough_ops = {
	.init = do_init,
	.lookup = do_lookup,
	.forget = do_forget,
	.forget_multi = do_forget_multi,
	.getattr = passthrough_getattr,
	.setattr = passthrough_setattr,
	.readlink = do_readlink,
	.mknod = do_mknod,
	.mkdir = do_mkdir,
	.unlink = do_unlink,
	.rmdir = do_rmdir,
	.symlink = do_symlink,
	.rename = do_rename,
	.link = do_link,
	.statfs = do_statfs,
	.open = passthrough_open,
	.create = passthrough_create,
	.read = passthrough_read,
	.write = passthrough_write,
	.fsync = passthrough_fsync,
	.release = passthrough_release,
	.lseek = passthrough_lseek,
	.fallocate = passthrough_fallocate,
	.opendir = passthrough_opendir,
	.readdir = passthrough_readdir,
	.fsyncdir = passthrough_fsync,
	.releasedir = passthrough_release,
	.setxattr = passthrough_setxattr,
	.getxattr = passthrough_getxattr,
	.listxattr = passthrough_listxattr,
	.removexattr = passthrough_removexattr,
};

int passthrough_init(struct passthrough *ret, int root_fd, const struct idmap *map,
		     unsigned int generation, struct error *err)
{
	_cleanup_close_ int fd = root_fd;
	struct stat st;
	int r = passthrough_stat(fd, &st);

	if (r < 0)
		return error_errno(err, -r, "stat the container's root");
	*ret = (struct passthrough){
		.map = map,
		.generation = generation,
		.root_dev = st.st_dev,
		.buf = xmalloc(PASSTHROUGH_IO_MAX),
	};
	r = actor_init(&ret->actor, map, err);
	if (r == 0)
		inodes_init(&ret->inodes, generation, take_fd(&fd), &st);
	else
		free(take_ptr(&ret->buf));
	return r;
}

void passthrough_done(struct passthrough *p)
{
	inodes_done(&p->inodes);
	free(take_ptr(&p->buf));
}
