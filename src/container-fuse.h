/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container whose processes wait for file systems of their own. A request that a
 * FUSE server has taken keeps its caller waiting, also after SIGKILL; and a caller of the
 * server's own threads keeps the connection open, so that the kernel does not end it either.
 */
#pragma once

#include "src/state.h"

/*
 * Init was sent SIGKILL, and `pidfd` is init: wait for its end, at most `ms`, and end the
 * connections that it waits for. Returns at once when there are none. 1: it has ended, 0: not
 * yet.
 */
int container_await_end(const struct state *s, int pidfd, int ms);
