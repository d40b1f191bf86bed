/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that answers the requests of one service: forked by the keeper, replaced when it
 * dies.
 */
#pragma once

#include "lib/error.h"

struct conn;
struct container;
struct service;

struct worker_start {
	const struct service *service;
	const struct container *container;
	struct conn *conn;
	unsigned int generation; /* counts the workers of this service */
	/*
	 * First a struct error is sent here: errnum 0 when we serve. Then WORKER_ASKS_TRIM
	 * now and then. End of file: the keeper is dead.
	 */
	int keeper_sock;
};

/* One byte: what a worker cannot do itself, drop the unused dentries of its service. */
#define WORKER_ASKS_TRIM 't'

/*
 * In the forked child. Returns 0 when nothing is left to serve, and a failure when another
 * worker should try. The process ends when the keeper does.
 */
int worker_run(const struct worker_start *s, struct error *err);
