/* SPDX-License-Identifier: Apache-2.0 */
/* Short tasks of the keeper that may have to wait for a worker. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/spawn.h"

static int on_errand_end(void *arg, struct error *err)
{
	struct keeper_errand_state *e = arg;

	(void)err;
	loop_remove(&e->keeper->loop, e->pidfd);
	(void)spawn_wait(e->pid, &(int){0});
	e->pidfd = fd_close(e->pidfd);
	e->pid = 0;
	return 0;
}

/* Without the connections and the socket to the worker: an errand may outlive the keeper. */
static _noreturn_ void errand_main(struct keeper *k, enum keeper_errand kind, size_t service)
{
	const struct conn *c = &k->conns[service];
	int r = 0;

	keeper_close_own(k);
	for (size_t i = 0; i < n_services; i++)
		k->conns[i].fuse_fd = fd_close(k->conns[i].fuse_fd);
	switch (kind) {
	case KEEPER_TRIM:
		r = conn_refresh(c->mount_fd);
		break;
	case KEEPER_CARRY:
		r = services[service]->carry(c, &k->container);
		break;
	case KEEPER_N_ERRANDS:
		break;
	}
	if (r < 0)
		log_error("%s: errand %d: errno %d", services[service]->name, kind, -r);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int fork_errand(struct keeper *k, enum keeper_errand kind, size_t service,
		       struct error *err)
{
	struct keeper_errand_state *e = &k->errands[kind];
	pid_t pid = fork();

	if (pid < 0)
		return error_errno(err, errno, "fork");
	if (pid == 0)
		errand_main(k, kind, service);
	e->keeper = k;
	e->pid = pid;
	e->pidfd = pidfd_open(pid, 0);
	if (e->pidfd < 0)
		return error_errno(err, errno, "pidfd_open");
	return loop_add(&k->loop, e->pidfd, on_errand_end, e, err);
}

void keeper_start_errand(struct keeper *k, enum keeper_errand kind, size_t service)
{
	struct error err;

	if (service >= n_services || k->conns[service].mount_fd < 0 || k->errands[kind].pid > 0)
		return;
	if (fork_errand(k, kind, service, &err) < 0)
		log_error("errand %d: %s", kind, err.text);
}

/* Not waited for: it may hang until the connections are closed. */
void keeper_kill_errands(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_N_ERRANDS; i++) {
		struct keeper_errand_state *e = &k->errands[i];

		if (e->pid > 0)
			(void)kill(e->pid, SIGKILL);
		e->pidfd = fd_close(e->pidfd);
	}
}
