/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent: from a plan to a created container, whose init waits for `start`.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/idmap.h"
#include "src/store.h"

struct host;
struct plan;
struct spec;
struct state;
struct state_dir;
struct syscont_lock;

enum launch_flags {
	/* The maps came with the specification. */
	LAUNCH_GIVEN_IDS = 1u << 0,
	/* No console socket: we keep the terminal's master ourselves. */
	LAUNCH_KEEP_TERMINAL = 1u << 1,
};

struct launch {
	/* In; borrowed. */
	const struct host *host;
	const struct spec *spec; /* as rewritten */
	const struct plan *plan;
	struct store_make stores; /* n_stores == 0: none */
	const struct syscont_lock *locks;
	size_t n_locks;
	const struct state_dir *dir;
	struct state *state; /* filled in, and saved */
	const char *console_socket;
	unsigned int preserve_fds;
	unsigned int flags;
	int userns_fd; /* an existing one to join; -EBADF: make one of plan->idmap. TAKEN */

	/* Out. */
	pid_t init_pid; /* our child */
	int init_pidfd;
	int master_fd; /* LAUNCH_KEEP_TERMINAL */
};
#define LAUNCH_EMPTY                                                                           \
	{                                                                                      \
		.userns_fd = -EBADF, .init_pidfd = -EBADF, .master_fd = -EBADF                 \
	}
void launch_done(struct launch *l);

/*
 * On success the container is "created", its state saved, its supervisor
 * running. On failure every process made here is gone and reaped; the caller
 * removes cgroup, state and range (container_destroy()).
 */
int launch(struct launch *l, struct error *err);
