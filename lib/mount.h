/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new mount API as functions on descriptors. A mount travels detached, as
 * an fd, from where it may be made to where it is attached. All return an
 * owned fd or 0, or -errno.
 */
#pragma once

#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

enum mount_clone_flags {
	MOUNT_CLONE_ONE = 0,
	MOUNT_CLONE_RECURSIVE = 1u << 0,
};
/* A detached copy (OPEN_TREE_CLONE) of what is at dirfd/path; path "" means the fd itself. */
int mount_clone(int dirfd, const char *path, unsigned int flags);
/* Attach to directory or file dirfd/path; an empty path means the dirfd, stacked upon it. */
int mount_attach(int mount_fd, int dirfd, const char *path);
/* Set and clear MOUNT_ATTR_*; flags 0 or MOUNT_CLONE_RECURSIVE. */
int mount_set_attr(int mount_fd, uint64_t set, uint64_t clear, unsigned int flags);
/* The mount at this path of the working directory, whose last component is no symlink. */
int mount_set_readonly(const char *path, bool is_readonly);
/* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
int mount_set_propagation(int mount_fd, uint64_t propagation, unsigned int flags);
/*
 * MOUNT_ATTR_IDMAP with the maps of userns_fd. -EINVAL: this file system does not
 * support it (overlayfs, procfs, old tmpfs); -EPERM: already mapped or not
 * detached.
 */
int mount_set_idmap(int mount_fd, int userns_fd, unsigned int flags);

/*
 * fsopen + fsconfig for each option of the comma-separated `options` + fsmount.
 * `source` may be NULL. `sb_flags` are MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC,
 * MS_LAZYTIME, `attrs` MOUNT_ATTR_*. The file system's own message of failure
 * (read from the context fd) is put into `msg` when it is not NULL.
 */
struct mount_new {
	const char *fstype;
	const char *source;
	const char *options;
	uint64_t sb_flags;
	uint64_t attrs;
};
int mount_make(const struct mount_new *m, char *msg, size_t msg_size);
/* Legacy propagation change of an attached path, mount(2). */
int mount_propagate(const char *path, unsigned long flags);
