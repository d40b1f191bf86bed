/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FUSE operations of the emulated files: a directory of them for each of the two
 * connections. One reply to each request.
 */
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include "lib/emul.h"

/* The largest write: a sysctl's value is a page at most. */
#define VFS_WRITE_MAX 4096u

struct container;
struct vfs;

/* `generation` is different for each worker of a connection. The container is borrowed. */
struct vfs *vfs_new(enum emul_conn conn, const struct container *c, unsigned int generation);

/* The session's userdata is the struct vfs. */
extern const struct fuse_lowlevel_ops vfs_fast_ops;
extern const struct fuse_lowlevel_ops vfs_plain_ops;
