/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stores of a container: real directories for what its inner engines keep.
 *
 *	<engine's layer directory>/	removed by the engine with the container
 *	 ├ diff, fs ..			the upper layer
 *	 ├ sysbox-work			src/rootfs.c
 *	 └ sysbox-store/
 *	    ├ docker, containerd ..	one for each row of syscont-stores.c
 *	    ├ .new-NAME			one in the making, or what a crash left of it
 *	    └ .skeleton			a lower layer that has all mount points
 *
 * So a store lives as long as the container's other data: it is kept when the
 * container is stopped and started again, has the same project quota, and no
 * collector is needed.
 */
#pragma once

#include <stddef.h>

#include "lib/error.h"

struct idmap;
struct json_pair;
struct store_layers;
struct store_source;
struct syscont_store;
struct syscont_view;

enum {
	STORE_E_NONE = 1 /* no overlay, or a read-only one: the rootfs needs no stores */
};
/* Where the stores of this rootfs are; owned. Nothing is made. */
int store_locate(char **ret_dir, const char *rootfs, struct error *err);

struct store_make {
	const char *dir; /* from store_locate() */
	const char *rootfs;
	const struct syscont_store *stores;
	size_t n_stores;
	const struct syscont_view *views;
	size_t n_views;
	/* Whose ids files have on disk: NULL the image's, else the container's. */
	const struct idmap *shift;
};
/*
 * Parent, host root, engine's mount namespace, before the container's own overlay is
 * mounted: make what is missing. A new store gets what the layers have at its path,
 * and is there as a whole or not at all, also after a power cut. What is there
 * already is left alone.
 * *ret_skeleton (owned) is for rootfs_add_layer().
 */
int store_make(const struct store_make *m, char **ret_skeleton, struct error *err);

/*
 * After store_flush() has shown them, for good: from now on the upper layer is all there is,
 * and what the next start begins with.
 */
int store_drop(const char *dir, struct error *err);

/* src/store-upper.c */

struct store_flush {
	const char *dir;
	const char *rootfs;
	const struct json_pair *stores; /* names, and paths in the rootfs without symlinks */
	size_t n_stores;
	int init_pidfd; /* of a frozen container; -EBADF: its overlay is not mounted any more */
};
/*
 * Host root, engine's mount namespace, nobody writes to the stores: show in the upper
 * layer what is in them, for the engine to commit. Idempotent; after a failure call
 * store_flush_failed(), so that no half of it is committed. STORE_E_NONE: there is no upper
 * layer that anybody could commit.
 */
int store_flush(const struct store_flush *f, struct error *err);
/*
 * As store_unflush(); in addition, an image that is committed now carries a note in its stores'
 * places why they are not up to date, which is logged when it is started.
 */
int store_flush_failed(const struct store_flush *f, const char *why, struct error *err);
/* Take it away again, before the container runs; init_pidfd is not looked at. */
int store_unflush(const struct store_flush *f, struct error *err);

/* src/store-views.c */

/*
 * What the layers of the image have at these paths (without symlinks of the image); *ret
 * is owned. Engine's mount namespace.
 */
int store_views_find(const char *rootfs, char *const *paths, struct syscont_view **ret,
		     size_t *ret_n, struct error *err);
void store_views_free(struct syscont_view *views, size_t n);

/* src/store-marks-mount.c */

/* In SYSCONT_STORE_VIEWS: layers of inner images together with what no image can carry. */
#define STORE_MARKED "marked"
/*
 * Parent, after store_make(): a detached, read-only tree to be mounted there; -EBADF when
 * the store `name` has no such layers. `path` is without symlinks of the image.
 */
int store_marks_mount(const struct store_make *m, const char *name, const char *path,
		      int userns_fd, int *ret_fd, struct error *err);

/* src/store-seed.c */

struct store_marks;

/*
 * Copy a merged directory, itself and all below, into the empty directory `to`: owners,
 * modes, times, extended attributes but the overlay's own, devices, hard links,
 * holes; data is shared with the original where the file system can. A 0:0 device
 * that hides nothing is a whiteout of an inner layer, and copied. Immutable layers and
 * blobs (NULL: unknown) that lie in one layer of the image become symlinks.
 * -ELOOP: deeper than STORE_SEED_MAX_DEPTH. Returns how many entries were made.
 */
#define STORE_SEED_MAX_DEPTH 256
struct store_seed {
	const struct store_source *from;
	const struct store_layers *layers;
	struct store_marks *marks; /* NULL: layers that need any are copied */
};
int store_seed(const struct store_seed *what, int to, struct error *err);
