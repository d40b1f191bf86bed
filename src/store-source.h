/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of an overlay, read one by one by overlayfs' rules: what a merged view
 * cannot show, the layers of inner overlays among them, is found here.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

struct layers;
struct stat;

/* Topmost first, or one directory as it is. */
struct store_source {
	int *fds; /* directories, readable; owned */
	/* Of an image's layer, 0 is its topmost; or STORE_SOURCE_OWN. */
	int *numbers;
	size_t n;
};
#define STORE_SOURCE_EMPTY                                                                     \
	{                                                                                      \
		.fds = NULL                                                                    \
	}
/* No layer of the image: the container's own, a merged view, a store. */
#define STORE_SOURCE_OWN (-1)
void store_source_done(struct store_source *s);
/* TAKES fd. */
void store_source_add(struct store_source *s, int fd, int number);
/*
 * A whole rootfs, in the engine's mount namespace. Where its layers cannot be read one by
 * one, it is one directory. ret_layers may be NULL.
 */
int store_source_open(struct store_source *ret, const char *rootfs, struct layers *ret_layers,
		      struct error *err);
/*
 * The layers that contribute to a directory below: what overlayfs merges there. None when there
 * is no such directory.
 */
int store_source_enter(const struct store_source *s, const char *path,
		       struct store_source *ret);
/* One component of it, looked for from layer `first` on. */
int store_source_enter_one(const struct store_source *s, size_t first, const char *name,
			   struct store_source *ret);
/* What is seen of a name: an index of `fds`, or -1. */
ssize_t store_source_find(const struct store_source *s, const char *name, struct stat *ret);
/* A regular file, reached through no symlink; -EFBIG above `max`. */
int store_source_read(const struct store_source *s, const char *path, size_t max, char **ret,
		      size_t *ret_len);
/* The names of everything seen in it; owned. */
int store_source_list(const struct store_source *s, char ***ret);
