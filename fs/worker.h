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
	int keeper_sock; /* told once that we serve, or why not; end of file: the keeper is dead */
};
/*
 * In the forked child. Returns 0 when nothing is left to serve or the keeper is gone,
 * and a failure when another worker should try.
 */
int worker_run(const struct worker_start *s, struct error *err);
