/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids as the engine sees them (those of the image: "inside") versus ids as on the container's
 * overlay ("outside"): owners, and the ids inside extended attributes. Pure.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct idmap;
struct stat;

enum shift_direction {
	SHIFT_TO_OUTSIDE, /* what the engine writes */
	SHIFT_TO_INSIDE,  /* what it reads */
};

/* The owner shown to a reader: the overflow id where the container has no id for it. */
void shift_stat(const struct idmap *map, struct stat *st);

/* No attribute is longer (XATTR_SIZE_MAX). */
#define SHIFT_XATTR_MAX 65536u
/*
 * Translate an attribute's value in place; buf has room for SHIFT_XATTR_MAX bytes. Attributes
 * without ids stay as they are. Returns the new length; -EOVERFLOW: an id to be written does
 * not exist in the container; -EINVAL: malformed.
 */
ssize_t shift_xattr(const struct idmap *map, enum shift_direction dir, const char *name,
		    void *buf, size_t len);
