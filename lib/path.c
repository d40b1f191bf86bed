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
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/strbuf.h"
#include "lib/sys.h"

/* As the kernel's own limit (path_resolution(7)). */
#define SYMLINKS_MAX 40
/* openat2() says EAGAIN when any rename on the machine raced with a "..". */
#define OPENAT2_TRIES 128

bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}

/* Drops the last component, unless there is none or it is "..". */
static bool drop_last(struct strbuf *b, size_t root_len)
{
	size_t at = b->len;

	while (at > root_len && b->s[at - 1] != '/')
		at--;
	if (at == b->len || strcmp(b->s + at, "..") == 0)
		return false;
	if (at > root_len)
		at--; /* the slash in front */
	b->s[at] = '\0';
	b->len = at;
	return true;
}

char *path_clean(const char *path)
{
	struct strbuf b = STRBUF_EMPTY;
	size_t root_len = path_is_absolute(path) ? 1 : 0;

	strbuf_adds(&b, root_len ? "/" : "");
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			/* The parent of "/" is "/"; a relative ".." in front stays. */
			if (drop_last(&b, root_len) || root_len) {
				path += len;
				continue;
			}
		} else if (len == 0 || (len == 1 && path[0] == '.')) {
			path += len;
			continue;
		}
		if (b.len > root_len)
			strbuf_addc(&b, '/');
		strbuf_add(&b, path, len);
		path += len;
	}
	if (b.len == 0)
		strbuf_addc(&b, '.');
	return strbuf_take(&b);
}

char *path_join(const char *a, const char *b)
{
	size_t len = strlen(a);

	if (!*a)
		return xstrdup(b);
	if (!*b)
		return xstrdup(a);
	while (len > 0 && a[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, a, b + strspn(b, "/"));
}

bool path_has_prefix(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strcmp(prefix, "/") == 0)
		return path_is_absolute(path);
	return strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

void path_split(const char *path, char **ret_dir, char **ret_base)
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		*ret_dir = xstrdup(".");
		*ret_base = xstrdup(path);
		return;
	}
	*ret_dir = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	*ret_base = xstrdup(slash[1] ? slash + 1 : ".");
}

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
	/* We have no threads; so the umask is nobody else's for a moment. */
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

/*
 * Removal of a tree of any depth with two open directories and no recursion: a
 * subdirectory that is not empty is moved up into the top directory and emptied
 * in its turn. Nothing is followed: RESOLVE_NO_XDEV keeps out of mounts, of the same file
 * system too, and unlink never looks through a symlink.
 */
static int open_entry(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = open_retry(dirfd, name, &how);

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

static int move_up(int dirfd, const char *name, int top)
{
	static unsigned int counter;
	char up[32];
	int r;

	do {
		(void)snprintf(up, sizeof(up), ".removed-%u", counter++);
		r = renameat2(dirfd, name, top, up, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

static int empty_dir(int dirfd, int top);

/* An entry of `dirfd`; `top` is where directories with content are moved to. */
static int clear_entry(int dirfd, const char *name, int top)
{
	_cleanup_close_ int fd = -EBADF;
	int r = remove_entry(dirfd, name);

	if (r != -ENOTEMPTY)
		return r;
	if (dirfd != top)
		return move_up(dirfd, name, top);
	fd = open_entry(dirfd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = empty_dir(fd, top);
	return r < 0 ? r : remove_entry(dirfd, name);
}

/* Recursion of depth two at most: an entry below `top` is moved, not entered. */
static int empty_dir(int dirfd, int top)
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
			r = clear_entry(dirfd, e->d_name, top);
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
	r = empty_dir(top, top);
	return r < 0 ? r : remove_entry(dirfd, name);
}
