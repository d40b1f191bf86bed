/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that answers trapped system calls: forked by the keeper, and replaced when it
 * dies. It is not the worker, because that one serves the lookups of the emulated files that
 * this one attaches.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/fdset.h"
#include "fs/slots.h"
#include "lib/error.h"

struct container;

/*
 * Calls handled at a time, each by a process of its own; there is one more slot after theirs.
 */
#define TRAPPER_JOBS  16
#define TRAPPER_SLOTS (TRAPPER_JOBS + 1)

struct trapper_start {
	const struct container *container;
	int fast_mount; /* of the two connections, detached */
	int plain_mount;
	struct slots *jobs;	 /* TRAPPER_SLOTS of struct trap_job */
	struct fdset *listeners; /* this process's own copy */
	/*
	 * Another listener comes as a struct trapper_listener with its fd. End of file: the
	 * keeper is gone.
	 */
	int keeper_sock;
	int watchdog_fd; /* a timer watched by the keeper: see trap_guard() */
	bool is_careful; /* a predecessor was stuck */
};

struct trapper_listener {
	uint64_t number;
};

/* In the forked child. Returns 0 when the keeper is gone; a failure: another one should try. */
int trapper_run(const struct trapper_start *s, struct error *err);
