/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime in the foreground: between the caller's terminal and signals, and a process
 * of the container.
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

/*
 * Until the process `pid` (our child) ends: pass signals on, move bytes between our
 * stdio and the terminal `master_fd` (-EBADF: none), keep its size as ours. Our
 * terminal is raw meanwhile and restored before the return.
 * Returns the exit status as shells count it: 0..255, 128 + signal.
 */
int monitor(pid_t pid, int master_fd, struct error *err);
