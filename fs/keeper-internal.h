/* SPDX-License-Identifier: Apache-2.0 */
/* What fs/keeper*.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
	int timer_fd;	   /* one shot: the next trapper */
	int watchdog_fd;   /* the trapper's timer: expires when it is stuck */
	bool is_careful;   /* a trapper has been stuck */
	struct fdset lost; /* pidfds of stuck ones, by pid: killed, but waiting in the kernel */

	pid_t pid; /* 0: none */
	int pidfd;
	int sock;
	int64_t started_ms;
	int delay_ms;
};
#define KEEPER_TRAPS_EMPTY                                                                     \
	{                                                                                      \
		.socket_fd = -EBADF, .clients = FDSET_EMPTY, .listeners = FDSET_EMPTY,         \
		.timer_fd = -EBADF, .watchdog_fd = -EBADF, .lost = FDSET_EMPTY,                \
		.pidfd = -EBADF, .sock = -EBADF                                                \
	}

struct keeper_errand_state {
	struct keeper *keeper;
	pid_t pid; /* 0: none under way */
	int pidfd;
};

struct keeper {
	struct loop loop;
	struct container container;
	struct conn conns[SERVICES_MAX];
	int signal_fd;
	int mounts_fd; /* mountinfo, which signals changes */
	int timer_fd;  /* one shot: start the next worker, or stop waiting for the last */

	pid_t worker; /* 0: none */
	int worker_pidfd;
	int worker_sock;
	unsigned int generation;
	int64_t started_ms;
	int delay_ms;
	struct keeper_errand_state errands[KEEPER_N_ERRANDS];

	struct keeper_traps traps;

	bool ending;
	int64_t ending_ms;	/* since when */
	uint32_t last_received; /* requests when last checked */
};

/* fs/keeper-state.c */

/* In a child: close what is the keeper's own, and what belongs to the traps. */
void keeper_close_own(struct keeper *k);
void keeper_close_traps(struct keeper *k);

/* fs/keeper-staff.c */

/*
 * Fork the first worker and wait until it serves; does nothing when there is nothing to
 * serve.
 */
int keeper_first_worker(struct keeper *k, struct error *err);
/* Fork another one, now or, if that fails, later. */
void keeper_next_worker(struct keeper *k);
void keeper_kill_worker(struct keeper *k);
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
void keeper_kill_trapper(struct keeper *k);
