/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the store (src/store*.c) share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

struct stat;
struct store_source;
struct strbuf;

/*
 * In an image, at the top of a store: what no image can carry, written down.
 * src/store-meta.c
 */
#define STORE_META ".sysbox-meta"

bool store_is_whiteout(const struct stat *st);

enum store_xattrs {
	STORE_XATTRS_ALL,
	/* For an image: without those of inner overlays. */
	STORE_XATTRS_IMAGE,
};
/* Owner, mode, extended attributes, times; not of the outer overlay. */
int store_copy_attributes(int from, const char *from_name, int to, const char *to_name,
			  enum store_xattrs which);

/* src/store-views.c */

/* The symlink that stands for `path` (from the top of the store) of a layer; owned. */
char *store_view_link(const char *path, int number);
/* Is dirfd/name such a symlink for its own path? */
bool store_view_is_link(int dirfd, const char *name, const char *path);

/* Add what has to be written down about one entry; `path` from the top of the store. */
int store_meta_add(struct strbuf *meta, int dirfd, const char *name, const char *path);
/*
 * The same for all below a directory, itself included, by paths from there. 1: an image
 * can carry it as it is.
 */
int store_meta_scan(struct strbuf *meta, int dirfd);
/*
 * Do to a fresh copy what the text says: it comes from an image, so from anybody. It can
 * make whiteouts and set user.* attributes and ACLs below `to`, nothing else.
 */
int store_meta_apply(const char *text, int to, struct error *err);
/* The same with the text that lies in `from`, if there is one. */
int store_meta_restore(const struct store_source *from, int to, struct error *err);

/* src/store-move.c */

struct store_move {
	int dirfd; /* the stores' directory */
	const char *name;
	int store; /* tops of both trees */
	int upper;
};
/* Directories (paths from the top) of the store, into the upper layer. */
int store_move_out(const struct store_move *m, char *const *paths, struct error *err);
/* All that any flush has moved, back into the store. */
int store_move_back(const struct store_move *m, struct error *err);

/* src/store-flush.c */

struct store_flush_tree {
	struct store_move at;
	const struct store_source *lower; /* the image's, at the same path */
	/* Of what is made: an engine that remaps ids itself has no host root's files. */
	uid_t uid;
	gid_t gid;
};
int store_flush_tree(const struct store_flush_tree *t, struct error *err);
