/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that holds everything: FUSE connections, the container's descriptors, the
 * requests in flight. It does as little as possible, so that it does not die; the children that
 * it forks do the rest.
 */
#pragma once

#include "lib/error.h"

/*
 * Wait for START on this socket, serve, answer READY or FAILED, and stay until the
 * container's init has ended (or SIGTERM comes): then 0, with nothing left on the
 * host. Also 0 when the socket is closed before START. TAKES sock.
 */
int keeper_run(int sock, struct error *err);
