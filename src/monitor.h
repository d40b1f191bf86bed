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
 * From now on signals wait for monitor(), which passes them on; in between they would end us,
 * and leave behind what is being made. Before the process is forked.
 */
int monitor_hold(struct error *err);
/*
 * Until the process `pid` (our child) ends: pass signals on, move bytes between our
 * stdio and the terminal `master_fd` (-EBADF: none), keep its size as ours. Our
 * terminal is raw meanwhile and restored before the return.
 * `w` may be NULL. Every other child that ends meanwhile is reaped, too.
 * Returns the exit status as shells count it: 0..255, 128 + signal.
 */
int monitor(pid_t pid, int master_fd, const struct monitor_watch *w, struct error *err);
