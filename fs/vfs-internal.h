/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fs/vfs share: the node ids of a connection, and answers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fs/mirror.h"
#include "fs/node-value.h"
#include "fs/tree.h"
#include "fs/vfs.h"
#include "lib/strbuf.h"

/*
 * Node ids are the same for every worker: the rows of emul_files, and above them the names
 * of mirrors.
 */
#define VFS_FIRST_ROW	 (FUSE_ROOT_ID + 1)
#define VFS_FIRST_MIRROR (UINT64_C(1) << 16)

/*
 * Both below the number of the view (fs/views.h): whose figures a file shows is in its id.
 * Under the number of the container's own, 0, lie the files whose text is the same for all.
 */
#define VFS_VIEW_SHIFT 34

#define VFS_FOREVER_SECONDS 3600.0
/* CPUs come and go with the limits. */
#define VFS_MIRROR_SECONDS 1.0
#define VFS_PLAIN_SIZE	   4096 /* a hint for who allocates by it */
/*
 * A text of EMUL_BOTH is fast up to here: it may grow, and is to stay within the buffer of who
 * reads through stdio.
 */
#define VFS_SHORT 3072
/* Texts kept for readers in the middle of one. */
#define VFS_HELD_MAX 64

struct vfs_text {
	struct strbuf buf;
	int64_t snapshot_ns; /* made of this */
	struct timespec changed;
};

struct vfs_held {
	uint64_t handle; /* 0: free */
	struct strbuf buf;
};

/* Views within whose texts are kept; others are made again. */
#define VFS_WITHIN_MAX 32
struct vfs_within {
	uint64_t view; /* VIEWS_OWN: free */
	struct vfs_text *texts;
};

struct vfs {
	enum emul_conn conn; /* fast or plain */
	const struct container *container;
	uid_t uid;
	gid_t gid;
	struct mirror mirror;
	struct vfs_text *texts; /* n_emul_files; fast */
	struct vfs_within within[VFS_WITHIN_MAX];
	struct vfs_held held[VFS_HELD_MAX];
	uint64_t last_handle;
	int *value_fds; /* see struct node_value_host */
	struct strbuf scratch;
};

struct vfs *vfs_of(fuse_req_t req);
void vfs_reply_error(fuse_req_t req, int r);
/* A piece of it, or end of file. */
void vfs_reply_piece(fuse_req_t req, const struct strbuf *b, size_t size, off_t off);

/* The two parts of an id. */
static inline fuse_ino_t vfs_place(fuse_ino_t ino)
{
	return ino & ((UINT64_C(1) << VFS_VIEW_SHIFT) - 1);
}
static inline uint64_t vfs_view_number(fuse_ino_t ino)
{
	return ino >> VFS_VIEW_SHIFT;
}
/* The view that an id shows, with a snapshot of now; good until the next call. */
struct view *vfs_view(const struct vfs *v, fuse_ino_t ino);
/* The mirrors as that view has them. */
struct mirror vfs_mirror(const struct vfs *v, fuse_ino_t ino);
/* Where the text of a row is kept; fast. */
struct vfs_text *vfs_text(struct vfs *v, fuse_ino_t ino);

/* Where values that nobody has written come from. */
struct node_value_host vfs_values(const struct vfs *v);
/* The row of an id of this connection; -ENOENT. */
int vfs_row(const struct vfs *v, fuse_ino_t ino, struct tree_node *ret);
/* The text of an id as it is now, in place of what is in *out; or -errno. */
int vfs_make_text(const struct vfs *v, fuse_ino_t ino, struct strbuf *out);
/* As it stands: without a new text. */
int vfs_stat(struct vfs *v, fuse_ino_t ino, struct stat *ret);

/* fs/vfs-dir.c: operations of both connections. */
void vfs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void vfs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		 struct fuse_file_info *fi);
void vfs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		     struct fuse_file_info *fi);
void vfs_readlink(fuse_req_t req, fuse_ino_t ino);

/* fs/vfs.c: the same. */
void vfs_init(void *userdata, struct fuse_conn_info *conn);
void vfs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void vfs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		 struct fuse_file_info *fi);
void vfs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n);
