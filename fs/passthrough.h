/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUSE operations that are passed through to a directory tree by descriptors, with ids
 * shifted: what host user U does here, inside user U does there.
 *
 * The worker's current directory must be its own /proc/self/fd (see fs/confine.h): O_PATH
 * descriptors are reached by their number as a relative path, never by a path that somebody
 * else could redirect.
 */
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <stddef.h>
#include <sys/stat.h>

#include "fs/actor.h"
#include "fs/inode.h"
#include "lib/error.h"

struct idmap;

/* The largest read, write and attribute: one request's data. */
#define PASSTHROUGH_IO_MAX (128u << 10)

struct passthrough {
	struct actor actor;
	struct inodes inodes;
	const struct idmap *map; /* borrowed */
	unsigned int generation;
	dev_t root_dev;
	char *buf; /* PASSTHROUGH_IO_MAX bytes for the data of an answer */
};

/* `generation` is different for each worker of a connection. TAKES root_fd, also on failure. */
int passthrough_init(struct passthrough *ret, int root_fd, const struct idmap *map,
		     unsigned int generation, struct error *err);
void passthrough_done(struct passthrough *p);

/* The session's userdata is the struct passthrough. */
extern const struct fuse_lowlevel_ops passthrough_ops;

/*
 * Shared by fs/passthrough*.c. An operation begins with one of the first four, which answer
 * the request themselves when they fail.
 */

/* Only find the inode, without changing whom we act as; NULL: answered. */
struct inode *passthrough_find(fuse_req_t req, fuse_ino_t ino);
/* Act as the caller on this inode; NULL: answered. */
struct inode *passthrough_begin(fuse_req_t req, fuse_ino_t ino);
/* The same for a name in this directory. */
struct inode *passthrough_begin_at(fuse_req_t req, fuse_ino_t parent, const char *name);
/* The open file of a handle, acting as root (the right was checked at open); -1: answered. */
int passthrough_begin_fd(fuse_req_t req, const struct fuse_file_info *fi);

struct passthrough *passthrough_of(fuse_req_t req);
/* Answer with 0 or -errno. */
void passthrough_reply(fuse_req_t req, int r);
/* The handle of an open file. */
uint64_t passthrough_handle(const struct passthrough *p, int fd);
/* Look up parent/name and fill the answer's entry: 0 or -errno. */
int passthrough_look_up(struct passthrough *p, const struct inode *parent, const char *name,
			struct fuse_entry_param *ret);

int passthrough_stat(int fd, struct stat *ret);
/* Convert attributes of the tree below to those that the view shows. */
void passthrough_present(const struct passthrough *p, struct stat *st);

/* The number of an O_PATH descriptor as a path: its magic link in the current directory. */
struct magic {
	char path[12];
};
struct magic magic_of(int fd);

/* fs/passthrough-attr.c */
void passthrough_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void passthrough_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
			 struct fuse_file_info *fi);

/* fs/passthrough-io.c */
void passthrough_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void passthrough_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
			struct fuse_file_info *fi);
void passthrough_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi);
void passthrough_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		       struct fuse_file_info *fi);
void passthrough_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void passthrough_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void passthrough_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		       struct fuse_file_info *fi);
void passthrough_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
			   struct fuse_file_info *fi);
void passthrough_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void passthrough_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			 struct fuse_file_info *fi);

/* fs/passthrough-xattr.c */
void passthrough_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			  size_t size, int flags);
void passthrough_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void passthrough_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void passthrough_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
