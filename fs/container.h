/* SPDX-License-Identifier: Apache-2.0 */
/* The one container of this supervisor, as START has described it. */
#pragma once

#include <stdint.h>

#include "lib/error.h"
#include "lib/idmap.h"

struct mirror_names;
struct node_values_store;
struct proto_message;
struct view;
struct views;

struct container {
	char *id;
	char *host_sysctls; /* as proto_start has it */
	char *view_path;    /* where the engine's view belongs; NULL: nowhere */
	struct idmap map;
	int init_pidfd;
	int rootfs_fd; /* the root mount alone, detached */
	int state_dirfd;
	int locks_fd; /* src/locks.h: open while init lives, and never used */
	int proc_fd;  /* a procfs of its pid namespace, detached */
	/* What is emulated (enum emul_group), and from what; the first NULL: nothing. */
	unsigned int emulate;
	struct view *view;
	struct views *views; /* of containers within; NULL: they see the container's own */
	struct node_values_store *values;
	int sys_dirfd;	 /* the host's /proc/sys alone */
	int *host_fds;	 /* n_emul_files: values that go to the host, too; else -EBADF */
	int sysfs_dirfd; /* its /sys, and nothing that is mounted there */
	struct mirror_names *names;
	uint64_t pidns; /* inode number of its pid namespace */
};
#define CONTAINER_EMPTY                                                                        \
	{                                                                                      \
		.init_pidfd = -EBADF, .rootfs_fd = -EBADF, .state_dirfd = -EBADF,              \
		.locks_fd = -EBADF, .proc_fd = -EBADF, .sys_dirfd = -EBADF,                    \
		.sysfs_dirfd = -EBADF                                                          \
	}

/* Out of a received PROTO_START, whose descriptors are taken over. */
int container_init(struct container *ret, struct proto_message *start, struct error *err);
/*
 * Open what the emulated files are made of, by the cgroups and the time namespace that init is
 * in. In the engine's mount namespace.
 */
int container_open_view(struct container *c, struct error *err);
void container_done(struct container *c);
