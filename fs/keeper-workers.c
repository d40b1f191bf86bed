/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's workers, one for each kind of service. */
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

/* `comm` is what ps(1) shows, 15 characters. */
static const struct {
	const char *name, *comm;
} kinds[] = {
	[SERVICE_WORKER_EMULATION] = {"worker of the emulated files", "sysbox-fs"},
	[SERVICE_WORKER_VIEW] = {"worker of the engine's view", "sysbox-fs-view"},
};
static_assert(ARRAY_SIZE(kinds) == SERVICE_N_WORKERS, "every worker has its row");

static struct keeper *keeper_of(const struct child *c)
{
	return c->arg;
}

static enum service_worker kind_of(const struct child *c)
{
	return (enum service_worker)(c - keeper_of(c)->workers);
}

/*
 * What is another worker's is closed. The mounts too: otherwise they would outlive their
 * detaching.
 */
static void keep_only(struct keeper *k, enum service_worker kind)
{
	keeper_close_own(k);
	for (size_t i = 0; i < n_services; i++) {
		conn_close_mounts(&k->conns[i]);
		if (services[i]->worker != kind)
			conn_done(&k->conns[i]);
	}
	k->container.memory_tasks_fd = fd_close(k->container.memory_tasks_fd);
	if (kind == SERVICE_WORKER_EMULATION)
		k->container.rootfs_fd = fd_close(k->container.rootfs_fd);
	else
		container_close_view(&k->container);
}

static int run(struct child *c, int sock, struct error *err)
{
	struct keeper *k = keeper_of(c);
	const struct worker_start s = {
		.kind = kind_of(c),
		.container = &k->container,
		.conns = k->conns,
		.generation = c->generation,
		.keeper_sock = sock,
	};

	(void)prctl(PR_SET_NAME, kinds[s.kind].comm);
	keep_only(k, s.kind);
	return worker_run(&s, err);
}

static bool wants_next(const struct child *c)
{
	return !keeper_of(c)->ending;
}

bool keeper_has_worker(const struct keeper *k)
{
	for (size_t i = 0; i < SERVICE_N_WORKERS; i++)
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
		struct worker_ask ask;
	} word;
	ssize_t n = sock_recv(c->sock, &word, sizeof(word), NULL, 0, NULL);

	(void)err;
	if (n == (ssize_t)sizeof(word.ask))
		keeper_start_errand(k, KEEPER_TRIM, word.ask.trim);
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

static void replace_stalled(struct keeper *k, struct conn *c)
{
	struct child *view = &k->workers[SERVICE_WORKER_VIEW];

	log_warn("a file inside keeps a request of the engine's waiting");
	child_kill(view);
	conn_give_up(c);
	c->refuses = ++k->n_stalls >= STALLS_MAX;
	if (!k->ending)
		child_next(view);
}

static int on_stall(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	for (size_t i = 0; i < n_services; i++) {
		struct conn *c = &k->conns[i];

		if (c->guard_fd >= 0 && read(c->guard_fd, &n, sizeof(n)) == sizeof(n) &&
		    k->workers[SERVICE_WORKER_VIEW].pid)
			replace_stalled(k, c);
	}
	return 0;
}

static int guard_view(struct keeper *k, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_services; i++) {
		struct conn *c = &k->conns[i];

		if (services[i]->worker != SERVICE_WORKER_VIEW || c->fuse_fd < 0)
			continue;
		c->guard_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		r = c->guard_fd < 0 ? error_errno(err, errno, "timerfd_create")
				    : loop_add(&k->loop, c->guard_fd, on_stall, k, err);
	}
	return r;
}

static bool is_wanted(const struct keeper *k, enum service_worker kind)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i]->worker == kind && k->conns[i].fuse_fd >= 0)
			return true;
	return false;
}

/* The first ones must have answered INIT before the engine can come across the mount. */
static int wait_for(const struct child *c, struct error *err)
{
	struct error said;
	ssize_t n = sock_recv(c->sock, &said, sizeof(said), NULL, 0, NULL);

	if (n != (ssize_t)sizeof(said))
		return error_set(err, ECHILD, "the %s died while starting", c->name);
	if (said.errnum != 0) {
		*err = said;
		return -said.errnum;
	}
	return 0;
}

int keeper_first_workers(struct keeper *k, struct error *err)
{
	int r = guard_view(k, err);

	for (enum service_worker w = 0; r == 0 && w < SERVICE_N_WORKERS; w++) {
		r = child_init(&k->workers[w], &k->children, &role, kinds[w].name, k, err);
		if (r == 0 && is_wanted(k, w))
			r = child_start(&k->workers[w], err);
	}
	for (size_t i = 0; r == 0 && i < SERVICE_N_WORKERS; i++)
		if (k->workers[i].pid)
			r = wait_for(&k->workers[i], err);
	return r;
}

void keeper_kill_workers(struct keeper *k)
{
	for (size_t i = 0; i < SERVICE_N_WORKERS; i++)
		child_kill(&k->workers[i]);
}
