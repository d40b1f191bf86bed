/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systemd driver: the container is a transient scope.
 *
 * Theory of operation: systemd owns the tree, so that a group which it did not make may be
 * emptied or reset behind our back at the next daemon-reload. We ask it for a scope with
 * Delegate=yes: from then on it leaves what is below alone, and keeps the limits that it knows.
 * These are derived from the very list of file writes that the cgroupfs driver executes, by a
 * table of file and property; the writes are then made as well, for what systemd does not know,
 * or rounds off.
 */
#include "src/cgroup-systemd.h"

#include <errno.h>

#include "lib/str.h"

/* A failed unit stays known until somebody has looked at it; errors mean that there is none. */
static void reset_failed(sd_bus *bus, const char *unit)
{
	(void)sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				 "ResetFailedUnit", NULL, NULL, "s", unit); /* see above */
}

static int call_start(sd_bus *bus, const struct systemd_scope *s, struct systemd_job *j,
		      bool last, bool *ret_exists, struct error *err)
{
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *reply = NULL;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int r;

	*ret_exists = false;
	r = systemd_compose_start(bus, s, &m, err);
	if (r < 0)
		return r;
	r = sd_bus_call(bus, m, 0, &e, &reply);
	if (r >= 0)
		return systemd_job_read(reply, j, err);
	*ret_exists = !last && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.UnitExists");
	return systemd_failed(err, r, &e, "start", s->cg->unit);
}

int cgroup_systemd_start(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			 const struct cgroup_property *properties, size_t n_properties,
			 struct error *err)
{
	const struct systemd_scope s = {cg, r, pid, properties, n_properties};
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	_cleanup_(sdbus_slot_unrefp) sd_bus_slot *slot = NULL;
	_cleanup_(systemd_job_done) struct systemd_job j = {0};
	bool exists;
	int status;

	status = systemd_open(&bus, err);
	if (status < 0)
		return status;
	status = systemd_job_watch(bus, &j, &slot, err);
	if (status < 0)
		return status;
	status = call_start(bus, &s, &j, false, &exists, err);
	if (exists) {
		/* The failed unit of an earlier container of this name. */
		reset_failed(bus, cg->unit);
		status = call_start(bus, &s, &j, true, &exists, err);
	}
	if (status == 0)
		status = systemd_job_wait(bus, &j, cg->unit, err);
	if (status == 0 && !str_eq(j.result, "done"))
		status = error_set(err, EIO, "systemd: start %s: the job ended as \"%s\"",
				   cg->unit, j.result);
	if (status < 0 && j.path)
		reset_failed(bus, cg->unit);
	return status;
}

int cgroup_systemd_update(const struct cgroup *cg, const struct spec_resources *r,
			  struct error *err)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int status;

	status = systemd_open(&bus, err);
	if (status < 0)
		return status;
	status = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH,
						SYSTEMD_MANAGER, "SetUnitProperties");
	if (status >= 0)
		status = sd_bus_message_append(m, "sb", cg->unit, 1); /* until reboot */
	if (status >= 0)
		status = sd_bus_message_open_container(m, 'a', "(sv)");
	if (status < 0)
		return error_errno(err, -status, "compose the properties of %s", cg->unit);
	status = systemd_add_limits(bus, m, cg, r, err);
	if (status < 0)
		return status;
	status = sd_bus_message_close_container(m);
	if (status >= 0)
		status = sd_bus_call(bus, m, 0, &e, NULL);
	return status < 0 ? systemd_failed(err, status, &e, "set properties of", cg->unit) : 0;
}

int cgroup_systemd_stop(const struct cgroup *cg, struct error *err)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	_cleanup_(sdbus_slot_unrefp) sd_bus_slot *slot = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(systemd_job_done) struct systemd_job j = {0};
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int status;

	status = systemd_open(&bus, err);
	if (status == 0)
		status = systemd_job_watch(bus, &j, &slot, err);
	if (status < 0)
		return status;
	status = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				    "StopUnit", &e, &reply, "ss", cg->unit, "replace");
	if (status >= 0) {
		status = systemd_job_read(reply, &j, err);
		if (status == 0)
			status = systemd_job_wait(bus, &j, cg->unit, err);
	} else if (sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit")) {
		/* A scope goes with its last process. */
		sd_bus_error_free(&e);
		status = 0;
	} else {
		status = systemd_failed(err, status, &e, "stop", cg->unit);
	}
	reset_failed(bus, cg->unit);
	return status;
}

void cgroup_systemd_forget(const struct cgroup *cg)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	struct error ignored;

	if (systemd_open(&bus, &ignored) == 0)
		reset_failed(bus, cg->unit);
}
