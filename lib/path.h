/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: lexical work, and resolution inside a root that somebody else controls.
 *
 * Everything that touches a container's tree goes through path_*_in_root():
 * openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), so that a symlink of the
 * image can lead nowhere but into the image (CVE-2019-5736, CVE-2021-30465).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Texts (lib/path.c). */

/* Lexically cleaned absolute or relative path ("//a/./b/../c" is "/a/c"); never empty. */
char *path_clean(const char *path);
/* "a" + "b" with one slash between; an absolute `b` is appended too. */
char *path_join(const char *a, const char *b);
bool path_is_absolute(const char *path);
/* Is `path` equal to `prefix` or below it, by components? Both cleaned. */
bool path_has_prefix(const char *path, const char *prefix);
/* dirname and last component of a cleaned path; both owned. "/" gives "/" and ".". */
void path_split(const char *path, char **ret_dir, char **ret_base);

/* Resolution (lib/path-root.c). */

/* open(2) flags; an absolute path too is taken from the root. Owned fd or -errno. */
int path_open_in_root(int root_dirfd, const char *path, int flags);
/*
 * The path has no symlink, mount or ".." on its way (-ELOOP, -EXDEV), where somebody else
 * may have put one.
 */
int path_open_beneath(int dirfd, const char *path, int flags);
/*
 * As mkdir -p inside the root, following its symlinks, dangling ones too (their
 * targets are made); missing directories get `mode` and, where uid is not
 * (uid_t)-1, the owner. Returns an owned O_PATH fd of the directory.
 */
int path_mkdir_in_root(int root_dirfd, const char *path, mode_t mode, uid_t uid, gid_t gid);
/*
 * The mount point for something of type `mode & S_IFMT` (S_IFDIR, anything else
 * is a file): opened when there, made with its parents (0755) when not. Returns
 * an owned O_PATH fd. -ENOTDIR or -EISDIR where the types disagree.
 */
int path_mountpoint_in_root(int root_dirfd, const char *path, mode_t mode, uid_t uid,
			    gid_t gid);
/* Removal (lib/path-remove.c). */

/*
 * rm -rf of one directory entry, without following symlinks or crossing mounts
 * (-EBUSY); absent is success.
 */
int path_remove_tree(int dirfd, const char *name);
