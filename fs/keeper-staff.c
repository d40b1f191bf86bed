/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's children: one worker after another, and errands. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "fs/worker.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/sock.h"
#include "lib/spawn.h"

/* A worker that lived this long is replaced at once; others after a delay that doubles. */
#define HEALTHY_MS   1000
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 320

static _noreturn_ void worker_main(struct keeper *k, int sock)
{
	const struct worker_start s = {
		.container = &k->container,
		.conns = k->conns,
		.generation = k->generation,
		.keeper_sock = sock,
	};
	struct error err;
	int r;

	keeper_close_own(k);
	keeper_close_traps(k);
	/* Otherwise the mounts would outlive their detaching. */
	for (size_t i = 0; i < n_services; i++)
		conn_close_mounts(&k->conns[i]);
	r = worker_run(&s, &err);
	if (r < 0)
		log_error("worker: %s", err.text);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

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
	keeper_close_traps(k);
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

/* A later worker's first message is a struct error; its content is in the log. */
static int on_worker_word(void *arg, struct error *err)
{
	struct keeper *k = arg;
	union {
		struct error said;
		struct worker_ask ask;
	} word;
	ssize_t n = sock_recv(k->worker_sock, &word, sizeof(word), NULL, 0, NULL);

	(void)err;
	if (n == (ssize_t)sizeof(word.ask))
		keeper_start_errand(k, KEEPER_TRIM, word.ask.trim);
	/* The pidfd reports its end. */
	if (n <= 0)
		loop_remove(&k->loop, k->worker_sock);
	return 0;
}

static int reap_worker(struct keeper *k)
{
	int status = 0;

	loop_remove(&k->loop, k->worker_pidfd);
	loop_remove(&k->loop, k->worker_sock);
	(void)spawn_wait(k->worker, &status);
	k->worker_pidfd = fd_close(k->worker_pidfd);
	k->worker_sock = fd_close(k->worker_sock);
	k->worker = 0;
	return status;
}

void keeper_kill_worker(struct keeper *k)
{
	if (k->worker == 0)
		return;
	(void)kill(k->worker, SIGKILL);
	(void)reap_worker(k);
}

static int next_delay(struct keeper *k)
{
	if (clock_msec() - k->started_ms >= HEALTHY_MS)
		k->delay_ms = 0;
	else if (k->delay_ms < DELAY_MIN_MS)
		k->delay_ms = DELAY_MIN_MS;
	else
		k->delay_ms = 2 * k->delay_ms < DELAY_MAX_MS ? 2 * k->delay_ms : DELAY_MAX_MS;
	return k->delay_ms;
}

static int on_worker_end(void *arg, struct error *err)
{
	struct keeper *k = arg;
	int status = reap_worker(k);
	int delay;

	(void)err;
	if (k->ending) {
		loop_end(&k->loop);
		return 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
		log_info("nothing left to serve");
		return 0;
	}
	delay = next_delay(k);
	log_warn("worker %u ended (%s %d), the next in %d ms", k->generation,
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), delay);
	if (delay == 0)
		keeper_next_worker(k);
	else
		clock_set_timer(k->timer_fd, delay);
	return 0;
}

static int watch_worker(struct keeper *k, struct error *err)
{
	int r;

	k->worker_pidfd = pidfd_open(k->worker, 0);
	if (k->worker_pidfd < 0)
		return error_errno(err, errno, "pidfd_open of the worker");
	r = loop_add(&k->loop, k->worker_pidfd, on_worker_end, k, err);
	return r < 0 ? r : loop_add(&k->loop, k->worker_sock, on_worker_word, k, err);
}

static int fork_worker(struct keeper *k, struct error *err)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pair[2], r;
	pid_t pid;

	r = sock_pair(pair);
	if (r < 0)
		return error_errno(err, -r, "socket for the worker");
	ours = pair[0];
	theirs = pair[1];
	k->generation++;
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "fork the worker");
	if (pid == 0) {
		fd_close(ours);
		worker_main(k, theirs);
	}
	k->worker = pid;
	k->worker_sock = take_fd(&ours);
	k->started_ms = clock_msec();
	return 0;
}

static int start_worker(struct keeper *k, struct error *err)
{
	int r = fork_worker(k, err);

	if (r == 0)
		r = watch_worker(k, err);
	if (r < 0)
		keeper_kill_worker(k);
	return r;
}

/* If no process can be created just now, users wait; that is better than losing them all. */
void keeper_next_worker(struct keeper *k)
{
	struct error err;

	if (start_worker(k, &err) == 0)
		return;
	log_error("%s", err.text);
	clock_set_timer(k->timer_fd, DELAY_MAX_MS);
}

/* The first worker must have answered INIT before the engine can come across the mount. */
static int wait_for_worker(struct keeper *k, struct error *err)
{
	struct error said;
	ssize_t n = sock_recv(k->worker_sock, &said, sizeof(said), NULL, 0, NULL);

	if (n != (ssize_t)sizeof(said))
		return error_set(err, ECHILD, "the worker died while starting");
	if (said.errnum != 0) {
		*err = said;
		return -said.errnum;
	}
	return 0;
}

int keeper_first_worker(struct keeper *k, struct error *err)
{
	bool wanted = false;
	int r;

	for (size_t i = 0; i < n_services; i++)
		wanted = wanted || k->conns[i].fuse_fd >= 0;
	if (!wanted)
		return 0;
	r = start_worker(k, err);
	return r < 0 ? r : wait_for_worker(k, err);
}
