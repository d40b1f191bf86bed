/* SPDX-License-Identifier: Apache-2.0 */
/* Those that are mounted already: taken off, put on again, or following what is under them. */
#include "fs/overmounts-internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"

/* Below the working directory. */
static bool is_there(const char *path, const uint64_t devs[2])
{
	struct statx st;

	return overmount_stat(AT_FDCWD, path, &st) == 0 && overmount_is_one_of(&st, devs);
}

/* ------------------------------------------------------------------ taking off */

/* With what is mounted on them. */
int overmounts_clone_attached(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	int n = 0;

	if (fchdir(instance_fd) < 0)
		return -errno;
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (!is_there(m->path, devs))
			continue;
		m->fd = mount_clone(AT_FDCWD, m->path, MOUNT_CLONE_RECURSIVE);
		if (m->fd < 0)
			return m->fd;
		n++;
	}
	return n;
}

/* One that is on another has gone with that, and comes back with it. */
int overmounts_detach(struct overmounts *o, int instance_fd, const uint64_t devs[2])
{
	int n = 0;

	if (fchdir(instance_fd) < 0)
		return -errno;
	for (size_t i = 0; i < o->n; i++) {
		struct overmount *m = &o->v[i];

		if (m->fd < 0)
			continue;
		if (is_there(m->path, devs) &&
		    umount2(m->path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			n++;
		else
			m->fd = fd_close(m->fd);
	}
	return n;
}

/* ------------------------------------------------------------------ parts */

/* The path below `root`, "/sys"; NULL: it is not there. */
static const char *path_below(const char *path, const char *root)
{
	size_t len = strlen(root + 1);

	if (!path || len == 0)
		return path;
	return strncmp(path, root + 1, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* Owned, O_PATH; -ENOENT: what is there is not ours. */
static int open_ours(int dirfd, const char *path, const uint64_t devs[2])
{
	_cleanup_close_ int fd =
		path_open_in_root(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fd;
	return overmount_is_ours(fd, devs) ? take_fd(&fd) : -ENOENT;
}

/* By name, not by descriptors: there are some fifty of them when a container starts. */
void overmounts_set_readonly(int fd, const char *root, enum overmount_kind kind,
			     const uint64_t devs[2], bool is_readonly)
{
	if (fchdir(fd) < 0)
		return;
	for (size_t i = 0; i < n_emul_files; i++) {
		const char *path =
			path_below(overmount_path_in(emul_files[i].path, kind), root);

		if (path && is_there(path, devs))
			(void)mount_set_readonly(path, is_readonly);
	}
}

struct copying {
	int from_fd, to_fd;
	const uint64_t *devs;
};

/* It keeps its flags. */
static void copy_one(void *arg, const char *path)
{
	const struct copying *c = arg;
	_cleanup_close_ int ours = open_ours(c->from_fd, path, c->devs);
	_cleanup_close_ int copy = -EBADF, target = -EBADF;

	if (ours < 0)
		return;
	copy = mount_clone(ours, "", MOUNT_CLONE_ONE);
	target = path_open_in_root(c->to_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (copy >= 0 && target >= 0)
		(void)mount_attach(copy, target, "");
}

void overmounts_copy(int from_fd, int to_fd, const char *root, enum overmount_kind kind,
		     const uint64_t devs[2])
{
	_cleanup_free_ char *prefix =
		xasprintf("%s%s%s", overmount_prefix(kind), root + 1, root[1] ? "/" : "");
	struct copying c = {from_fd, to_fd, devs};

	for (size_t i = 0; i < n_emul_files; i++) {
		const char *path =
			path_below(overmount_path_in(emul_files[i].path, kind), root);

		if (path)
			copy_one(&c, path);
	}
	if (fchdir(from_fd) == 0)
		emul_each_hidden(prefix, "", copy_one, &c);
}
