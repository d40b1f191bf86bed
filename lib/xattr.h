/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes by path, of a symlink itself: the list, and one value. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Call `each` for every name, until one call fails: its -errno. A file system without
 * attributes has none.
 */
int xattr_each(const char *path, int (*each)(const char *name, void *arg), void *arg);
/* Owned value and its length; -ENODATA when it has gone meanwhile. */
ssize_t xattr_get(const char *path, const char *name, char **ret);
