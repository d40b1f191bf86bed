/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the store (src/store*.c) share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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
/* One component of store_source_enter(), looked for from layer `first` on. */
int store_source_enter_one(const struct store_source *s, size_t first, const char *name,
			   struct store_source *ret);

/* Add what has to be written down about one entry; `path` from the top of the store. */
int store_meta_add(struct strbuf *meta, int dirfd, const char *name, const char *path);
/*
 * Do to a fresh copy what the text says: it comes from an image, so from anybody. It can
 * make whiteouts and set user.* attributes and ACLs below `to`, nothing else.
 */
int store_meta_apply(const char *text, int to, struct error *err);
