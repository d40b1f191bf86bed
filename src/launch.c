/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	runtime (here)		builder, then init (src/init-builder.c, src/init.c)
 *	--------------		----------------------------------------------
 *	supervisor: fork+exec
 *	seccomp: compile
 *	user namespace, layers, binds: open as descriptors
 *	state.json ("creating")
 *	clone ---------------->	private mount namespace: root, /dev, pivot
 *	cgroup: make, enter
 *	CGROUP --------------->	enter the user namespace, unshare
 *	<-- NAMESPACES (root)
 *	time offsets
 *	OFFSETS -------------->	fork init
 *	<-- INIT (pid)
 *	procfs, sysfs -------->	mounts
 *	supervisor: START
 *	emulated files ------>	over the kernel's
 *	<-- HOOKS
 *	hooks ---------------->	masks, identity, seccomp
 *	<-- READY
 *	state.json ("created")
 *	GO ------------------->	waits for `start`
 *
 * Whatever could outlive a killed runtime is in state.json before it is made.
 * Processes die with the runtime (PR_SET_PDEATHSIG); from READY on init does so when
 * the socket ends before GO.
 */
#include "src/launch.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/spawn.h"
#include "src/fs-client.h"
#include "src/init.h"
#include "src/launch-internal.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/state.h"
#include "src/sync.h"

static const struct step {
	const char *name;
	int (*run)(struct work *w, struct error *err);
} steps[] = {
	{"start the supervisor", step_supervisor},
	{"compile the seccomp profile", step_seccomp},
	{"make the start FIFO", step_fifo},
	{"user namespace", step_userns},
	{"namespaces to join", step_joins},
	{"root file system", step_rootfs},
	{"locks", step_locks},
	{"stores", step_stores},
	{"binds", step_binds},
	{"console", step_console},
	{"record the state", step_record},
	{"work directory", step_work},
	{"fork", step_builder},
	{"cgroup", step_cgroup},
	{"namespaces", step_namespaces},
	{"time offsets", step_offsets},
	{"init", step_init},
	{"kernel file systems", step_kernel_fs},
	{"sysctls", step_sysctl},
	{"network devices", step_net_devices},
	{"supervise", step_supervise},
	{"emulation", step_emulation},
	{"hooks", step_hooks},
	{"terminal", step_terminal},
	{"ready", step_ready},
	{"save the state", step_save},
	{"go", step_go},
};

static int run_steps(struct work *w, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r;

		log_debug("create: %s", steps[i].name);
		r = steps[i].run(w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A child that failed says why, but we may have noticed its end in another way
 * (EPIPE on a send): its words are better.
 */
static void prefer_childs_words(struct work *w, struct error *err)
{
	if (err->errnum == EPIPE && w->sync >= 0)
		(void)sync_last_words(w->sync, err);
}

static void abort_launch(struct work *w, struct error *err)
{
	prefer_childs_words(w, err);
	spawn_kill(w->builder);
	spawn_kill(w->l->init_pid);
	w->l->init_pid = 0;
	w->l->init_pidfd = fd_close(w->l->init_pidfd);
	w->l->master_fd = fd_close(w->l->master_fd);
	fs_client_abort(&w->fs);
}

static void work_done(struct work *w)
{
	const struct plan *p = w->l->plan;

	for (size_t i = 0; w->join_fds && i < p->n_joins; i++)
		fd_close(w->join_fds[i]);
	for (size_t i = 0; w->mount_fds && i < p->n_mounts; i++)
		fd_close(w->mount_fds[i]);
	free(w->join_fds);
	free(w->mount_fds);
	for (size_t i = 0; i < w->n_layers; i++) {
		fd_close(w->layers[i].fd);
		free(w->layers[i].target);
	}
	free(w->layers);
	fd_close(w->fifo_fd);
	do_console_done(&w->console);
	fd_close(w->sync);
	fd_close(w->root_mount);
	locks_done(&w->locks);
	fd_close(w->proc_mount);
	fd_close(w->emulated.fast_fd);
	fd_close(w->emulated.plain_fd);
	fd_close(w->fs.sock);
	seccomp_program_done(&w->seccomp);
	rootfs_done(&w->rootfs);
	idmap_done(&w->map);
}

int launch(struct launch *l, struct error *err)
{
	struct work w = {
		.l = l,
		.rootfs = ROOTFS_EMPTY,
		.fs = {.sock = -EBADF},
		.fifo_fd = -EBADF,
		.console = DO_CONSOLE_EMPTY,
		.sync = -EBADF,
		.root_mount = -EBADF,
		.locks = LOCKS_EMPTY,
		.proc_mount = -EBADF,
		.emulated = FS_CLIENT_MOUNTS_EMPTY,
	};
	int r = run_steps(&w, err);

	if (r < 0)
		abort_launch(&w, err);
	work_done(&w);
	return r;
}

void launch_done(struct launch *l)
{
	l->userns_fd = fd_close(l->userns_fd);
	l->init_pidfd = fd_close(l->init_pidfd);
	l->master_fd = fd_close(l->master_fd);
}
