/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the image's ids appear correctly inside, with nothing chowned.
 *
 * Prepared by the parent in the host's namespaces (every layer opened and
 * id-mapped, detached), mounted by the child in its private mount namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

struct idmap;

enum rootfs_kind {
	/* The engine's overlay mounted once more, of id-mapped layers. */
	ROOTFS_OVERLAY,
	/* A directory of any other file system, id-mapped as a whole. */
	ROOTFS_IDMAPPED,
	/* Owned by the container's ids on disk already (Docker's userns-remap). */
	ROOTFS_SHIFTED,
};

struct rootfs {
	enum rootfs_kind kind;
	char *path;   /* on the host, symlinks resolved */
	int mount_fd; /* IDMAPPED, SHIFTED: the detached tree */

	/* OVERLAY: */
	int *layer_fds; /* id-mapped lower layers, topmost first */
	size_t n_layers;
	size_t n_data_layers; /* how many of them, at the end, are data-only */
	/* id-mapped directory that holds upper and work; -EBADF: no upper layer */
	int upper_fd;
	char *upper_name; /* relative to it */
	char *work_path;  /* our own work directory beside them, on the host */
	char *options;	  /* the engine's other overlay options, ",redirect_dir=..", or "" */
};
#define ROOTFS_EMPTY                                                                           \
	{                                                                                      \
		.mount_fd = -EBADF, .upper_fd = -EBADF                                         \
	}
void rootfs_done(struct rootfs *r);

enum rootfs_flags {
	/*
	 * The maps came with the specification: the engine may have shifted the files
	 * itself.
	 */
	ROOTFS_MAYBE_SHIFTED = 1u << 0,
};

/*
 * Parent, host namespaces, host root. `userns_fd` has the maps of `map`. The error
 * names the path, the file system and what would work.
 */
int rootfs_prepare(struct rootfs *ret, const char *path, int userns_fd, const struct idmap *map,
		   unsigned int flags, struct error *err);

/*
 * Parent, after rootfs_prepare(), when work_path has been recorded for whoever cleans up.
 */
int rootfs_make_work(const struct rootfs *r, struct error *err);

/*
 * Are the files below `path` owned by the host ids of `map` already? 1 or 0; compares with the
 * very id of the container's root.
 */
int rootfs_is_shifted(const char *path, const struct idmap *map, struct error *err);

/*
 * Parent, after rootfs_prepare(), once: one more lower layer, under all of the
 * engine's, so that it adds names and changes none. Without effect on other kinds
 * than ROOTFS_OVERLAY.
 */
int rootfs_add_layer(struct rootfs *r, const char *path, int userns_fd, struct error *err);

/*
 * Child, private mount namespace, host root; `scratch_fd` is an attached, empty
 * tmpfs to work in, which the caller throws away afterwards; the working
 * directory changes. The container's root file system is attached at "root" in it.
 * fsuid and fsgid are those of the container's root for
 * the moment of the mount, which overlayfs remembers as the mounter's.
 */
int rootfs_mount(const struct rootfs *r, int scratch_fd, const struct idmap *map,
		 struct error *err);
