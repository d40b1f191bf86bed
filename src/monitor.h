/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime in the foreground: between the caller's terminal and signals, and a process
 * of the container.
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

/* One more descriptor to look after; negative at any time: no longer. */
struct monitor_watch {
	const int *fd;
	void (*run)(void *arg); /* it is readable */
	void *arg;
};

/*
 * Until the process `pid` (our child) ends: pass signals on, move bytes between our
 * stdio and the terminal `master_fd` (-EBADF: none), keep its size as ours. Our
 * terminal is raw meanwhile and restored before the return.
 * `w` may be NULL.
 * Returns the exit status as shells count it: 0..255, 128 + signal.
 */
int monitor(pid_t pid, int master_fd, const struct monitor_watch *w, struct error *err);
