/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shifted copy of one small file, for file systems that cannot be id-mapped: the
 * same bytes and mode on a tmpfs, owned by the id that the owner has inside.
 *
 * The file alone is to be mounted, so the tmpfs must be attached somewhere to be
 * cloned from (kernels before 6.15 clone nothing out of a detached mount). That
 * happens in a helper with a mount namespace of its own; the host sees nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

struct copy {
	int tmpfs;
	int sock;
};

static int clone_file(void *arg)
{
	const struct copy *c = arg;
	_cleanup_close_ int tree = -EBADF;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	r = mount_propagate("/", MS_REC | MS_PRIVATE);
	if (r == 0)
		r = mount_attach(c->tmpfs, AT_FDCWD, "/proc");
	if (r < 0)
		return r;
	tree = mount_clone(AT_FDCWD, "/proc/f", MOUNT_CLONE_ONE);
	return tree < 0 ? tree : sock_send(c->sock, "f", 1, &tree, 1);
}

static int clone_in_helper(int tmpfs)
{
	int pair[2], fd = -EBADF, r = sock_pair(pair);
	struct copy c = {.tmpfs = tmpfs};
	size_t n = 0;
	char byte;

	if (r < 0)
		return r;
	c.sock = pair[1];
	r = spawn_call(clone_file, &c);
	fd_close(pair[1]);
	if (r == 0 && sock_recv(pair[0], &byte, 1, &fd, 1, &n) != 1)
		r = -EIO;
	fd_close(pair[0]);
	return r < 0 ? r : fd;
}

static int write_file(int tmpfs, const struct stat *st, const struct idmap *map,
		      const char *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(tmpfs, "f", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, len);
	if (r < 0)
		return r;
	if (fchown(fd, idmap_to_outside(&map->uids, st->st_uid),
		   idmap_to_outside(&map->gids, st->st_gid)) < 0 ||
	    fchmod(fd, st->st_mode & 07777) < 0)
		return -errno;
	return 0;
}

int do_mounts_copy_file(const struct plan_mount *m, const struct stat *st,
			const struct idmap *map, struct error *err)
{
	const struct mount_new new = {.fstype = "tmpfs", .options = "mode=755,size=2m"};
	_cleanup_close_ int tmpfs = mount_make(&new, NULL, 0);
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r;

	if (tmpfs < 0)
		return error_errno(err, -tmpfs, "make a tmpfs for a copy of %s", m->source);
	r = file_read(AT_FDCWD, m->source, DO_MOUNTS_COPY_MAX, &data, &len);
	if (r == 0)
		r = write_file(tmpfs, st, map, data, len);
	if (r == 0)
		r = clone_in_helper(tmpfs);
	if (r < 0)
		return error_errno(err, -r, "copy %s for %s", m->source, m->target);
	log_debug("%s: a copy, since its file system cannot be id-mapped", m->target);
	return r;
}
