/* SPDX-License-Identifier: Apache-2.0 */
/* The process that answers: forked by the keeper, replaced when it dies. */
#pragma once

#include "lib/error.h"

struct conn;
struct container;

struct worker_start {
	const struct container *container;
	struct conn *conns; /* n_services, those not open are empty */
	unsigned int generation;
	/*
	 * First a struct error is sent here: errnum 0 when we serve. Then a struct worker_ask
	 * now and then. End of file: the keeper is dead.
	 */
	int keeper_sock;
};

/* What a worker cannot do itself: drop the unused dentries of this service. */
struct worker_ask {
	unsigned int trim;
};

/*
 * In the forked child. Returns 0 when nothing is left to serve or the keeper is gone,
 * and a failure when another worker should try.
 */
int worker_run(const struct worker_start *s, struct error *err);
