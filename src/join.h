/* SPDX-License-Identifier: Apache-2.0 */
/* `exec`: one more process in a running container. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

struct host;
struct plan_process;
struct plan_seccomp;
struct state;

struct join {
	/* In; borrowed. */
	const struct host *host;
	const struct state *state;
	int state_dirfd;
	const struct plan_process *process;
	const struct plan_seccomp *seccomp; /* NULL none */
	const char *console_socket;
	unsigned int preserve_fds;
	bool keep_terminal;
	bool hold_signals; /* monitor_hold() as soon as the process would outlive us */

	/* Out. */
	pid_t pid;     /* our child, executing */
	int master_fd; /* keep_terminal */
};
#define JOIN_EMPTY                                                                             \
	{                                                                                      \
		.master_fd = -EBADF                                                            \
	}

/*
 * On success the process runs (its execve succeeded). On failure it is gone, and
 * the error is in the words that engines expect ("executable file not found").
 */
int join(struct join *j, struct error *err);
