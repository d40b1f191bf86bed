/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * We and the actors we fork are not in the container's cgroup; if we were, a container that
 * does nothing but mount would be kept within its limits. Starting actors there was
 * considered: on v2 a cgroup that is being frozen would freeze an actor, and its caller, in
 * the middle of a call, could then not be frozen before that is answered; on v1 every actor
 * would have to be moved, for which the kernel stops all forks of the host.
 *
 * So the work is counted, and may be as much as the container's own processes may do: its
 * quota, or the processors of its cpuset. Beyond that we take no more calls off the kernel's
 * queue for a while. Callers wait there like other throttled processes, and can be killed and
 * frozen.
 */
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fs/cgroup-read.h"
#include "fs/container.h"
#include "fs/proctext.h"
#include "fs/trapper-internal.h"
#include "fs/view.h"
#include "lib/clock.h"

/* This much may be spent unchecked. */
#define LOOK_US 5000

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Includes processes that have ended, and their descendants. */
static double spent(void)
{
	struct rusage own = {0}, others = {0};

	(void)getrusage(RUSAGE_SELF, &own);
	(void)getrusage(RUSAGE_CHILDREN, &others);
	return seconds(own.ru_utime) + seconds(own.ru_stime) + seconds(others.ru_utime) +
	       seconds(others.ru_stime);
}

/* In processors. */
static double rate(const struct trapper *t)
{
	struct view *v = t->start->container->view;
	uint64_t quota;
	double n;

	(void)view_begin(v, view_clock());
	n = view_n_cpus(v);
	quota = cgroup_read_cpu_rate(v->cgroup);
	return quota == PROCTEXT_UNLIMITED || (double)quota / 1e9 > n ? n : (double)quota / 1e9;
}

static int on_rested(void *arg, struct error *err)
{
	struct trapper *t = arg;
	uint64_t n;

	if (read(t->rest_fd, &n, sizeof(n)) < 0)
		return 0;
	t->is_resting = false;
	return trapper_listen(t, err);
}

int rest_init(struct trapper *t, struct error *err)
{
	budget_init(&t->budget, (double)clock_usec() / 1e6, spent());
	t->rest_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->rest_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(&t->loop, t->rest_fd, on_rested, t, err);
}

bool rest_is_due(struct trapper *t)
{
	int64_t now = clock_usec();
	int ms;

	if (now - t->looked_us < LOOK_US)
		return false;
	t->looked_us = now;
	ms = budget_charge(&t->budget, (double)now / 1e6, spent(), rate(t));
	if (ms == 0)
		return false;
	clock_set_timer(t->rest_fd, ms);
	t->is_resting = true;
	return true;
}
