/* SPDX-License-Identifier: Apache-2.0 */
/* The one container of this supervisor, as START has described it. */
#pragma once

#include "lib/error.h"
#include "lib/idmap.h"

struct proto_message;

struct container {
	char *id;
	char *view_path; /* where the engine's view belongs; NULL: nowhere */
	struct idmap map;
	int init_pidfd;
	int rootfs_fd; /* the root mount alone, detached */
	int state_dirfd;
	int locks_fd; /* src/locks.h: open while init lives, and never used */
};
#define CONTAINER_EMPTY                                                                        \
	{                                                                                      \
		.init_pidfd = -EBADF, .rootfs_fd = -EBADF, .state_dirfd = -EBADF,              \
		.locks_fd = -EBADF                                                             \
	}

/* Out of a received PROTO_START, whose descriptors are taken over. */
int container_init(struct container *ret, struct proto_message *start, struct error *err);
void container_done(struct container *c);
