/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by fs/vfs*.c: the node ids of a connection, and answers. */
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
 * Node ids are the same for every worker: the rows of emul_files, and above them the names in
 * mirrors.
 */
#define VFS_FIRST_ROW	 (FUSE_ROOT_ID + 1)
#define VFS_FIRST_MIRROR (UINT64_C(1) << 16)

/*
 * The number of the view (fs/views.h) is above both: whose figures a file shows is part of
 * its id. The container's own view, number 0, also has the files whose text is the same for
 * all.
 */
#define VFS_VIEW_SHIFT 34

#define VFS_FOREVER_SECONDS 3600.0
/* CPUs come and go with the limits. */
#define VFS_MIRROR_SECONDS 1.0
#define VFS_PLAIN_SIZE	   4096 /* a hint for readers that allocate by it */
/*
 * A text of EMUL_BOTH is fast up to this size: it may grow, and should still fit in the
 * buffer of a reader that uses stdio.
 */
#define VFS_SHORT 3072
/* Texts kept for readers that are not yet through. */
#define VFS_HELD_MAX 64

struct vfs_text {
	struct strbuf buf;
	int64_t snapshot_ns; /* the snapshot that it was made from */
	struct timespec changed;
};

struct vfs_held {
	uint64_t handle; /* 0: free */
	struct strbuf buf;
};

/* Nested views whose texts are kept; others are made again. */
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
/* Reply with a piece of it, or end of file. */
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
/* The view that an id shows, with a current snapshot; valid until the next call. */
struct view *vfs_view(const struct vfs *v, fuse_ino_t ino);
/* The mirrors as that view shows them. */
struct mirror vfs_mirror(const struct vfs *v, fuse_ino_t ino);
/* Where the text of a row is kept; fast. */
struct vfs_text *vfs_text(struct vfs *v, fuse_ino_t ino);

/* Where values come from that nobody has written. */
struct node_value_host vfs_values(const struct vfs *v);
/* The row of an id; NULL: none of this connection. */
const struct emul_file *vfs_row(const struct vfs *v, fuse_ino_t ino);
/* The current text of an id, replacing what is in *out; or -errno. */
int vfs_make_text(const struct vfs *v, fuse_ino_t ino, struct strbuf *out);
/* As it is: without making a new text. */
int vfs_stat(struct vfs *v, fuse_ino_t ino, struct stat *ret);

/* fs/vfs-dir.c: operations of both connections. */
void vfs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void vfs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		 struct fuse_file_info *fi);
void vfs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		     struct fuse_file_info *fi);
void vfs_readlink(fuse_req_t req, fuse_ino_t ino);

/* fs/vfs.c: also for both. */
void vfs_init(void *userdata, struct fuse_conn_info *conn);
void vfs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void vfs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		 struct fuse_file_info *fi);
void vfs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n);
