/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single entries of one directory, made again in another. What a file is besides its content
 * (owner, mode, times, attributes) is the caller's to give.
 */
#pragma once

/*
 * The content of the regular file `name`: shared with the original where the file system
 * can, holes stay holes. Mode 0600. Returns an owned descriptor of the copy; -EEXIST.
 */
int copy_new(int from_dirfd, int to_dirfd, const char *name);
/* The symlink `name`, its target as it is. -EEXIST. */
int copy_symlink(int from_dirfd, int to_dirfd, const char *name);
