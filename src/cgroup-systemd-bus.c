/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd is spoken to over its private socket where that is there, which needs no message
 * bus daemon; else over the system bus. The private socket is a connection of two: no names,
 * no senders.
 */
#include "src/cgroup-systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/str.h"

#define PRIVATE_SOCKET	 "/run/systemd/private"
#define JOB_TIMEOUT_USEC (30 * INT64_C(1000000))

static int open_private(sd_bus **ret)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	int r;

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, "unix:path=" PRIVATE_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = take_ptr(&bus);
	return 0;
}

int systemd_open(sd_bus **ret, struct error *err)
{
	int r = sdbus_load(err);

	if (r < 0)
		return r;
	if (access(PRIVATE_SOCKET, W_OK) == 0 && open_private(ret) == 0)
		return 0;
	r = sd_bus_open_system(ret);
	if (r < 0)
		return error_errno(err, -r, "connect to systemd");
	return 0;
}

int systemd_failed(struct error *err, int r, sd_bus_error *e, const char *what,
		   const char *unit)
{
	int status;

	status = error_set(err, -r, "systemd: %s %s: %s", what, unit,
			   e->message ? e->message : strerror(-r));
	sd_bus_error_free(e);
	return status;
}

void systemd_job_done(struct systemd_job *j)
{
	free(j->path);
	free(j->result);
}

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *ignored)
{
	struct systemd_job *j = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)ignored;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (j->path && !j->result && str_eq(path, j->path))
		j->result = xstrdup(result);
	return 0;
}

int systemd_job_watch(sd_bus *bus, struct systemd_job *j, sd_bus_slot **ret, struct error *err)
{
	bool is_bus = sd_bus_is_bus_client(bus) > 0;
	int r;

	r = sd_bus_match_signal(bus, ret, is_bus ? SYSTEMD_NAME : NULL, SYSTEMD_PATH,
				SYSTEMD_MANAGER, "JobRemoved", on_job_removed, j);
	if (r >= 0 && is_bus)
		r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				       "Subscribe", NULL, NULL, NULL);
	return r < 0 ? error_errno(err, -r, "systemd: subscribe to its signals") : 0;
}

int systemd_job_wait(sd_bus *bus, struct systemd_job *j, const char *unit, struct error *err)
{
	int64_t end = clock_usec() + JOB_TIMEOUT_USEC;

	while (!j->result) {
		int64_t now = clock_usec();
		int r;

		if (now >= end)
			return error_set(err, ETIMEDOUT,
					 "timeout waiting for systemd (unit %s)", unit);
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, (uint64_t)(end - now));
		if (r < 0 && r != -EINTR)
			return error_errno(err, -r, "systemd: wait for %s", unit);
	}
	return 0;
}

int systemd_job_read(sd_bus_message *reply, struct systemd_job *j, struct error *err)
{
	const char *path;
	int r;

	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return error_errno(err, -r, "systemd: a reply without a job");
	j->path = xstrdup(path);
	return 0;
}

int systemd_version(sd_bus *bus)
{
	_cleanup_free_ char *text = NULL;
	int version;

	if (sd_bus_get_property_string(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				       "Version", NULL, &text) < 0)
		return 0;
	return sscanf(text + strspn(text, "v"), "%d", &version) == 1 ? version : 0;
}
