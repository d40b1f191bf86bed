/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A reader of an emulated file sleeps until its request is answered, twice if the text has
 * changed, so what counts is how soon this process gets the request. It waits for nothing
 * else, and so needs no event loop, with its look for a second request that is not there. The
 * keeper's end interrupts it (child_end_with_parent()).
 */
#include "fs/worker.h"

#include <time.h>
#include <unistd.h>

#include "fs/child.h"
#include "fs/confine.h"
#include "fs/conn.h"
#include "fs/container.h"
#include "fs/rest.h"
#include "fs/service.h"
#include "lib/macro.h"

/* Requests between two looks at the time spent. */
#define LOOK_EVERY 16

struct worker {
	const struct worker_start *start;
	void *userdata; /* the service's */
	struct rest rest;
	unsigned int n_served; /* since the last look at the time spent */
};

/* Lost if the keeper is busy: the next one comes soon. */
static void ask_trim(const struct worker *w)
{
	const struct worker_start *s = w->start;

	if (s->service->wants_trim && s->service->wants_trim(w->userdata))
		(void)!write(s->keeper_sock, &(char){WORKER_ASKS_TRIM}, 1);
}

/* What is asked meanwhile waits in the kernel. */
static void rest_if_due(struct worker *w)
{
	int ms;

	if (w->start->service->user != SERVICE_FOR_CONTAINER || ++w->n_served < LOOK_EVERY)
		return;
	w->n_served = 0;
	ms = rest_due_ms(&w->rest);
	if (ms > 0)
		(void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static int serve(struct worker *w, struct error *err)
{
	for (;;) {
		int r = conn_serve(w->start->conn, err);

		if (r != 0)
			return r == CONN_E_GONE ? 0 : r;
		ask_trim(w);
		rest_if_due(w);
	}
}

static int set_up(struct worker *w, struct error *err)
{
	const struct worker_start *s = w->start;
	int r = confine_files(err);

	if (r == 0)
		r = child_end_with_parent(s->keeper_sock, err);
	if (r == 0)
		r = s->service->prepare(&w->userdata, s->container, s->generation, err);
	if (r == 0)
		r = conn_session(s->conn, s->service->ops, s->service->ops_size, w->userdata,
				 err);
	if (r == 0 && s->service->user == SERVICE_FOR_CONTAINER)
		rest_init(&w->rest, s->container->view);
	if (r == 0)
		r = confine_to(s->service->rights, err);
	return r == 0 ? conn_start(s->conn, err) : r;
}

/* The error value is the message; errnum 0 says that we serve. */
static void tell_keeper(const struct worker *w, const struct error *e)
{
	/* The keeper does not listen to a later worker's, and a dead keeper is noticed soon. */
	(void)!write(w->start->keeper_sock, e, sizeof(*e));
}

int worker_run(const struct worker_start *s, struct error *err)
{
	struct worker w = {.start = s};
	int r = set_up(&w, err);

	tell_keeper(&w, r < 0 ? err : &(struct error){0});
	return r < 0 ? r : serve(&w, err);
}
