/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * openat2(2) with RESOLVE_IN_ROOT treats the root fd as "/" for the whole walk:
 * absolute symlinks and ".." stay inside, and the kernel guards against
 * concurrent renames. It gives no partial result, so making a missing path goes
 * component by component: every prefix is resolved afresh from the root, and a
 * directory is made relative to the fd of its parent, never by a path. Whatever
 * the container swaps between two steps, each step ends inside the root.
 *
 * A symlink whose target is missing gets its target made, as images rely on it:
 * /etc/resolv.conf may point to ../run/systemd/resolve/stub-resolv.conf, and
 * /var/run to an absent /run. Its text then takes the place of the component and
 * the walk begins again.
 */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/sys.h"

/* As the kernel's own limit (path_resolution(7)). */
#define SYMLINKS_MAX 40
/* openat2() says EAGAIN when any rename on the machine raced with a "..". */
#define OPENAT2_TRIES 128

static int open_retry(int dirfd, const char *path, const struct open_how *how)
{
	for (int i = 0; i < OPENAT2_TRIES; i++) {
		int fd = sys_openat2(dirfd, path, how);

		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int path_open_in_root(int root_dirfd, const char *path, int flags)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.mode = creates ? 0644 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return open_retry(root_dirfd, path, &how);
}

int path_open_beneath(int dirfd, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return open_retry(dirfd, path, &how);
}

static int open_dir_in_root(int root_dirfd, const char *path)
{
	return path_open_in_root(root_dirfd, path, O_PATH | O_DIRECTORY);
}

/* What a missing object gets. */
struct made {
	mode_t mode; /* S_IFDIR or S_IFREG, and permissions */
	uid_t uid;   /* (uid_t)-1: as it comes */
	gid_t gid;
};

static int create(int parent, const char *name, mode_t mode)
{
	/* Without threads, nobody else sees the umask that is changed for a moment. */
	mode_t old = umask(0);
	int r = S_ISDIR(mode) ? mkdirat(parent, name, mode & 07777)
			      : mknodat(parent, name, S_IFREG | (mode & 07777), 0);

	r = r < 0 ? -errno : 0;
	(void)umask(old);
	return r;
}

/* -EEXIST when there is something, be it a dangling symlink. */
static int make_entry(int parent, const char *name, const struct made *m)
{
	int type = S_ISDIR(m->mode) ? O_DIRECTORY : 0;
	_cleanup_close_ int fd = -EBADF;
	int r = create(parent, name, m->mode);

	if (r < 0)
		return r;
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | type);
	if (fd < 0)
		return -errno;
	if (m->uid != (uid_t)-1 && fchownat(fd, "", m->uid, m->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	return take_fd(&fd);
}

/*
 * `path` with the symlink at [start, end), an entry of `parent`, replaced by its
 * text. -ENOENT when it is no symlink: then somebody just removed what was there.
 */
static int expand_link(int parent, const char *path, size_t start, size_t end, char **ret)
{
	_cleanup_free_ char *name = xstrndup(path + start, end - start);
	char target[4096];
	ssize_t n = readlinkat(parent, name, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? -ENOENT : -errno;
	target[n] = '\0';
	*ret = xasprintf("%.*s%s%s", path_is_absolute(target) ? 0 : (int)start, path, target,
			 path + end);
	return strlen(*ret) < 2 * sizeof(target) ? 0 : -ENAMETOOLONG;
}

/*
 * One walk along `path`: makes what is missing, intermediate directories as
 * `dirs` says and the last component as `last`. 1 and *ret_path, when a dangling
 * symlink was met: walk again from there. Else an fd, in *ret_fd.
 */
static int walk(int root_dirfd, const char *path, const struct made *dirs,
		const struct made *last, int *ret_fd, char **ret_path)
{
	_cleanup_close_ int parent = open_dir_in_root(root_dirfd, "/");
	size_t start = strspn(path, "/");

	while (parent >= 0 && path[start]) {
		size_t end = start + strcspn(path + start, "/");
		size_t next = end + strspn(path + end, "/");
		_cleanup_free_ char *prefix = xstrndup(path, end);
		const struct made *m = path[next] ? dirs : last;
		int flags = O_PATH | (S_ISDIR(m->mode) ? O_DIRECTORY : 0);
		int fd = path_open_in_root(root_dirfd, prefix, flags);

		if (fd == -ENOENT)
			fd = make_entry(parent, prefix + start, m);
		if (fd == -EEXIST) {
			int r = expand_link(parent, path, start, end, ret_path);

			return r < 0 ? r : 1;
		}
		fd_close(parent);
		parent = fd;
		start = next;
	}
	if (parent < 0)
		return parent;
	*ret_fd = take_fd(&parent);
	return 0;
}

static int walk_links(int root_dirfd, const char *path, const struct made *dirs,
		      const struct made *last)
{
	_cleanup_free_ char *current = xstrdup(path);

	for (int i = 0; i < SYMLINKS_MAX; i++) {
		_cleanup_free_ char *expanded = NULL;
		int fd, r = walk(root_dirfd, current, dirs, last, &fd, &expanded);

		if (r <= 0)
			return r < 0 ? r : fd;
		free(current);
		current = take_ptr(&expanded);
	}
	return -ELOOP;
}

int path_mkdir_in_root(int root_dirfd, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct made dir = {.mode = S_IFDIR | (mode & 07777), .uid = uid, .gid = gid};
	int fd = open_dir_in_root(root_dirfd, path);

	if (fd != -ENOENT)
		return fd;
	return walk_links(root_dirfd, path, &dir, &dir);
}

static int check_type(int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(mode) && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return !S_ISDIR(mode) && S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

int path_mountpoint_in_root(int root_dirfd, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct made dir = {.mode = S_IFDIR | 0755, .uid = uid, .gid = gid};
	struct made file = {.mode = S_IFREG | 0644, .uid = uid, .gid = gid};
	_cleanup_close_ int fd = path_open_in_root(root_dirfd, path, O_PATH);
	int r;

	if (fd == -ENOENT)
		fd = walk_links(root_dirfd, path, &dir, S_ISDIR(mode) ? &dir : &file);
	if (fd < 0)
		return fd;
	r = check_type(fd, mode);
	return r < 0 ? r : take_fd(&fd);
}
