/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that answers trapped system calls: forked by the keeper beside the worker, and
 * like it replaced when it dies. It is not the worker, because the emulated files that it
 * attaches are looked up at the worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/fdset.h"
#include "fs/slots.h"
#include "lib/error.h"

struct container;

/* Calls worked on at a time, each by a process of its own; behind their slots is one more. */
#define TRAPPER_JOBS  16
#define TRAPPER_SLOTS (TRAPPER_JOBS + 1)

struct trapper_start {
	const struct container *container;
	int fast_mount; /* of the two connections, detached */
	int plain_mount;
	struct slots *jobs;	 /* TRAPPER_SLOTS of struct trap_job */
	struct fdset *listeners; /* this process's own copy */
	/* One more comes as a struct trapper_listener with its fd. End of file: no keeper. */
	int keeper_sock;
	int watchdog_fd; /* a timer that the keeper hears: see trap_guard() */
	bool is_careful; /* a predecessor did not come back */
};

struct trapper_listener {
	uint64_t number;
};

/* In the forked child. 0: the keeper is gone; a failure: another one should try. */
int trapper_run(const struct trapper_start *s, struct error *err);
