/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's part in trapped system calls. A process whose filter traps has a listener; the
 * runtime brings it here, and here it is held until the listener's last process has ended: if
 * nobody holds a listener, every trapped call fails. The trapper gets a copy of each, either
 * inherited or in a message.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "fs/notify.h"
#include "fs/trap.h"
#include "fs/trapper.h"
#include "lib/clock.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proc.h"
#include "lib/proto.h"
#include "lib/sock.h"
#include "lib/spawn.h"

/* As for workers (fs/keeper-staff.c). */
#define HEALTHY_MS   1000
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 320
/* Long enough for a killed process to end; the keeper waits for nobody forever. */
#define KILL_MAX_MS 500

static struct conn *conn_of(struct keeper *k, const struct service *s)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i] == s)
			return &k->conns[i];
	return NULL;
}

/* ------------------------------------------------------------------ the trapper */

/* The connections' descriptors would keep them alive: only mounts are passed. */
static int mount_files(struct keeper *k, struct trapper_start *s, struct error *err)
{
	s->fast_mount = emulation_mount(conn_of(k, &emul_fast_service), err);
	if (s->fast_mount < 0)
		return s->fast_mount;
	s->plain_mount = emulation_mount(conn_of(k, &emul_plain_service), err);
	if (s->plain_mount < 0)
		return s->plain_mount;
	for (size_t i = 0; i < n_services; i++)
		conn_done(&k->conns[i]);
	return 0;
}

_noreturn_ static void trapper_main(struct keeper *k, int sock)
{
	struct fdset listeners = k->traps.listeners;
	struct trapper_start s = {
		.container = &k->container,
		.jobs = &k->traps.jobs,
		.listeners = &listeners,
		.keeper_sock = sock,
		.watchdog_fd = k->traps.watchdog_fd,
		.is_careful = k->traps.is_careful,
	};
	struct error err;
	int r;

	keeper_close_own(k);
	k->traps.watchdog_fd = -EBADF;
	fd_close(listeners.epoll_fd);
	listeners.epoll_fd = -EBADF;
	k->traps.listeners = (struct fdset)FDSET_EMPTY;
	keeper_close_traps(k);
	r = mount_files(k, &s, &err);
	if (r == 0)
		r = trapper_run(&s, &err);
	if (r < 0)
		log_error("trapper: %s", err.text);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int next_delay(struct keeper_traps *t)
{
	if (clock_msec() - t->started_ms >= HEALTHY_MS)
		t->delay_ms = 0;
	else if (t->delay_ms < DELAY_MIN_MS)
		t->delay_ms = DELAY_MIN_MS;
	else
		t->delay_ms = 2 * t->delay_ms < DELAY_MAX_MS ? 2 * t->delay_ms : DELAY_MAX_MS;
	return t->delay_ms;
}

static int on_trapper_end(void *arg, struct error *err);

static int fork_trapper(struct keeper *k, struct error *err)
{
	struct keeper_traps *t = &k->traps;
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pair[2], r = sock_pair(pair);
	pid_t pid;

	if (r < 0)
		return error_errno(err, -r, "socket for the trapper");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "fork the trapper");
	if (pid == 0) {
		fd_close(ours);
		trapper_main(k, theirs);
	}
	t->pid = pid;
	t->sock = take_fd(&ours);
	t->started_ms = clock_msec();
	t->pidfd = pidfd_open(pid, 0);
	if (t->pidfd < 0)
		return error_errno(err, errno, "pidfd_open of the trapper");
	return loop_add(&k->loop, t->pidfd, on_trapper_end, k, err);
}

static int reap_trapper(struct keeper *k)
{
	struct keeper_traps *t = &k->traps;
	int status = 0;

	loop_remove(&k->loop, t->pidfd);
	(void)spawn_wait(t->pid, &status);
	t->pidfd = fd_close(t->pidfd);
	t->sock = fd_close(t->sock);
	t->pid = 0;
	return status;
}

/* It is waiting for one of the container's file systems, where SIGKILL does not reach it. */
static void lose_trapper(struct keeper *k)
{
	struct keeper_traps *t = &k->traps;
	struct error err;

	loop_remove(&k->loop, t->pidfd);
	if (fdset_add(&t->lost, (uint64_t)t->pid, take_fd(&t->pidfd), &err) < 0)
		log_error("%s", err.text);
	t->sock = fd_close(t->sock);
	t->pid = 0;
}

static int on_lost_end(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t pid;
	uint32_t events;

	(void)err;
	if (!fdset_next(&k->traps.lost, &pid, &events))
		return 0;
	(void)spawn_wait((pid_t)pid, &(int){0});
	fdset_remove(&k->traps.lost, pid);
	return 0;
}

void keeper_kill_trapper(struct keeper *k)
{
	if (k->traps.pid == 0)
		return;
	(void)kill(k->traps.pid, SIGKILL);
	if (proc_pidfd_wait(k->traps.pidfd, KILL_MAX_MS) == 1)
		(void)reap_trapper(k);
	else
		lose_trapper(k);
}

/* Callers wait in the meantime. */
static void start_trapper(struct keeper *k)
{
	struct error err;

	if (fork_trapper(k, &err) == 0)
		return;
	log_error("%s", err.text);
	keeper_kill_trapper(k);
	clock_set_timer(k->traps.timer_fd, DELAY_MAX_MS);
}

static int on_trapper_end(void *arg, struct error *err)
{
	struct keeper *k = arg;
	int status = reap_trapper(k);
	int delay;

	(void)err;
	if (k->ending || k->traps.listeners.n == 0)
		return 0;
	delay = next_delay(&k->traps);
	log_warn("the trapper ended (%s %d), the next in %d ms",
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), delay);
	if (delay == 0)
		start_trapper(k);
	else
		clock_set_timer(k->traps.timer_fd, delay);
	return 0;
}

static int on_timer(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	if (read(k->traps.timer_fd, &n, sizeof(n)) == sizeof(n) && !k->traps.pid && !k->ending)
		start_trapper(k);
	return 0;
}

/* A trapper that was only slow, on a busy machine, is killed needlessly: that does no harm. */
static int on_watchdog(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	if (read(k->traps.watchdog_fd, &n, sizeof(n)) != sizeof(n) || !k->traps.pid ||
	    k->ending)
		return 0;
	log_warn("the trapper is stuck reading a caller's memory: another one takes its place");
	k->traps.is_careful = true;
	keeper_kill_trapper(k);
	start_trapper(k);
	return 0;
}

/* ------------------------------------------------------------------ listeners */

/* A trapper that is just dying will be followed by one that inherits it. */
static int take_listener(struct keeper *k, int fd, struct error *err)
{
	struct keeper_traps *t = &k->traps;
	const struct trapper_listener l = {.number = ++t->last_number};
	int r;

	notify_set_sync_wakeup(fd);
	r = fdset_add(&t->listeners, l.number, fd, err);
	if (r < 0)
		return r;
	if (!t->pid)
		start_trapper(k);
	else if (sock_send(t->sock, &l, sizeof(l), &fd, 1) < 0)
		log_debug("the trapper does not listen");
	return 0;
}

static int on_listeners(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t number;
	uint32_t events;

	(void)err;
	if (fdset_next(&k->traps.listeners, &number, &events))
		fdset_remove(&k->traps.listeners, number);
	return 0;
}

static bool is_root(int sock)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == 0;
}

static void serve_client(struct keeper *k, int sock)
{
	_cleanup_(proto_message_freep) struct proto_message *m = NULL;
	_cleanup_(proto_message_freep) struct proto_message *answer =
		proto_message_new(PROTO_READY);
	struct error err;
	int r = is_root(sock) ? proto_recv(sock, &m) : -EPERM;

	if (r < 0)
		return;
	if (m->header.kind != PROTO_LISTENER)
		r = error_set(&err, EPROTO, "unexpected message %d", m->header.kind);
	else
		r = take_listener(k, take_fd(&m->fds[0]), &err);
	if (r < 0) {
		answer->header.kind = PROTO_FAILED;
		answer->body.failed = err;
	}
	(void)proto_send(sock, answer, NULL, 0);
}

static int on_client(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t number;
	uint32_t events;

	(void)err;
	if (!fdset_next(&k->traps.clients, &number, &events))
		return 0;
	serve_client(k, fdset_find(&k->traps.clients, number));
	fdset_remove(&k->traps.clients, number);
	return 0;
}

static int on_connect(void *arg, struct error *err)
{
	struct keeper *k = arg;
	int fd = sock_accept(k->traps.socket_fd);

	if (fd >= 0 && fdset_add(&k->traps.clients, ++k->traps.last_number, fd, err) < 0)
		log_warn("%s", err->text);
	return 0;
}

static int listen_for_clients(struct keeper *k, struct error *err)
{
	struct keeper_traps *t = &k->traps;

	t->socket_fd = sock_listen_at(k->container.state_dirfd, PROTO_SOCKET_NAME);
	if (t->socket_fd < 0)
		return error_errno(err, -t->socket_fd, "listen at " PROTO_SOCKET_NAME);
	t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	t->watchdog_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->timer_fd < 0 || t->watchdog_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return 0;
}

static int add_to_loop(struct keeper *k, struct error *err)
{
	const struct keeper_traps *t = &k->traps;
	const struct {
		int fd;
		loop_fn fn;
	} rows[] = {
		{t->socket_fd, on_connect},	 {t->timer_fd, on_timer},
		{t->watchdog_fd, on_watchdog},	 {t->clients.epoll_fd, on_client},
		{t->lost.epoll_fd, on_lost_end}, {t->listeners.epoll_fd, on_listeners},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
		r = loop_add(&k->loop, rows[i].fd, rows[i].fn, k, err);
	return r;
}

int keeper_open_traps(struct keeper *k, struct error *err)
{
	struct keeper_traps *t = &k->traps;
	int r;

	if (!k->container.views || conn_of(k, &emul_plain_service)->fuse_fd < 0)
		return 0;
	r = listen_for_clients(k, err);
	if (r == 0)
		r = slots_map(&t->jobs, TRAPPER_SLOTS, sizeof(struct trap_job), err);
	if (r == 0)
		r = fdset_watch(&t->clients, EPOLLIN, err);
	if (r == 0)
		r = fdset_watch(&t->listeners, 0, err);
	if (r == 0)
		r = fdset_watch(&t->lost, EPOLLIN, err);
	return r < 0 ? r : add_to_loop(k, err);
}
