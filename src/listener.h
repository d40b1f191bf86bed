/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp agent of the specification (config-linux.md, "containerProcessState"). */
#pragma once

#include "lib/error.h"

struct state;

/*
 * Fetch descriptor number `listener_fd` of init (pidfd_getfd(2)) and send it with
 * the container process state to the unix socket `path`. Host root.
 */
int listener_hand_over(const char *path, const char *metadata, const struct state *s,
		       int init_pidfd, int listener_fd, struct error *err);
