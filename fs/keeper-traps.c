/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's part in trapped system calls. A process whose filter traps has a listener; the
 * runtime brings it here, and here it is held until the listener's last process has ended: if
 * nobody holds a listener, every trapped call fails. The trapper gets a copy of each, either
 * inherited or in a message.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "fs/notify.h"
#include "fs/trap.h"
#include "fs/trapper.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proto.h"
#include "lib/sock.h"

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

static int run(struct child *c, int sock, struct error *err)
{
	struct keeper *k = c->arg;
	struct fdset listeners = k->traps.listeners;
	struct trapper_start s = {
		.container = &k->container,
		.jobs = &k->traps.jobs,
		.listeners = &listeners,
		.keeper_sock = sock,
		.watchdog_fd = k->traps.watchdog_fd,
		.is_careful = k->traps.is_careful,
	};
	int r;

	k->traps.watchdog_fd = -EBADF;
	fd_close(listeners.epoll_fd);
	listeners.epoll_fd = -EBADF;
	k->traps.listeners = (struct fdset)FDSET_EMPTY;
	keeper_close_own(k);
	r = mount_files(k, &s, err);
	return r < 0 ? r : trapper_run(&s, err);
}

static bool wants_next(const struct child *c)
{
	const struct keeper *k = c->arg;

	return !k->ending && k->traps.listeners.n > 0;
}

static const struct child_role role = {.run = run, .wants_next = wants_next};

/* A trapper that was only slow, on a busy machine, is killed needlessly: that does no harm. */
static int on_watchdog(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	if (read(k->traps.watchdog_fd, &n, sizeof(n)) != sizeof(n) || !k->traps.trapper.pid ||
	    k->ending)
		return 0;
	log_warn("the trapper is stuck reading a caller's memory: another one takes its place");
	k->traps.is_careful = true;
	child_kill(&k->traps.trapper);
	child_next(&k->traps.trapper);
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
	if (!t->trapper.pid)
		child_next(&t->trapper);
	else if (sock_send(t->trapper.sock, &l, sizeof(l), &fd, 1) < 0)
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
	t->watchdog_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->watchdog_fd < 0)
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
		{t->socket_fd, on_connect},
		{t->watchdog_fd, on_watchdog},
		{t->clients.epoll_fd, on_client},
		{t->listeners.epoll_fd, on_listeners},
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
		r = child_init(&t->trapper, &k->children, &role, "the trapper", k, err);
	return r < 0 ? r : add_to_loop(k, err);
}
