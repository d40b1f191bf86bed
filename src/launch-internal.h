/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a launch. They run in the runtime, in the host's namespaces, in the order of
 * the table in src/launch.c, and hand to each other what is in `struct work`. A step that
 * fails has set *err; what it had made is undone by abort_launch() and work_done().
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"
#include "lib/idmap.h"
#include "src/do.h"
#include "src/fs-client.h"
#include "src/launch.h"
#include "src/locks.h"
#include "src/rootfs.h"

struct init_mount;

/* What the steps hand to each other; all owned. */
struct work {
	struct launch *l;
	struct idmap map;
	struct rootfs rootfs;
	struct seccomp_program seccomp;
	struct fs_client fs;
	int *join_fds;
	int *mount_fds;
	struct init_mount *layers; /* of inner images */
	size_t n_layers;
	int fifo_fd;
	struct do_console console;
	int sync;
	int root_mount;
	struct locks locks;
	int proc_mount; /* a procfs of the container, for the supervisor */
	struct fs_client_mounts emulated;
	pid_t builder;
};

/* Before the child (src/launch-prepare.c): nothing of this outlives a killed runtime. */

int step_supervisor(struct work *w, struct error *err);
int step_seccomp(struct work *w, struct error *err);
int step_fifo(struct work *w, struct error *err);
int step_userns(struct work *w, struct error *err);
int step_joins(struct work *w, struct error *err);
int step_rootfs(struct work *w, struct error *err);
int step_locks(struct work *w, struct error *err);
int step_stores(struct work *w, struct error *err);
int step_binds(struct work *w, struct error *err);
int step_console(struct work *w, struct error *err);
int step_record(struct work *w, struct error *err);
int step_work(struct work *w, struct error *err);

/* With the child: most answer, or wait for, a message of src/sync.h (src/launch-child.c). */

int step_builder(struct work *w, struct error *err);
int step_cgroup(struct work *w, struct error *err);
int step_namespaces(struct work *w, struct error *err);
int step_offsets(struct work *w, struct error *err);
int step_init(struct work *w, struct error *err);
int step_sysctl(struct work *w, struct error *err);
int step_net_devices(struct work *w, struct error *err);
int step_supervise(struct work *w, struct error *err);
int step_emulation(struct work *w, struct error *err);
int step_hooks(struct work *w, struct error *err);
int step_terminal(struct work *w, struct error *err);
int step_ready(struct work *w, struct error *err);
int step_save(struct work *w, struct error *err);
int step_go(struct work *w, struct error *err);

/* procfs and sysfs, made by a helper (src/launch-kernel-fs.c). */

int step_kernel_fs(struct work *w, struct error *err);
