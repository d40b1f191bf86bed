/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

unsigned int do_mounts_clone_flags(const struct plan_mount *m)
{
	return m->flags & PLAN_MOUNT_RECURSIVE ? MOUNT_CLONE_RECURSIVE : MOUNT_CLONE_ONE;
}

int do_mounts_set_attrs(const struct plan_mount *m, int fd, struct error *err)
{
	int r = 0;

	if (m->rec_attr_set || m->rec_attr_clear)
		r = mount_set_attr(fd, m->rec_attr_set, m->rec_attr_clear,
				   MOUNT_CLONE_RECURSIVE);
	if (r == 0 && (m->attr_set || m->attr_clear))
		r = mount_set_attr(fd, m->attr_set, m->attr_clear, 0);
	return r < 0 ? error_errno(err, -r, "set the attributes of %s", m->target) : 0;
}

/*
 * The place to mount at, made if missing. "/" may be read-only by now; its
 * missing directories are made through the writable clone.
 */
int do_mounts_target(const struct do_mounts *m, const char *target, mode_t type)
{
	int fd = path_mountpoint_in_root(m->root_fd, target, type, (uid_t)-1, (gid_t)-1);

	if (fd != -EROFS || m->writable_fd < 0)
		return fd;
	fd = path_mountpoint_in_root(m->writable_fd, target, type, (uid_t)-1, (gid_t)-1);
	if (fd < 0)
		return fd;
	fd_close(fd);
	return path_open_in_root(m->root_fd, target, O_PATH | O_CLOEXEC);
}
