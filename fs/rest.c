/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A supervisor is not in the container's cgroup; if it were, a container that does nothing
 * but mount, or list directories of emulated files, would be kept within its limits. On v2 the
 * agents are there (fs/place.h), but they do only part of the work; the rest answers many
 * callers and must not be frozen with one. On v1 every process would have to be moved, for
 * which the kernel stops all forks of the host.
 *
 * The time of agents is counted here as well as there: such a container gets less, never more.
 *
 * So the work is counted, and may be as much as the container's own processes may do: its
 * quota, or the processors of its cpuset. Beyond that nothing more is taken off the kernel's
 * queues for a while. Callers wait there like other throttled processes, and can be killed
 * and frozen.
 */
#include "fs/rest.h"

#include <sys/resource.h>

#include "fs/cgroup-read.h"
#include "fs/proctext.h"
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
static double rate(struct view *v)
{
	uint64_t quota;
	double n;

	(void)view_begin(v, view_clock());
	n = view_n_cpus(v);
	quota = cgroup_read_cpu_rate(v->cgroup);
	return quota == PROCTEXT_UNLIMITED || (double)quota / 1e9 > n ? n : (double)quota / 1e9;
}

void rest_init(struct rest *ret, struct view *v)
{
	*ret = (struct rest){.view = v};
	budget_init(&ret->budget, (double)clock_usec() / 1e6, spent());
}

int rest_due_ms(struct rest *r)
{
	int64_t now = clock_usec();

	if (now - r->looked_us < LOOK_US)
		return 0;
	r->looked_us = now;
	return budget_charge(&r->budget, (double)now / 1e6, spent(), rate(r->view));
}
