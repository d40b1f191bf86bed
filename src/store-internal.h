/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by src/store*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/strbuf.h"
#include "lib/strlist.h"

struct stat;
struct store_source;

/*
 * Write a seeded tree to disk, and nothing else: syncfs(2) would wait for everything that
 * others write to the file system. src/store-sync.c
 */
int store_sync(int dirfd);

/*
 * In an image, at the top of a store: what no image can carry, written down.
 * src/store-meta.c
 */
#define STORE_META ".sysbox-meta"

/* There too: why the image has no inner images, or outdated ones. */
#define STORE_NOTE ".sysbox-failed"

bool store_is_whiteout(const struct stat *st);

/* src/store-attributes.c */

enum store_xattrs {
	STORE_XATTRS_ALL,
	/* For an image: without those of inner overlays. */
	STORE_XATTRS_IMAGE,
};
/* Owner, mode, extended attributes, times; not of the outer overlay. */
int store_copy_attributes(int from, const char *from_name, int to, const char *to_name,
			  enum store_xattrs which);
/* The same, for a caller that has its stat(2) already. */
int store_give_attributes(int from, const char *from_name, int to, const char *to_name,
			  const struct stat *st, enum store_xattrs which);

/* src/store-compare.c */

/* Owner, mode and time of modification. */
bool store_has_same_attributes(const struct stat *a, const struct stat *b);
/* Those, and size, target, device, or the capabilities of a program: `name` in both. */
bool store_is_same(int store, const struct stat *st, int lower, const struct stat *lower_st,
		   const char *name);

/* src/store-views.c */

/*
 * The symlink that stands for `path` (from the top of the store) of a layer, or for what
 * src/store-marks.c makes of it; owned.
 */
#define STORE_VIEW_MARKED (-2)
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
/* One line of such a text. */
struct store_meta_line {
	char *path; /* relative, and anybody's: it may lead anywhere */
	char *name; /* an extended attribute that root inside could set; NULL: a whiteout */
	char *value;
	size_t value_len;
};
/* ENOSPC, EDQUOT, EIO and EOPNOTSUPP end the walk, other errors the line. */
typedef int (*store_meta_fn)(const struct store_meta_line *l, void *arg);
int store_meta_for_each(const char *text, store_meta_fn fn, void *arg);
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
/* Everything that any flush has moved, back into the store. */
int store_move_back(const struct store_move *m, struct error *err);

/* src/store-clean.c */

/* Layers that are known to need nothing written down. */
struct store_clean {
	int dirfd; /* the stores' directory */
	const char *name;
	struct strlist known; /* sorted */
	struct strlist seen;
	bool changed;
};
void store_clean_load(struct store_clean *c, int dirfd, const char *name);
void store_clean_done(struct store_clean *c);
/* The directory `fd` of the layer at `path`. */
bool store_clean_has(struct store_clean *c, int fd, const char *path);
void store_clean_add(struct store_clean *c, int fd, const char *path);
/* For the next time: those that were asked for and known, or added. */
void store_clean_save(const struct store_clean *c);

/* src/store-flush.c */

struct store_flush_tree {
	struct store_move at;
	const struct store_source *lower; /* the image's, at the same path */
	/* Of what is made: an engine that remaps ids itself has no host root's files. */
	uid_t uid;
	gid_t gid;
};
int store_flush_tree(const struct store_flush_tree *t, struct error *err);

/* src/store-marks.c */

/* Of a store in the making. */
struct store_marks {
	int dirfd; /* the stores' directory */
	const char *name;
	int fd; /* where the marks go; made when first needed */
	struct strbuf list;
	size_t n;
	int supported; /* by this kernel; -1: not known yet */
};
void store_marks_begin(struct store_marks *m, int dirfd, const char *name);
void store_marks_done(struct store_marks *m);
/*
 * A layer of the image at `path`, its directory open as `layer`, needs what `text` says: 1: it
 * will be seen like that; 0: it has to be copied.
 */
int store_marks_add(struct store_marks *m, int layer, int number, const char *path,
		    const char *text, struct error *err);
/* Before the store gets its name. */
int store_marks_end(struct store_marks *m, struct error *err);

/* src/store-marks-mount.c */

/* In the stores' directory, where the marks of a store are; owned. */
char *store_marks_name(const char *store);
/* In it: a line "NUMBER PATH" for each layer, in the order of their directories 0, 1 .. */
#define STORE_MARKS_LIST     "list"
#define STORE_MARKS_LIST_MAX (16u << 20)

/*
 * In a child: a mount namespace of its own, and an empty tmpfs at `at`, which covers what the
 * host has there. Returns an owned fd of it.
 */
int store_marks_scratch(const char *at);
