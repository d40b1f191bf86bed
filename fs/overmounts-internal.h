/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what is mounted, and the paths of the table: for fs/overmounts*.c only. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/overmounts.h"

/* Inode, type and attributes, without a question to the file system; "": dirfd itself. */
int overmount_stat(int dirfd, const char *path, struct statx *ret);
uint64_t overmount_dev_of(const struct statx *st);
/* The root of a mount of one of these two? */
bool overmount_is_one_of(const struct statx *st, const uint64_t devs[2]);

/* "proc/" or "sys/". */
const char *overmount_prefix(enum overmount_kind kind);
/* The path relative to the instance, or NULL: it belongs to the other kind. */
const char *overmount_path_in(const char *path, enum overmount_kind kind);
