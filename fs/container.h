/* SPDX-License-Identifier: Apache-2.0 */
/* The one container of this supervisor, as described by START. */
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
	char *host_sysctls; /* as in proto_start */
	char *view_path;    /* where the engine's view goes; NULL: nowhere */
	struct idmap map;
	int init_pidfd;
	int rootfs_fd; /* the root mount alone, detached */
	int state_dirfd;
	int locks_fd; /* src/locks.h: kept open while init lives, otherwise unused */
	int proc_fd;  /* a procfs of its pid namespace, detached */
	/* What is emulated (enum emul_group), and from what; nothing when `view` is NULL. */
	unsigned int emulate;
	struct view *view;
	struct views *views; /* for containers within; NULL: they see the container's own */
	struct node_values_store *values;
	int sys_dirfd; /* the host's /proc/sys alone */
	int *host_fds; /* n_emul_files: values that are also written to the host; else -EBADF */
	int sysfs_dirfd;     /* the host's /sys, without what is mounted there */
	int memory_tasks_fd; /* cgroup_read_open_memory_tasks(); negative: there is none */
	struct mirror_names *names;
	uint64_t pidns;	 /* inode number of its pid namespace */
	uint64_t userns; /* ... of its user namespace */
};
#define CONTAINER_EMPTY                                                                        \
	{                                                                                      \
		.init_pidfd = -EBADF, .rootfs_fd = -EBADF, .state_dirfd = -EBADF,              \
		.locks_fd = -EBADF, .proc_fd = -EBADF, .sys_dirfd = -EBADF,                    \
		.sysfs_dirfd = -EBADF, .memory_tasks_fd = -EBADF                               \
	}

/* Fill from a received PROTO_START, whose descriptors are taken over. */
int container_init(struct container *ret, struct proto_message *start, struct error *err);
/*
 * Open what the emulated files are made from, by the cgroups and the time namespace of init.
 * To be called in the engine's mount namespace.
 */
int container_open_view(struct container *c, struct error *err);
/* Legal without one; nothing is emulated afterwards. */
void container_close_view(struct container *c);
void container_done(struct container *c);
