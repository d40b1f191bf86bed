/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between our stdio and the terminal of a process, both ways. Neither way waits for the
 * other, nor anything for a program that does not read.
 */
#pragma once

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* What was read and not yet written. So much a pipe takes at once when poll(2) says so. */
struct monitor_stream {
	char data[PIPE_BUF];
	size_t begin;
	size_t end;
};

struct monitor_terminal {
	int master_fd; /* borrowed; -EBADF: no terminal, and nothing is done */
	int epoll_fd;
	bool readable; /* until a read of the master says otherwise */
	bool writable;
	bool stdin_open;
	bool stdout_open;
	struct monitor_stream in;
	struct monitor_stream out;
};
#define MONITOR_TERMINAL_EMPTY                                                                 \
	{                                                                                      \
		.master_fd = -EBADF, .epoll_fd = -EBADF                                        \
	}
#define MONITOR_TERMINAL_FDS 3

/* master_fd becomes non-blocking. */
int monitor_terminal_init(struct monitor_terminal *t, int master_fd, struct error *err);
void monitor_terminal_done(struct monitor_terminal *t);
/* What to wait for; whether there is something to be done without waiting. */
bool monitor_terminal_poll(const struct monitor_terminal *t,
			   struct pollfd fds[MONITOR_TERMINAL_FDS]);
/* After poll(2). */
void monitor_terminal_move(struct monitor_terminal *t,
			   const struct pollfd fds[MONITOR_TERMINAL_FDS]);
/* The process has ended: what it wrote last is still in the terminal. */
void monitor_terminal_drain(struct monitor_terminal *t);
