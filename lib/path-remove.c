/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A tree of any depth is removed with two open directories and no recursion: a
 * subdirectory that is not empty is moved up into the top directory and emptied
 * in its turn. Nothing is followed: RESOLVE_NO_XDEV keeps out of mounts, of the same file
 * system too, and unlink never looks through a symlink.
 */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/dir.h"
#include "lib/fd.h"

static int open_entry(int dirfd, const char *name)
{
	int fd = path_open_beneath(dirfd, name, O_RDONLY | O_DIRECTORY);

	return fd == -EXDEV ? -EBUSY : fd;
}

/* 0 also when it is not there; -ENOTEMPTY for a directory that is not empty. */
static int remove_entry(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? -ENOTEMPTY : -errno;
}

struct removal {
	int top; /* where directories with content are moved to */
	unsigned int n_moved;
};

static int move_up(struct removal *rm, int dirfd, const char *name)
{
	char up[32];
	int r;

	do {
		(void)snprintf(up, sizeof(up), ".removed-%u", rm->n_moved++);
		r = renameat2(dirfd, name, rm->top, up, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

static int empty_dir(struct removal *rm, int dirfd);

static int clear_entry(struct removal *rm, int dirfd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	int r = remove_entry(dirfd, name);

	if (r != -ENOTEMPTY)
		return r;
	if (dirfd != rm->top)
		return move_up(rm, dirfd, name);
	fd = open_entry(dirfd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = empty_dir(rm, fd);
	return r < 0 ? r : remove_entry(dirfd, name);
}

/* Recursion of depth two at most: an entry below the top is moved, not entered. */
static int empty_dir(struct removal *rm, int dirfd)
{
	_cleanup_dir_ DIR *dir = NULL;
	bool found = true;
	int r = dir_open(&dir, dirfd, ".");

	/* Entries may be skipped when others go (readdir(3)): until one pass sees none. */
	while (r == 0 && found) {
		struct dirent *e;

		found = false;
		rewinddir(dir);
		while (r == 0 && (r = dir_next(dir, &e)) > 0) {
			found = true;
			r = clear_entry(rm, dirfd, e->d_name);
		}
	}
	return r;
}

int path_remove_tree(int dirfd, const char *name)
{
	_cleanup_close_ int top = -EBADF;
	int r = remove_entry(dirfd, name);

	if (r != -ENOTEMPTY)
		return r;
	top = open_entry(dirfd, name);
	if (top < 0)
		return top == -ENOENT ? 0 : top;
	r = empty_dir(&(struct removal){.top = top}, top);
	return r < 0 ? r : remove_entry(dirfd, name);
}
