/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories and their entries. readdir(3) distinguishes an error from the end by errno alone;
 * with these functions nobody mistakes half a directory for the whole.
 */
#pragma once

#include <dirent.h>

#include "lib/macro.h"

/*
 * `name` below dirfd, or an absolute path, never through a symlink of that name: -ENOTDIR or
 * -ELOOP. An owned descriptor, for reading, or -errno.
 */
int dir_open_fd(int dirfd, const char *name);
/* Returns NULL. */
DIR *dir_close(DIR *dir);
DEFINE_CLEANUP(DIR *, dir_close)
#define _cleanup_dir_ _cleanup_(dir_closep)

/*
 * The same as a stream; "." is the directory itself, read from its start by a descriptor of its
 * own. 0 or -errno.
 */
int dir_open(DIR **ret, int dirfd, const char *name);
/*
 * The next entry but "." and "..", borrowed until the next call. 1, 0 at the end, -errno:
 *
 *	while (r == 0 && (r = dir_next(dir, &e)) > 0)
 *		r = visit(e->d_name);
 */
int dir_next(DIR *dir, struct dirent **ret);
