/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	runtime --START--> keeper --fork--> workers, trapper
 *	                     |                 |
 *	             holds everything     answer requests
 *
 * The keeper lives as long as the container's init, whose pidfd it watches. A child that dies
 * is replaced (fs/child.h); its unfinished requests are in shared memory (fs/slots.h).
 *
 * All die together: a child ends when the keeper's end of their socket closes. The keeper
 * itself never touches a path that may lead to one of its services: it would wait for the
 * worker, and nobody would replace that worker.
 */
#include "fs/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proto.h"

#define LOG_FILE "fs.log"
/* It is in the host's memory, and what a container does may show up in it. */
#define LOG_MAX (1 << 20)

static int on_timer(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	(void)err;
	if (read(k->timer_fd, &n, sizeof(n)) < 0)
		return 0;
	if (k->ending)
		keeper_linger(k);
	return 0;
}

static int make_timer(struct keeper *k, struct error *err)
{
	k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->timer_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(&k->loop, k->timer_fd, on_timer, k, err);
}

static int on_mounts(void *arg, struct error *err)
{
	struct keeper *k = arg;

	(void)err;
	for (size_t i = 0; i < n_services; i++) {
		struct error e;
		int r;

		if (k->conns[i].mount_fd < 0 || !services[i]->mounts_changed)
			continue;
		r = services[i]->mounts_changed(&k->conns[i], &k->container, &e);
		if (r < 0)
			log_error("%s: %s", services[i]->name, e.text);
		else if (r == SERVICE_E_CARRY)
			keeper_start_errand(k, KEEPER_CARRY, i);
	}
	return 0;
}

static bool wants_mounts(const struct keeper *k)
{
	for (size_t i = 0; i < n_services; i++)
		if (k->conns[i].mount_fd >= 0 && services[i]->mounts_changed)
			return true;
	return false;
}

static int watch_mounts(struct keeper *k, struct error *err)
{
	if (!wants_mounts(k))
		return 0;
	k->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (k->mounts_fd < 0)
		return error_errno(err, errno, "open /proc/self/mountinfo");
	return loop_add_priority(&k->loop, k->mounts_fd, on_mounts, k, err);
}

/* The caller's directory may be on a file system that the engine wants to unmount. */
static int leave_directory(struct keeper *k, struct error *err)
{
	(void)k;
	return chdir("/") < 0 ? error_errno(err, errno, "chdir /") : 0;
}

static int open_log(struct keeper *k, struct error *err)
{
	int fd = openat(k->container.state_dirfd, LOG_FILE,
			O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(err, errno, "open " LOG_FILE);
	log_init(fd, LOG_TEXT, LOG_INFO);
	log_limit(LOG_MAX);
	return 0;
}

/* Without it the container gets the kernel's own files: no reason not to start it. */
static int open_view(struct keeper *k, struct error *err)
{
	if (k->container.emulate && container_open_view(&k->container, err) < 0)
		log_warn("nothing is emulated: %s", err->text);
	return 0;
}

static int open_services(struct keeper *k, struct error *err)
{
	for (size_t i = 0; i < n_services; i++) {
		int r = services[i]->open(&k->conns[i], &k->container, err);

		if (r < 0)
			return error_wrap(err, r, "%s", services[i]->name);
	}
	return 0;
}

static int attach_services(struct keeper *k, struct error *err)
{
	for (size_t i = 0; i < n_services; i++) {
		int r = 0;

		if (k->conns[i].mount_fd >= 0 && services[i]->attach)
			r = services[i]->attach(&k->conns[i], &k->container, err);
		if (r < 0)
			return error_wrap(err, r, "%s", services[i]->name);
	}
	return 0;
}

static int make_children(struct keeper *k, struct error *err)
{
	return children_init(&k->children, &k->loop, err);
}

/* Steps, in this order. Until attach_services() nothing is visible on the host. */
static int (*const steps[])(struct keeper *k, struct error *err) = {
	leave_directory,  open_log,	make_timer,	   make_children,
	keeper_watch_end, open_view,	open_services,	   keeper_first_workers,
	attach_services,  watch_mounts, keeper_open_traps,
};

static int set_up(struct keeper *k, struct proto_message *start, struct error *err)
{
	int r = container_init(&k->container, start, err);

	if (r == 0)
		r = loop_init(&k->loop, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](k, err);
	return r;
}

static void keeper_done(struct keeper *k)
{
	(void)keeper_detach(k);
	child_kill(&k->traps.trapper);
	keeper_kill_workers(k);
	keeper_kill_errands(k);
	for (size_t i = 0; i < n_services; i++)
		conn_done(&k->conns[i]);
	keeper_close_own(k);
	container_done(&k->container);
}

static int receive_start(int sock, struct proto_message **ret, struct error *err)
{
	int r = proto_recv(sock, ret);

	if (r < 0)
		return error_errno(err, -r, "receive START");
	if ((*ret)->header.kind != PROTO_START)
		return error_set(err, EPROTO, "message %d instead of START",
				 (*ret)->header.kind);
	return 0;
}

/* Both, or none. */
static size_t mounts_to_give(const struct keeper *k, int fds[PROTO_EMULATING_N_FDS])
{
	const struct service *const given[PROTO_EMULATING_N_FDS] = {
		[PROTO_EMULATING_FAST] = &emul_fast_service,
		[PROTO_EMULATING_PLAIN] = &emul_plain_service,
	};
	size_t n = 0;

	for (size_t g = 0; g < PROTO_EMULATING_N_FDS; g++)
		for (size_t i = 0; i < n_services; i++)
			if (services[i] == given[g] && k->conns[i].mount_fd >= 0)
				fds[n++] = k->conns[i].mount_fd;
	return n == PROTO_EMULATING_N_FDS ? n : 0;
}

/* The runtime may be gone: the container it has started is still ours. */
static void answer(const struct keeper *k, int r, const struct error *err)
{
	_cleanup_(proto_message_freep) struct proto_message *m =
		proto_message_new(r < 0 ? PROTO_FAILED : PROTO_READY);
	int fds[PROTO_EMULATING_N_FDS];
	size_t n_fds = 0;

	if (r < 0)
		m->body.failed = *err;
	else
		n_fds = mounts_to_give(k, fds);
	if (n_fds)
		m->header.kind = PROTO_EMULATING;
	r = proto_send(k->runtime_sock, m, fds, n_fds);
	if (r < 0)
		log_info("the runtime did not wait for the answer: errno %d", -r);
}

int keeper_run(int sock, struct error *err)
{
	_cleanup_(proto_message_freep) struct proto_message *start = NULL;
	_cleanup_(keeper_done) struct keeper k = {
		.loop = LOOP_EMPTY,
		.runtime_sock = sock,
		.container = CONTAINER_EMPTY,
		.signal_fd = -EBADF,
		.mounts_fd = -EBADF,
		.timer_fd = -EBADF,
		.children = CHILDREN_EMPTY,
		.traps = KEEPER_TRAPS_EMPTY,
	};
	int r;

	for (size_t i = 0; i < SERVICES_MAX; i++) {
		k.conns[i] = (struct conn)CONN_EMPTY;
		k.workers[i] = (struct child)CHILD_EMPTY;
	}
	for (size_t i = 0; i < KEEPER_N_ERRANDS; i++)
		k.errands[i].pidfd = -EBADF;
	r = receive_start(sock, &start, err);
	if (r == -ECONNRESET)
		return 0;
	if (r == 0)
		r = set_up(&k, start, err);
	answer(&k, r, err);
	if (r < 0)
		return r;
	/* No longer needed: the maps alone take pages. */
	start = proto_message_free(start);
	k.runtime_sock = fd_close(k.runtime_sock);
	return loop_run(&k.loop, err);
}
