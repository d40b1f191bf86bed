/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process whose seccomp filter notifies has a listener, which somebody must receive: the
 * seccomp agent of the specification (config-linux.md, "containerProcessState"), or our own
 * supervisor for the calls that it traps. Host root.
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"
#include "src/state.h"

/* Init, or the process of an exec. */
struct listener_process {
	pid_t pid;
	int pidfd;
	int listener_fd;	  /* its number there */
	enum state_status status; /* of the container */
};
/*
 * Fetch the descriptor from the process (pidfd_getfd(2)) and send it with the container
 * process state to the unix socket `path`.
 */
int listener_hand_over(const char *path, const char *metadata, const struct state *s,
		       const struct listener_process *p, struct error *err);

/*
 * A socket to the supervisor, before the filter is loaded: after that, a call that nobody
 * answers fails with ENOSYS. -errno: nobody is there.
 */
int listener_open_supervisor(int state_dirfd);
/* Fetch and send, as above; the supervisor answers calls from now on. */
int listener_supervise(int sock, int pidfd, int listener_fd, struct error *err);
