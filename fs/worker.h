/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that answers the requests of some services (enum service_worker): forked by the
 * keeper, replaced when it dies.
 */
#pragma once

#include "fs/service.h"
#include "lib/error.h"

struct conn;
struct container;

struct worker_start {
	enum service_worker kind;
	const struct container *container;
	struct conn *conns; /* n_services; those not open, or not of this kind, are empty */
	unsigned int generation; /* counts the workers of this kind */
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
