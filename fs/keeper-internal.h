/* SPDX-License-Identifier: Apache-2.0 */
/* What fs/keeper*.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/child.h"
#include "fs/conn.h"
#include "fs/container.h"
#include "fs/fdset.h"
#include "fs/loop.h"
#include "fs/service.h"
#include "fs/slots.h"

struct keeper;

/* Short tasks in a process of their own, because they may wait for the worker. */
enum keeper_errand {
	KEEPER_TRIM,  /* conn_refresh() of a service's mount */
	KEEPER_CARRY, /* the service's carry() */
	KEEPER_N_ERRANDS,
};
/* fs/keeper-traps.c */
struct keeper_traps {
	int socket_fd;		/* where listeners come from: PROTO_SOCKET_NAME */
	struct fdset clients;	/* connected, but nothing received yet */
	struct fdset listeners; /* kept until their last process has ended */
	uint64_t last_number;	/* of a client or a listener */
	struct slots jobs;
	struct child trapper;
	int watchdog_fd; /* the trapper's timer: expires when it is stuck */
	bool is_careful; /* a trapper has been stuck */
};
#define KEEPER_TRAPS_EMPTY                                                                     \
	{                                                                                      \
		.socket_fd = -EBADF, .clients = FDSET_EMPTY, .listeners = FDSET_EMPTY,         \
		.trapper = CHILD_EMPTY, .watchdog_fd = -EBADF                                  \
	}

struct keeper_errand_state {
	struct keeper *keeper;
	pid_t pid; /* 0: none under way */
	int pidfd;
};

struct keeper {
	struct loop loop;
	int runtime_sock; /* until START is answered */
	struct container container;
	struct conn conns[SERVICES_MAX];
	int signal_fd;
	int mounts_fd; /* mountinfo, which signals changes */
	int timer_fd;  /* one shot: stop waiting for the last users */

	struct children children;
	struct child workers[SERVICES_MAX]; /* of the connections */
	unsigned int n_stalls; /* workers of the engine that a request has kept waiting */
	struct keeper_errand_state errands[KEEPER_N_ERRANDS];

	struct keeper_traps traps;

	bool ending;
	int64_t ending_ms;	/* since when */
	uint32_t last_received; /* requests when last checked */
};

/* fs/keeper-state.c */

/* In a child: close what is the keeper's own, and what belongs to its other children. */
void keeper_close_own(struct keeper *k);

/* fs/keeper-workers.c */

/*
 * Fork the first workers, and wait until they serve; none for services that are not wanted.
 */
int keeper_first_workers(struct keeper *k, struct error *err);
bool keeper_has_worker(const struct keeper *k);
void keeper_kill_workers(struct keeper *k);

/* fs/keeper-errands.c */

/* Does nothing when one of this kind is running already. A failure is logged. */
void keeper_start_errand(struct keeper *k, enum keeper_errand kind, size_t service);
void keeper_kill_errands(struct keeper *k);

/* fs/keeper-end.c */

/* Watch for the end: init's, or SIGTERM. */
int keeper_watch_end(struct keeper *k, struct error *err);
/* The timer has expired while ending. */
void keeper_linger(struct keeper *k);
/* Remove the services from the host; false: something is still in the way. */
bool keeper_detach(struct keeper *k);

/* fs/keeper-traps.c */

/* Wait for listeners, if nested views are wanted and there is something to show. */
int keeper_open_traps(struct keeper *k, struct error *err);
