/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two connections of the emulated files. The runtime gets their mounts in the answer to
 * START and the container attaches them, so there is nothing to attach or remove on the host.
 * On a host that does not permit them, containers get the kernel's own files.
 */
#include "fs/confine.h"
#include "fs/conn.h"
#include "fs/container.h"
#include "fs/service.h"
#include "fs/vfs.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"

static const struct conn_options conn_options = {
	.source = "sysbox-fs",
	.max_write = VFS_WRITE_MAX,
	.options = "allow_other,default_permissions",
	.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

static int open_conn(struct conn *ret, const struct container *c, struct error *err)
{
	if (!c->view)
		return SERVICE_E_UNWANTED;
	if (conn_open(ret, &conn_options, err) < 0) {
		log_warn("nothing is emulated: %s", err->text);
		return SERVICE_E_UNWANTED;
	}
	return 0;
}

int emulation_mount(const struct conn *c, struct error *err)
{
	return conn_mount(c, &conn_options, err);
}

/* The container's mount namespace has copies, and they go with the container. */
static int close_mount(struct conn *conn, const struct container *c, struct error *err)
{
	(void)c;
	(void)err;
	conn->mount_fd = fd_close(conn->mount_fd);
	return 0;
}

static int prepare_fast(void **ret, const struct container *c, unsigned int generation,
			struct error *err)
{
	(void)err;
	*ret = vfs_new(EMUL_FAST, c, generation);
	return 0;
}

static int prepare_plain(void **ret, const struct container *c, unsigned int generation,
			 struct error *err)
{
	(void)err;
	*ret = vfs_new(EMUL_PLAIN, c, generation);
	return 0;
}

const struct service emul_fast_service = {
	.name = "emulated files, fast",
	.comm = "sysbox-fs-fast",
	.user = SERVICE_FOR_CONTAINER,
	.rights = &confine_emulation,
	.open = open_conn,
	.detach = close_mount,
	.prepare = prepare_fast,
	.ops = &vfs_fast_ops,
	.ops_size = sizeof(vfs_fast_ops),
};

const struct service emul_plain_service = {
	.name = "emulated files, plain",
	.comm = "sysbox-fs-plain",
	.user = SERVICE_FOR_CONTAINER,
	.rights = &confine_emulation,
	.open = open_conn,
	.detach = close_mount,
	.prepare = prepare_plain,
	.ops = &vfs_plain_ops,
	.ops_size = sizeof(vfs_plain_ops),
};
