/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The engine keeps an overlay of the container's layers mounted at a path of its own, which
 * `docker cp`, `export` and the like use. The container runs on another overlay with the same
 * upper directory, because its layers must be id-mapped. Two overlays on one upper directory
 * do not see each other's changes: negative dentries stay negative, and once one has copied
 * up a directory, creating files there in the other fails with ENOTEMPTY.
 *
 * So while the container runs, only its own overlay may be used: the view covers the engine's
 * mount. That mount stays beneath, unused, and its caches are dropped when it is uncovered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/confine.h"
#include "fs/conn.h"
#include "fs/container.h"
#include "fs/passthrough.h"
#include "fs/service.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/str.h"

/* Characters of the id in the mount table: fsconfig(2) takes strings below 256 bytes. */
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

/* Stacked on what is mounted there. From now on requests arrive. */
static int view_attach(const struct conn *conn, const struct container *c, struct error *err)
{
	int r = mount_attach(conn->mount_fd, AT_FDCWD, c->view_path);

	return r < 0 ? error_errno(err, -r, "mount at %s", c->view_path) : 0;
}

/* Answered by the VFS alone: asking the file system would mean asking our own worker. */
static int mount_id_of(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret = st.stx_mnt_id;
	return 0;
}

static bool same_mount(int fd_a, int fd_b)
{
	uint64_t a, b;

	return fd_a >= 0 && fd_b >= 0 && mount_id_of(fd_a, &a) == 0 &&
	       mount_id_of(fd_b, &b) == 0 && a == b;
}

/* What is on top there; no file system is asked on the way. */
static int open_top(const char *path)
{
	return open(path, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
}

static bool is_on_top(int mount_fd, const char *path)
{
	_cleanup_close_ int top = open_top(path);

	return same_mount(top, mount_fd);
}

/* Only if it is an overlay: where the engine has unmounted its own, the path is the host's. */
static int refresh(const char *path)
{
	_cleanup_close_ int fd = open_top(path);
	struct statfs st;
	int r;

	if (fd < 0 || fstatfs(fd, &st) < 0)
		return -errno;
	if (st.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	/* EINVAL: no mount point, so the host itself is on an overlay. */
	r = conn_refresh(fd);
	return r == -EINVAL ? 0 : r;
}

static struct mountinfo *info_of(int mount_fd)
{
	struct mountinfo *m;
	uint64_t id;

	return mount_id_of(mount_fd, &id) == 0 && mountinfo_by_id(id, &m) == 0 ? m : NULL;
}

static char *upper_of(const struct mountinfo *m)
{
	return m && str_eq(m->fstype, "overlay") ? mountinfo_option(m->fs_options, "upperdir")
						 : NULL;
}

/*
 * Is it another mount of the engine's overlay: with the same upper directory as the one below
 * the view?
 */
static bool is_engines(const struct conn *conn, int fd)
{
	_cleanup_(mountinfo_freep) struct mountinfo *view = info_of(conn->mount_fd);
	_cleanup_(mountinfo_freep) struct mountinfo *other = info_of(fd), *below = NULL;
	_cleanup_free_ char *a = NULL, *b = NULL;

	if (!view || mountinfo_by_id((uint64_t)view->parent_id, &below) < 0)
		return false;
	a = upper_of(below);
	b = upper_of(other);
	return a && str_eq(a, b);
}

/* Detach what is known to be on top. EINVAL: another process was faster. */
static int detach_mount(int mount_fd)
{
	char link[FD_PATH_MAX];

	return umount2(fd_path(mount_fd, link), MNT_DETACH) < 0 && errno != EINVAL ? -errno : 0;
}

/* On that very mount, not at a path: it may already be gone again. */
static int cover_again(struct conn *conn, int *cover_fd)
{
	_cleanup_close_ int again = mount_clone(conn->mount_fd, "", MOUNT_CLONE_ONE);
	int r;

	if (again < 0)
		return again;
	r = mount_set_propagation(again, MS_PRIVATE, 0);
	if (r == 0)
		r = mount_attach(again, *cover_fd, "");
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	conn->again_fd = take_fd(&again);
	conn->cover_fd = take_fd(cover_fd);
	return SERVICE_E_CARRY;
}

static int carry_one(const struct conn *conn, const char *name)
{
	_cleanup_close_ int fd = mount_clone(conn->cover_fd, name, MOUNT_CLONE_RECURSIVE);

	return fd < 0 ? fd : mount_attach(fd, conn->again_fd, name);
}

/*
 * Docker 20.10 mounts a container's volumes below its own overlay for a `docker cp`. It may
 * have begun before the view was on top: what is mounted there must show up in the view, too.
 * Docker unmounts it by its path, that is, from the view; the rest goes with its overlay.
 */
static int view_carry(const struct conn *conn, const struct container *c)
{
	_cleanup_(mountinfo_freep) struct mountinfo *cover = info_of(conn->cover_fd);
	_cleanup_(mountinfo_freep) struct mountinfo *again = info_of(conn->again_fd);
	size_t prefix = strlen(c->view_path) + 1, n = 0;
	struct mountinfo **all = NULL;
	int r = cover && again ? mountinfo_all(&all, &n) : 0;

	for (size_t i = 0; i < n; i++) {
		int e = 0;

		if (all[i]->parent_id == cover->id && all[i]->id != again->id &&
		    strlen(all[i]->target) > prefix)
			e = carry_one(conn, all[i]->target + prefix);
		r = r < 0 ? r : e;
	}
	mountinfo_free_all(all, n);
	return r;
}

static int uncover(struct conn *conn)
{
	int r = detach_mount(conn->cover_fd);

	conn->again_fd = fd_close(conn->again_fd);
	conn->cover_fd = fd_close(conn->cover_fd);
	return r;
}

/*
 * An engine that was restarted does not recognise its mount (Docker asks statfs(2) for
 * overlayfs and gets FUSE): for each `docker cp` it mounts its overlay once more, over the
 * view, and unmounts it afterwards. The view is put back on top at once. What the engine then
 * unmounts is the view, and we unmount the overlay for it.
 */
static int view_mounts_changed(struct conn *conn, const struct container *c, struct error *err)
{
	_cleanup_close_ int top = open_top(c->view_path);
	int r = 0;

	if (conn->again_fd >= 0 && same_mount(top, conn->cover_fd))
		r = uncover(conn);
	else if (conn->again_fd < 0 && !same_mount(top, conn->mount_fd) &&
		 is_engines(conn, top))
		r = cover_again(conn, &top);
	return r < 0 ? error_errno(err, -r, "cover %s again", c->view_path) : r;
}

/* For every mount of it, with the engine's overlay in between: one of the engine's is left. */
static int detach_all(struct conn *conn, const char *path)
{
	int r = 0;

	if (is_on_top(conn->again_fd, path))
		r = detach_mount(conn->again_fd);
	if (r == 0 && is_on_top(conn->cover_fd, path))
		r = uncover(conn);
	if (r == 0 && is_on_top(conn->mount_fd, path))
		r = detach_mount(conn->mount_fd);
	return r;
}

/*
 * Current users of the view go on using it; the connection ends with the last of them. A
 * mount that somebody else has put on top is left alone.
 */
static int view_detach(struct conn *conn, const struct container *c, struct error *err)
{
	_cleanup_(mountinfo_freep) struct mountinfo *left = NULL;
	int r = detach_all(conn, c->view_path);

	left = info_of(conn->mount_fd);
	if (r == 0 && left)
		return SERVICE_E_COVERED;
	conn_close_mounts(conn);
	if (r < 0)
		return error_errno(err, -r, "unmount %s", c->view_path);
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
	.comm = "sysbox-fs-view",
	.user = SERVICE_FOR_ENGINE,
	.rights = &confine_passthrough,
	.open = view_open,
	.attach = view_attach,
	.detach = view_detach,
	.mounts_changed = view_mounts_changed,
	.carry = view_carry,
	.prepare = view_prepare,
	.wants_trim = view_wants_trim,
	.ops = &passthrough_ops,
	.ops_size = sizeof(passthrough_ops),
};
