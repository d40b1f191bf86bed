/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	runtime --START--> keeper --fork--> worker
 *	                     |                 |
 *	             holds everything     answers requests
 *
 * The keeper's life is that of the container's init, whose pidfd it watches. A
 * worker that dies is replaced; what it had in hand lies in shared memory
 * (fs/slots.h). A worker that ends by itself has nothing left to serve.
 *
 * At the end the keeper takes the services off the host first. Who uses one at that
 * moment (a `docker cp` of a container that just ends) may finish: the worker
 * ends with the last user, or when nothing was asked for LINGER_IDLE_MS (a mount
 * namespace may hold a copy that nobody uses), or after LINGER_MAX_MS.
 *
 * Both die together: the worker ends when the keeper's end of their socket closes.
 */
#include "fs/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs/conn.h"
#include "fs/container.h"
#include "fs/loop.h"
#include "fs/service.h"
#include "fs/worker.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proto.h"
#include "lib/sock.h"
#include "lib/spawn.h"

#define LOG_FILE "fs.log"
/* A worker that lived this long is restarted at once; others after a delay that doubles. */
#define HEALTHY_MS     1000
#define DELAY_MIN_MS   10
#define DELAY_MAX_MS   320
#define LINGER_IDLE_MS 1000
#define LINGER_MAX_MS  10000

struct keeper {
	struct loop loop;
	struct container container;
	struct conn conns[SERVICES_MAX];
	int signal_fd;
	int timer_fd; /* one shot: the next worker, or the end of waiting for the last */
	pid_t worker; /* 0: none */
	int worker_pidfd;
	int worker_sock;
	pid_t trimmer; /* 0: none */
	int trimmer_pidfd;
	unsigned int generation;
	int64_t started_ms;
	int delay_ms;
	bool ending;
	int64_t ending_ms;	/* since when */
	uint32_t last_received; /* requests at the last look */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_timer(struct keeper *k, int ms)
{
	const struct itimerspec t = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000},
	};

	(void)timerfd_settime(k->timer_fd, 0, &t, NULL);
}

/* Not the child's business; above all the mounts, which would outlive their detaching. */
static void close_keepers_own(struct keeper *k)
{
	loop_done(&k->loop);
	k->signal_fd = fd_close(k->signal_fd);
	k->timer_fd = fd_close(k->timer_fd);
	k->worker_sock = fd_close(k->worker_sock);
	k->trimmer_pidfd = fd_close(k->trimmer_pidfd);
	k->container.init_pidfd = fd_close(k->container.init_pidfd);
	k->container.state_dirfd = fd_close(k->container.state_dirfd);
	k->container.locks_fd = fd_close(k->container.locks_fd);
	for (size_t i = 0; i < n_services; i++)
		k->conns[i].mount_fd = fd_close(k->conns[i].mount_fd);
}

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

	close_keepers_own(k);
	r = worker_run(&s, &err);
	if (r < 0)
		log_error("worker: %s", err.text);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int on_trimmer_end(void *arg, struct error *err)
{
	struct keeper *k = arg;

	(void)err;
	loop_remove(&k->loop, k->trimmer_pidfd);
	(void)spawn_wait(k->trimmer, &(int){0});
	k->trimmer_pidfd = fd_close(k->trimmer_pidfd);
	k->trimmer = 0;
	return 0;
}

/* It must keep nothing open: neither a connection nor the worker's sign that we live. */
static _noreturn_ void trimmer_main(int mount_fd)
{
	if (dup2(mount_fd, 3) < 0 || close_range(4, ~0U, 0) < 0)
		_exit(EXIT_FAILURE);
	_exit(conn_refresh(3) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/*
 * In a process of its own, since it may wait for the worker, and the keeper must be
 * there when the worker dies. One at a time: a second would do the same.
 */
static int start_trimmer(struct keeper *k, unsigned int service, struct error *err)
{
	if (service >= n_services || k->conns[service].mount_fd < 0 || k->trimmer)
		return 0;
	k->trimmer = fork();
	if (k->trimmer == 0)
		trimmer_main(k->conns[service].mount_fd);
	if (k->trimmer > 0)
		k->trimmer_pidfd = pidfd_open(k->trimmer, 0);
	if (k->trimmer < 0 || k->trimmer_pidfd < 0)
		return error_errno(err, errno, "start the trimmer");
	return loop_add(&k->loop, k->trimmer_pidfd, on_trimmer_end, k, err);
}

/* A later worker's first word is a struct error; what is in it is in the log. */
static int on_worker_word(void *arg, struct error *err)
{
	struct keeper *k = arg;
	union {
		struct error said;
		struct worker_ask ask;
	} word;
	ssize_t n = sock_recv(k->worker_sock, &word, sizeof(word), NULL, 0, NULL);

	if (n == (ssize_t)sizeof(word.ask))
		return start_trimmer(k, word.ask.trim, err);
	/* Its end is heard through the pidfd. */
	if (n <= 0)
		loop_remove(&k->loop, k->worker_sock);
	return 0;
}

static int on_worker_end(void *arg, struct error *err);

static int watch_worker(struct keeper *k, pid_t pid, struct error *err)
{
	int r;

	k->worker = pid;
	k->started_ms = now_ms();
	k->worker_pidfd = pidfd_open(pid, 0);
	if (k->worker_pidfd < 0)
		return error_errno(err, errno, "pidfd_open of the worker");
	r = loop_add(&k->loop, k->worker_pidfd, on_worker_end, k, err);
	return r < 0 ? r : loop_add(&k->loop, k->worker_sock, on_worker_word, k, err);
}

static int start_worker(struct keeper *k, struct error *err)
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
	k->worker_sock = take_fd(&ours);
	return watch_worker(k, pid, err);
}

/* The first worker must have answered INIT before the engine can meet the mount. */
static int wait_for_worker(struct keeper *k, struct error *err)
{
	struct error said;
	ssize_t n = sock_recv(k->worker_sock, &said, sizeof(said), NULL, 0, NULL);

	if (n != (ssize_t)sizeof(said))
		return error_set(err, ECHILD, "the worker died at its start");
	if (said.errnum != 0) {
		*err = said;
		return -said.errnum;
	}
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

static void kill_worker(struct keeper *k)
{
	if (k->worker == 0)
		return;
	(void)kill(k->worker, SIGKILL);
	(void)reap_worker(k);
}

static int next_delay(struct keeper *k)
{
	if (now_ms() - k->started_ms >= HEALTHY_MS)
		k->delay_ms = 0;
	else if (k->delay_ms < DELAY_MIN_MS)
		k->delay_ms = DELAY_MIN_MS;
	else
		k->delay_ms = 2 * k->delay_ms < DELAY_MAX_MS ? 2 * k->delay_ms : DELAY_MAX_MS;
	return k->delay_ms;
}

static uint32_t n_received(const struct keeper *k)
{
	uint32_t n = 0;

	for (size_t i = 0; i < n_services; i++)
		n += slots_received(&k->conns[i].slots);
	return n;
}

static int on_worker_end(void *arg, struct error *err)
{
	struct keeper *k = arg;
	int status = reap_worker(k);
	int delay;

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
		return start_worker(k, err);
	set_timer(k, delay);
	return 0;
}

/* The worker's end is heard meanwhile, if it comes. */
static void linger(struct keeper *k)
{
	uint32_t received = n_received(k);

	if (received == k->last_received || now_ms() - k->ending_ms >= LINGER_MAX_MS) {
		loop_end(&k->loop);
		return;
	}
	k->last_received = received;
	set_timer(k, LINGER_IDLE_MS);
}

static int on_timer(void *arg, struct error *err)
{
	struct keeper *k = arg;
	uint64_t n;

	if (read(k->timer_fd, &n, sizeof(n)) < 0)
		return 0;
	if (k->ending)
		linger(k);
	else if (!k->worker)
		return start_worker(k, err);
	return 0;
}

static void detach_services(struct keeper *k)
{
	for (size_t i = 0; i < n_services; i++) {
		struct error err;

		if (k->conns[i].mount_fd >= 0 &&
		    services[i]->detach(&k->conns[i], &k->container, &err) < 0)
			log_error("%s: %s", services[i]->name, err.text);
	}
}

static int begin_end(struct keeper *k)
{
	if (k->ending)
		return 0;
	k->ending = true;
	/* Who waits for a volume need not wait for who still looks at the files. */
	k->container.locks_fd = fd_close(k->container.locks_fd);
	detach_services(k);
	k->ending_ms = now_ms();
	k->last_received = n_received(k);
	if (k->worker)
		set_timer(k, LINGER_IDLE_MS);
	else
		loop_end(&k->loop);
	return 0;
}

static int on_init_end(void *arg, struct error *err)
{
	struct keeper *k = arg;

	(void)err;
	loop_remove(&k->loop, k->container.init_pidfd);
	return begin_end(k);
}

static int on_signal(void *arg, struct error *err)
{
	struct keeper *k = arg;
	struct signalfd_siginfo si;

	(void)err;
	if (read(k->signal_fd, &si, sizeof(si)) < 0)
		return 0;
	log_info("signal %u from pid %u: ending", si.ssi_signo, si.ssi_pid);
	return begin_end(k);
}

/* Nothing of a terminal, no death by a limit: a write fails with its errno instead. */
static int take_signals(struct keeper *k, struct error *err)
{
	sigset_t term;

	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	/* Blocked also in the worker, which ends when the keeper does. */
	if (sigprocmask(SIG_BLOCK, &term, NULL) < 0)
		return error_errno(err, errno, "sigprocmask");
	k->signal_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->signal_fd < 0)
		return error_errno(err, errno, "signalfd");
	return loop_add(&k->loop, k->signal_fd, on_signal, k, err);
}

static int make_timer(struct keeper *k, struct error *err)
{
	k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->timer_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(&k->loop, k->timer_fd, on_timer, k, err);
}

static int open_log(struct keeper *k, struct error *err)
{
	int fd = openat(k->container.state_dirfd, LOG_FILE,
			O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(err, errno, "open " LOG_FILE);
	log_init(fd, LOG_TEXT, LOG_INFO);
	return 0;
}

/* Without it the container has the kernel's own files: no reason to have no container. */
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

static bool has_service(const struct keeper *k)
{
	for (size_t i = 0; i < n_services; i++)
		if (k->conns[i].fuse_fd >= 0)
			return true;
	return false;
}

static int first_worker(struct keeper *k, struct error *err)
{
	int r;

	if (!has_service(k))
		return 0;
	r = start_worker(k, err);
	return r < 0 ? r : wait_for_worker(k, err);
}

static int watch_init(struct keeper *k, struct error *err)
{
	return loop_add(&k->loop, k->container.init_pidfd, on_init_end, k, err);
}

/* In this order. Until the last step nothing of it is visible on the host. */
static int (*const steps[])(struct keeper *k, struct error *err) = {
	open_log,  take_signals,  make_timer,	watch_init,
	open_view, open_services, first_worker, attach_services,
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
	detach_services(k);
	kill_worker(k);
	/* Not waited for: it may hang until the connections are closed. */
	if (k->trimmer > 0)
		(void)kill(k->trimmer, SIGKILL);
	k->trimmer_pidfd = fd_close(k->trimmer_pidfd);
	for (size_t i = 0; i < n_services; i++)
		conn_done(&k->conns[i]);
	k->timer_fd = fd_close(k->timer_fd);
	k->signal_fd = fd_close(k->signal_fd);
	loop_done(&k->loop);
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

/* The runtime may be gone: the container that it has started is then still ours. */
static void answer(const struct keeper *k, int sock, int r, const struct error *err)
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
	r = proto_send(sock, m, fds, n_fds);
	if (r < 0)
		log_info("the runtime did not wait for the answer: errno %d", -r);
}

int keeper_run(int sock, struct error *err)
{
	_cleanup_close_ int runtime = sock;
	_cleanup_(proto_message_freep) struct proto_message *start = NULL;
	_cleanup_(keeper_done) struct keeper k = {
		.loop = LOOP_EMPTY,
		.container = CONTAINER_EMPTY,
		.signal_fd = -EBADF,
		.timer_fd = -EBADF,
		.worker_pidfd = -EBADF,
		.worker_sock = -EBADF,
		.trimmer_pidfd = -EBADF,
	};
	int r;

	for (size_t i = 0; i < SERVICES_MAX; i++)
		k.conns[i] = (struct conn)CONN_EMPTY;
	r = receive_start(runtime, &start, err);
	if (r == -ECONNRESET)
		return 0;
	if (r == 0)
		r = set_up(&k, start, err);
	answer(&k, runtime, r, err);
	if (r < 0)
		return r;
	/* Not needed again: the maps alone are pages. */
	start = proto_message_free(start);
	runtime = fd_close(runtime);
	return loop_run(&k.loop, err);
}
