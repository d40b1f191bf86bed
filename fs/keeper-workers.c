/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's workers, one for each service. */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "fs/worker.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/sock.h"

static struct keeper *keeper_of(const struct child *c)
{
	return c->arg;
}

/* Of its service. */
static size_t index_of(const struct child *c)
{
	return (size_t)(c - keeper_of(c)->workers);
}

/*
 * What is another worker's is closed. The mounts too: otherwise they would outlive their
 * detaching.
 */
static void keep_only(struct keeper *k, size_t service)
{
	keeper_close_own(k);
	for (size_t i = 0; i < n_services; i++) {
		conn_close_mounts(&k->conns[i]);
		if (i != service)
			conn_done(&k->conns[i]);
	}
	k->container.memory_tasks_fd = fd_close(k->container.memory_tasks_fd);
	if (services[service]->user == SERVICE_FOR_CONTAINER)
		k->container.rootfs_fd = fd_close(k->container.rootfs_fd);
	else
		container_close_view(&k->container);
}

static int run(struct child *c, int sock, struct error *err)
{
	struct keeper *k = keeper_of(c);
	size_t i = index_of(c);
	const struct worker_start s = {
		.service = services[i],
		.container = &k->container,
		.conn = &k->conns[i],
		.generation = c->generation,
		.keeper_sock = sock,
	};

	(void)prctl(PR_SET_NAME, s.service->comm);
	keep_only(k, i);
	return worker_run(&s, err);
}

static bool wants_next(const struct child *c)
{
	return !keeper_of(c)->ending;
}

bool keeper_has_worker(const struct keeper *k)
{
	for (size_t i = 0; i < n_services; i++)
		if (k->workers[i].pid)
			return true;
	return false;
}

static void over(struct child *c)
{
	struct keeper *k = keeper_of(c);

	if (k->ending && !keeper_has_worker(k))
		loop_end(&k->loop);
}

/* A later worker's first message is a struct error; its content is in the log. */
static int heard(void *arg, struct error *err)
{
	struct child *c = arg;
	struct keeper *k = keeper_of(c);
	union {
		struct error said;
		char ask;
	} word;
	ssize_t n = sock_recv(c->sock, &word, sizeof(word), NULL, 0, NULL);

	(void)err;
	if (n == sizeof(word.ask) && word.ask == WORKER_ASKS_TRIM)
		keeper_start_errand(k, KEEPER_TRIM, index_of(c));
	/* The pidfd reports its end. */
	if (n <= 0)
		loop_remove(&k->loop, c->sock);
	return 0;
}

static const struct child_role role = {run, wants_next, over, heard};

/*
 * Root inside can hold the lock of a file or directory for as long as he likes, and whoever
 * needs it waits in the kernel, where SIGKILL does not reach him. The engine, which holds a
 * lock of its own meanwhile, gets an error. Who goes on like that costs it no more time.
 */
#define STALLS_MAX 3

static void replace_stalled(struct keeper *k, struct child *worker, struct conn *c)
{
	log_warn("a file inside keeps a request of the engine's waiting");
	child_kill(worker);
	conn_give_up(c);
	c->refuses = ++k->n_stalls >= STALLS_MAX;
	if (!k->ending)
		child_next(worker);
}

static int on_stall(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	for (size_t i = 0; i < n_services; i++) {
		struct conn *c = &k->conns[i];

		if (c->guard_fd >= 0 && read(c->guard_fd, &n, sizeof(n)) == sizeof(n) &&
		    k->workers[i].pid)
			replace_stalled(k, &k->workers[i], c);
	}
	return 0;
}

static int guard_engine(struct keeper *k, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_services; i++) {
		struct conn *c = &k->conns[i];

		if (services[i]->user != SERVICE_FOR_ENGINE || c->fuse_fd < 0)
			continue;
		c->guard_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		r = c->guard_fd < 0 ? error_errno(err, errno, "timerfd_create")
				    : loop_add(&k->loop, c->guard_fd, on_stall, k, err);
	}
	return r;
}

/* The first ones must have answered INIT before the engine can come across the mount. */
static int wait_for(const struct child *c, struct error *err)
{
	struct error said;
	ssize_t n = sock_recv(c->sock, &said, sizeof(said), NULL, 0, NULL);

	if (n != (ssize_t)sizeof(said))
		return error_set(err, ECHILD, "%s died while starting", c->name);
	if (said.errnum != 0) {
		*err = said;
		return -said.errnum;
	}
	return 0;
}

int keeper_first_workers(struct keeper *k, struct error *err)
{
	int r = guard_engine(k, err);

	for (size_t i = 0; r == 0 && i < n_services; i++) {
		struct child *w = &k->workers[i];

		r = child_init(w, &k->children, &role, services[i]->comm, k, err);
		if (r == 0 && k->conns[i].fuse_fd >= 0)
			r = child_start(w, err);
	}
	for (size_t i = 0; r == 0 && i < n_services; i++)
		if (k->workers[i].pid)
			r = wait_for(&k->workers[i], err);
	return r;
}

void keeper_kill_workers(struct keeper *k)
{
	for (size_t i = 0; i < n_services; i++)
		child_kill(&k->workers[i]);
}
