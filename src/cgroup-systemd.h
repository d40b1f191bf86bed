/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the systemd driver: a connection to systemd's manager, its jobs, and
 * the requests that we make of it. In the runtime, as the host's root. Nothing here is used
 * but by src/cgroup-systemd*.c; what they offer is in src/cgroup-internal.h.
 *
 * Interface: org.freedesktop.systemd1(5). Functions that take no struct error return what
 * sd-bus returns: a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"
#include "src/cgroup-internal.h"
#include "src/sdbus.h"

#define SYSTEMD_NAME	"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

/* src/cgroup-systemd-bus.c */

int systemd_open(sd_bus **ret, struct error *err);
/* "252.39-1~deb12u2", "v259": 252, 259. 0 when it cannot be had. */
int systemd_version(sd_bus *bus);
/* The error of a call that failed with r and e, which is freed: "what unit: why". */
int systemd_failed(struct error *err, int r, sd_bus_error *e, const char *what,
		   const char *unit);

/* A request is answered with a job, whose end is a signal. */
struct systemd_job {
	char *path;
	char *result; /* NULL: not yet */
};

void systemd_job_done(struct systemd_job *j);
/* Before the request, so that no signal is missed; until *ret is released. */
int systemd_job_watch(sd_bus *bus, struct systemd_job *j, sd_bus_slot **ret, struct error *err);
/* The job that a reply names. */
int systemd_job_read(sd_bus_message *reply, struct systemd_job *j, struct error *err);
/* -ETIMEDOUT after half a minute. The result is for the caller to judge. */
int systemd_job_wait(sd_bus *bus, struct systemd_job *j, const char *unit, struct error *err);

/* src/cgroup-systemd-limits.c: m is open at an array of (sv) */

int systemd_add_limits(sd_bus *bus, sd_bus_message *m, const struct cgroup *cg,
		       const struct spec_resources *r, struct error *err);

/* src/cgroup-systemd-unit.c */

struct systemd_scope {
	const struct cgroup *cg;
	const struct spec_resources *resources; /* NULL: none */
	pid_t pid;
	const struct cgroup_property *properties;
	size_t n_properties;
};

/* StartTransientUnit of it; *ret is the caller's. */
int systemd_compose_start(sd_bus *bus, const struct systemd_scope *s, sd_bus_message **ret,
			  struct error *err);
