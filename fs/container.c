/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/container.h"

#include <errno.h>
#include <sys/mount.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/proto.h"

int container_init(struct container *ret, struct proto_message *start, struct error *err)
{
	const struct proto_start *s = &start->body.start;
	struct container c = {
		.id = xstrdup(s->id),
		.view_path = *s->view_path ? xstrdup(s->view_path) : NULL,
		.init_pidfd = take_fd(&start->fds[PROTO_START_INIT_PIDFD]),
		.rootfs_fd = take_fd(&start->fds[PROTO_START_ROOTFS]),
		.state_dirfd = take_fd(&start->fds[PROTO_START_STATE_DIR]),
		.locks_fd = take_fd(&start->fds[PROTO_START_LOCKS]),
	};
	int r;

	proto_start_idmap(s, &c.map);
	/*
	 * A clone of a shared mount is its peer: what the container mounts in its root
	 * would appear here. We go through the overlay only.
	 */
	r = mount_set_propagation(c.rootfs_fd, MS_PRIVATE, 0);
	if (r < 0) {
		container_done(&c);
		return error_errno(err, -r, "make the clone of the root mount private");
	}
	*ret = c;
	return 0;
}

void container_done(struct container *c)
{
	free(take_ptr(&c->id));
	free(take_ptr(&c->view_path));
	idmap_done(&c->map);
	c->init_pidfd = fd_close(c->init_pidfd);
	c->rootfs_fd = fd_close(c->rootfs_fd);
	c->state_dirfd = fd_close(c->state_dirfd);
	c->locks_fd = fd_close(c->locks_fd);
}
