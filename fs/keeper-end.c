/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a supervisor. First the services are removed from the host. Whoever is using one
 * at that moment (a `docker cp` of a container that is just ending) may finish: the worker
 * ends with the last user, or after LINGER_IDLE_MS without a request (a mount namespace may
 * hold a copy that nobody uses), or after LINGER_MAX_MS.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fs/keeper-internal.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"

#define LINGER_IDLE_MS 1000
#define LINGER_MAX_MS  10000

static uint32_t n_received(const struct keeper *k)
{
	uint32_t n = 0;

	for (size_t i = 0; i < n_services; i++)
		n += slots_received(&k->conns[i].slots);
	return n;
}

bool keeper_detach(struct keeper *k)
{
	bool all = true;

	for (size_t i = 0; i < n_services; i++) {
		struct error err;
		int r = 0;

		if (k->conns[i].mount_fd >= 0)
			r = services[i]->detach(&k->conns[i], &k->container, &err);
		if (r < 0)
			log_error("%s: %s", services[i]->name, err.text);
		all = all && r != SERVICE_E_COVERED;
	}
	return all;
}

/* If the worker ends in the meantime, that is noticed separately. */
void keeper_linger(struct keeper *k)
{
	uint32_t received = n_received(k);
	bool quiet = received == k->last_received;

	if ((keeper_detach(k) && quiet) || clock_msec() - k->ending_ms >= LINGER_MAX_MS) {
		loop_end(&k->loop);
		return;
	}
	k->last_received = received;
	clock_set_timer(k->timer_fd, LINGER_IDLE_MS);
}

static int begin(struct keeper *k)
{
	bool detached;

	if (k->ending)
		return 0;
	k->ending = true;
	/* Whoever waits for a volume need not wait for those still looking at the files. */
	k->container.locks_fd = fd_close(k->container.locks_fd);
	detached = keeper_detach(k);
	k->ending_ms = clock_msec();
	k->last_received = n_received(k);
	if (keeper_has_worker(k) || !detached)
		clock_set_timer(k->timer_fd, LINGER_IDLE_MS);
	else
		loop_end(&k->loop);
	return 0;
}

static int on_init_end(void *arg, struct error *err)
{
	struct keeper *k = arg;

	(void)err;
	loop_remove(&k->loop, k->container.init_pidfd);
	return begin(k);
}

static int on_signal(void *arg, struct error *err)
{
	struct keeper *k = arg;
	struct signalfd_siginfo si;

	(void)err;
	if (read(k->signal_fd, &si, sizeof(si)) < 0)
		return 0;
	log_info("signal %u from pid %u: ending", si.ssi_signo, si.ssi_pid);
	return begin(k);
}

/* No signals from a terminal, no death by a limit: a write fails with its errno instead. */
static int take_signals(struct keeper *k, struct error *err)
{
	sigset_t term;

	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	/* Also blocked in the worker, which ends when the keeper does. */
	if (sigprocmask(SIG_BLOCK, &term, NULL) < 0)
		return error_errno(err, errno, "sigprocmask");
	k->signal_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->signal_fd < 0)
		return error_errno(err, errno, "signalfd");
	return loop_add(&k->loop, k->signal_fd, on_signal, k, err);
}

int keeper_watch_end(struct keeper *k, struct error *err)
{
	int r = take_signals(k, err);

	return r < 0 ? r : loop_add(&k->loop, k->container.init_pidfd, on_init_end, k, err);
}
