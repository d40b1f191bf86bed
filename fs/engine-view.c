/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The engine keeps an overlay of the container's layers mounted at a path of its
 * own; `docker cp`, `export` and the like go there. The container runs on another
 * overlay with the same upper directory, because its layers must be id-mapped. Two
 * overlays on one upper directory do not see each other's changes: negative
 * dentries stay negative, and a directory copied up by one makes creates in the
 * other fail with ENOTEMPTY.
 *
 * So while the container runs, only its overlay may be used: the view covers the
 * engine's mount. That one stays mounted beneath, unused, and its caches are
 * dropped when it is uncovered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/conn.h"
#include "fs/container.h"
#include "fs/passthrough.h"
#include "fs/service.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mount.h"

/* Of the id that the mount table shows: fsconfig(2) takes strings below 256 bytes. */
#define SOURCE_MAX 255

static int view_open(struct conn *ret, const struct container *c, struct error *err)
{
	_cleanup_free_ char *source = NULL;
	struct conn_options o = {
		.max_write = PASSTHROUGH_IO_MAX,
		.options = "allow_other,default_permissions",
		/* Nobody runs the container's programs or opens its devices from the host. */
		.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
	};

	if (!c->view_path)
		return SERVICE_E_UNWANTED;
	source = xstrndup(c->id, SOURCE_MAX);
	o.source = source;
	return conn_open(ret, &o, err);
}

/* Stacked on what is mounted there. From now on requests come. */
static int view_attach(const struct conn *conn, const struct container *c, struct error *err)
{
	int r = mount_attach(conn->mount_fd, AT_FDCWD, c->view_path);

	return r < 0 ? error_errno(err, -r, "mount at %s", c->view_path) : 0;
}

/* Asked of the VFS alone: a question to the file system would be one to our own worker. */
static int mount_id_of(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret = st.stx_mnt_id;
	return 0;
}

static bool is_on_top(int mount_fd, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint64_t a, b;

	return fd >= 0 && mount_id_of(fd, &a) == 0 && mount_id_of(mount_fd, &b) == 0 && a == b;
}

/* Only of an overlay: where the engine has unmounted its own, the path is the host's. */
static int refresh(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statfs st;
	int r;

	if (fd < 0 || fstatfs(fd, &st) < 0)
		return -errno;
	if (st.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	/* EINVAL: no mount point, so the host itself stands on an overlay. */
	r = conn_refresh(fd);
	return r == -EINVAL ? 0 : r;
}

/*
 * Who is using the view goes on using it; the connection ends with the last of them.
 * Somebody's mount on top of the view is left alone. EINVAL: `delete` was faster.
 */
static int view_detach(struct conn *conn, const struct container *c, struct error *err)
{
	char link[FD_PATH_MAX];
	int r = 0;

	if (is_on_top(conn->mount_fd, c->view_path) &&
	    umount2(fd_path(conn->mount_fd, link), MNT_DETACH) < 0 && errno != EINVAL)
		r = error_errno(err, errno, "unmount %s", c->view_path);
	conn->mount_fd = fd_close(conn->mount_fd);
	if (r < 0)
		return r;
	r = refresh(c->view_path);
	return r < 0 ? error_errno(err, -r, "refresh %s", c->view_path) : 0;
}

static int view_prepare(void **ret_userdata, const struct container *c, unsigned int generation,
			struct error *err)
{
	struct passthrough *p = xmalloc(sizeof(*p));
	int fd = fd_dup(c->rootfs_fd);
	int r;

	if (fd < 0)
		r = error_errno(err, -fd, "duplicate the root mount");
	else
		r = passthrough_init(p, fd, &c->map, generation, err);
	if (r < 0)
		free(p);
	else
		*ret_userdata = p;
	return r;
}

static bool view_wants_trim(void *userdata)
{
	struct passthrough *p = userdata;

	return inodes_want_trim(&p->inodes);
}

const struct service engine_view_service = {
	.name = "engine's view",
	.open = view_open,
	.attach = view_attach,
	.detach = view_detach,
	.prepare = view_prepare,
	.wants_trim = view_wants_trim,
	.ops = &passthrough_ops,
	.ops_size = sizeof(passthrough_ops),
};
