/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) across the border: a service that runs a container in the foreground,
 * or starts one, hears when the program inside is ready.
 *
 * The container gets a socket of its own at /run/notify/notify.sock, in NOTIFY_SOCKET;
 * the runtime passes READY=1 on to the socket that it was itself given, and nothing
 * else: MAINPID= and STATUS= of a container say nothing to its host.
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

struct syscont;
struct state_dir;

/*
 * At create, before the passes: if the caller waits for readiness, add the mount and the
 * variable.
 */
int notify_prepare(const struct state_dir *d, struct syscont *sc, struct error *err);

struct notify {
	int sock;      /* the container's; -EBADF: nobody waits */
	int host_sock; /* connected to the caller's */
};
#define NOTIFY_EMPTY                                                                           \
	{                                                                                      \
		.sock = -EBADF, .host_sock = -EBADF                                            \
	}
void notify_done(struct notify *n);
/* At start, before init is released: listen. Empty where nothing was prepared. */
int notify_listen(struct notify *n, const struct state_dir *d, struct error *err);
/*
 * n->sock is readable: take one message. NOTIFY_READY once READY=1 was passed on, with
 * `main_pid` as the service's main process.
 */
enum notify_result {
	NOTIFY_NOT_YET,
	NOTIFY_READY,
};
int notify_receive(struct notify *n, pid_t main_pid, struct error *err);
/* Until the container is ready, or its init has ended. */
int notify_wait(struct notify *n, int init_pidfd, pid_t main_pid, struct error *err);
