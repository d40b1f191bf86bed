/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fs/confine.h"
#include "fs/conn.h"
#include "fs/container.h"
#include "fs/loop.h"
#include "fs/rest.h"
#include "fs/service.h"
#include "lib/log.h"
#include "lib/sock.h"

/* Wake-ups between two looks at the time spent; at each, a few requests are answered. */
#define LOOK_EVERY 16

struct worker;

/* One connection being served. */
struct line {
	struct worker *worker;
	struct conn *conn;
	const struct service *service;
	void *userdata;
	bool is_gone; /* nothing more will come */
};

struct worker {
	const struct worker_start *start;
	struct loop loop;
	struct rest rest;
	unsigned int n_served; /* wake-ups since the last look at the time spent */
	struct line lines[SERVICES_MAX];
	size_t n_open;
};

static struct line *line_of(struct worker *w, size_t i)
{
	return w->start->conns[i].fuse_fd >= 0 ? &w->lines[i] : NULL;
}

/* Lost if the keeper is busy: the next one comes soon. */
static void ask_trim(const struct line *line)
{
	const struct worker_ask ask = {.trim = (unsigned int)(line - line->worker->lines)};

	if (line->service->wants_trim && line->service->wants_trim(line->userdata))
		(void)!write(line->worker->start->keeper_sock, &ask, sizeof(ask));
}

static void pause_listening(struct worker *w)
{
	for (size_t i = 0; i < n_services; i++)
		if (line_of(w, i))
			loop_remove(&w->loop, w->lines[i].conn->fuse_fd);
}

/* The users of the engine's view are the host's: that is not the container's work. */
static bool is_charged(const struct worker *w)
{
	return w->start->kind == SERVICE_WORKER_EMULATION;
}

static void rest_if_due(struct worker *w)
{
	if (!is_charged(w) || ++w->n_served < LOOK_EVERY)
		return;
	w->n_served = 0;
	if (rest_is_due(&w->rest))
		pause_listening(w);
}

static void end_line(struct line *line)
{
	struct worker *w = line->worker;

	loop_remove(&w->loop, line->conn->fuse_fd);
	line->is_gone = true;
	if (--w->n_open == 0)
		loop_end(&w->loop);
}

static int on_request(void *arg, struct error *err)
{
	struct line *line = arg;
	int r = conn_serve(line->conn, err);

	if (r < 0)
		return r;
	if (r == CONN_E_GONE) {
		end_line(line);
		return 0;
	}
	ask_trim(line);
	rest_if_due(line->worker);
	return 0;
}

static int listen_again(void *arg, struct error *err)
{
	struct worker *w = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_services; i++) {
		struct line *line = line_of(w, i);

		if (line && !line->is_gone)
			r = loop_add(&w->loop, line->conn->fuse_fd, on_request, line, err);
	}
	return r;
}

/* The keeper never sends anything: this is its end. */
static int on_keeper(void *arg, struct error *err)
{
	struct worker *w = arg;

	(void)err;
	loop_end(&w->loop);
	return 0;
}

static int prepare_lines(struct worker *w, struct error *err)
{
	for (size_t i = 0; i < n_services; i++) {
		struct line *line = &w->lines[i];
		int r;

		*line = (struct line){
			.worker = w,
			.conn = &w->start->conns[i],
			.service = services[i],
		};
		if (!line_of(w, i))
			continue;
		r = line->service->prepare(&line->userdata, w->start->container,
					   w->start->generation, err);
		if (r == 0)
			r = conn_session(line->conn, line->service->ops,
					 line->service->ops_size, line->userdata, err);
		if (r < 0)
			return error_wrap(err, r, "%s", line->service->name);
		w->n_open++;
	}
	return 0;
}

static int start_lines(struct worker *w, struct error *err)
{
	for (size_t i = 0; i < n_services; i++) {
		struct line *line = line_of(w, i);
		int r;

		if (!line)
			continue;
		r = conn_start(line->conn, err);
		if (r < 0)
			return error_wrap(err, r, "%s", line->service->name);
	}
	return listen_again(w, err);
}

static const struct confine_rights *const rights[SERVICE_N_WORKERS] = {
	[SERVICE_WORKER_EMULATION] = &confine_emulation,
	[SERVICE_WORKER_VIEW] = &confine_passthrough,
};

static int set_up(struct worker *w, struct error *err)
{
	int r = confine_files(err);

	/* Never wait for a process that waits for us. */
	if (r == 0 && fcntl(w->start->keeper_sock, F_SETFL, O_NONBLOCK) < 0)
		r = error_errno(err, errno, "fcntl");
	if (r == 0)
		r = loop_init(&w->loop, err);
	if (r == 0)
		r = loop_add(&w->loop, w->start->keeper_sock, on_keeper, w, err);
	if (r == 0)
		r = prepare_lines(w, err);
	if (r == 0 && is_charged(w))
		r = rest_init(&w->rest, w->start->container->view, &w->loop, listen_again, w,
			      err);
	if (r == 0)
		r = confine_to(rights[w->start->kind], err);
	return r == 0 ? start_lines(w, err) : r;
}

/* The error value is the message; errnum 0 says that we serve. */
static void tell_keeper(const struct worker *w, const struct error *e)
{
	/* The keeper does not listen to a later worker's, and a dead keeper is noticed soon. */
	(void)!write(w->start->keeper_sock, e, sizeof(*e));
}

int worker_run(const struct worker_start *s, struct error *err)
{
	struct worker w = {.start = s, .loop = LOOP_EMPTY, .rest = REST_EMPTY};
	int r = set_up(&w, err);

	tell_keeper(&w, r < 0 ? err : &(struct error){0});
	return r < 0 ? r : loop_run(&w.loop, err);
}
