/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systemd driver: the container is a transient scope.
 *
 * Theory of operation: systemd owns the tree, so that a group which it did not make
 * may be emptied or reset behind our back at the next daemon-reload. We ask it for a
 * scope with Delegate=yes: from then on it leaves what is below alone, and
 * keeps the limits that it knows. These are derived from the very list of
 * file writes that the cgroupfs driver executes, by a table of file and property; the
 * writes are then made as well, for what systemd does not know, or rounds.
 *
 * systemd is spoken to over its private socket where that is there, which needs
 * no message bus daemon; else over the system bus. The private socket is a
 * connection of two: no names, no senders.
 */
#include <errno.h>

#include "src/cgroup-internal.h"

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/cgroup-property.h"
#include "src/plan.h"
#include "src/sdbus.h"
#include "src/spec.h"

#define PRIVATE_SOCKET	 "/run/systemd/private"
#define DESTINATION	 "org.freedesktop.systemd1"
#define MANAGER_PATH	 "/org/freedesktop/systemd1"
#define MANAGER_IFACE	 "org.freedesktop.systemd1.Manager"
#define JOB_TIMEOUT_USEC (30 * UINT64_C(1000000))
/* Bits of a cpu or memory node mask; beyond the kernel's NR_CPUS maximum. */
#define MASK_BITS_MAX 8192
/* From these versions on a CPUWeight of 0 is "idle", and a scope has an OOMPolicy. */
#define VERSION_CPU_IDLE   252
#define VERSION_OOM_POLICY 253
/* systemd stores a CPU quota in whole percents. */
#define QUOTA_STEP_USEC 10000

static int bus_open_private(sd_bus **ret)
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

static int bus_open(sd_bus **ret, struct error *err)
{
	int r = sdbus_load(err);

	if (r < 0)
		return r;
	if (access(PRIVATE_SOCKET, W_OK) == 0 && bus_open_private(ret) == 0)
		return 0;
	r = sd_bus_open_system(ret);
	if (r < 0)
		return error_errno(err, -r, "connect to systemd");
	return 0;
}

static int bus_failed(struct error *err, int r, sd_bus_error *e, const char *what,
		      const char *unit)
{
	int status;

	status = error_set(err, -r, "systemd: %s %s: %s", what, unit,
			   e->message ? e->message : strerror(-r));
	sd_bus_error_free(e);
	return status;
}

/* Jobs: a request is answered with a job, whose end is a signal. */

struct job {
	char *path;
	char *result; /* NULL: not yet */
};

static void job_done(struct job *j)
{
	free(j->path);
	free(j->result);
}

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *ignored)
{
	struct job *j = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)ignored;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (j->path && !j->result && str_eq(path, j->path))
		j->result = xstrdup(result);
	return 0;
}

/* Before the request, so that no signal is missed. */
static int job_watch(sd_bus *bus, struct job *j, sd_bus_slot **ret, struct error *err)
{
	bool is_bus = sd_bus_is_bus_client(bus) > 0;
	int r;

	r = sd_bus_match_signal(bus, ret, is_bus ? DESTINATION : NULL, MANAGER_PATH,
				MANAGER_IFACE, "JobRemoved", on_job_removed, j);
	if (r >= 0 && is_bus)
		r = sd_bus_call_method(bus, DESTINATION, MANAGER_PATH, MANAGER_IFACE,
				       "Subscribe", NULL, NULL, NULL);
	return r < 0 ? error_errno(err, -r, "systemd: subscribe to its signals") : 0;
}

static uint64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int job_wait(sd_bus *bus, struct job *j, const char *unit, struct error *err)
{
	uint64_t end = now_usec() + JOB_TIMEOUT_USEC;

	while (!j->result) {
		uint64_t now = now_usec();
		int r;

		if (now >= end)
			return error_set(err, ETIMEDOUT,
					 "timeout waiting for systemd (unit %s)", unit);
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return error_errno(err, -r, "systemd: wait for %s", unit);
	}
	return 0;
}

/* The job that a reply names. */
static int job_read(sd_bus_message *reply, struct job *j, struct error *err)
{
	const char *path;
	int r;

	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return error_errno(err, -r, "systemd: a reply without a job");
	j->path = xstrdup(path);
	return 0;
}

/* "252.39-1~deb12u2", "v259": 252, 259. 0 when it cannot be had. */
static int systemd_version(sd_bus *bus)
{
	_cleanup_free_ char *text = NULL;
	int version;

	if (sd_bus_get_property_string(bus, DESTINATION, MANAGER_PATH, MANAGER_IFACE, "Version",
				       NULL, &text) < 0)
		return 0;
	return sscanf(text + strspn(text, "v"), "%d", &version) == 1 ? version : 0;
}

/* Properties out of the plan's writes */

/* What converting needs; `m` is open at an array of (sv). */
struct props {
	sd_bus *bus;
	sd_bus_message *m;
	const struct plan_cgroup_write *writes;
	size_t n_writes;
	int version; /* of systemd, -1: not asked yet */
};

static const char *value_of(const struct props *p, const char *file)
{
	for (size_t i = 0; i < p->n_writes; i++)
		if (str_eq(p->writes[i].file, file))
			return p->writes[i].value;
	return NULL;
}

static bool has_version(struct props *p, int version)
{
	if (p->version < 0)
		p->version = systemd_version(p->bus);
	return p->version >= version;
}

static int add_u64(struct props *p, const char *property, uint64_t value)
{
	return sd_bus_message_append(p->m, "(sv)", property, "t", value);
}

/* "max" and "-1" are systemd's infinity. What is no number is left to the file. */
static int convert_limit(struct props *p, const char *property, const char *value)
{
	uint64_t n;

	if (str_eq(value, "max") || str_eq(value, "-1"))
		n = UINT64_MAX;
	else if (str_to_u64(value, &n) < 0)
		return 0;
	if (n == 0 && str_eq(property, "TasksMax"))
		n = 1; /* 0 is refused */
	return add_u64(p, property, n);
}

static bool is_idle(struct props *p)
{
	const char *idle = value_of(p, "cpu.idle");

	return idle && str_eq(idle, "1");
}

/* An idle group has a weight of 0 with systemd, and none else. */
static int convert_weight(struct props *p, const char *property, const char *value)
{
	return is_idle(p) ? 0 : convert_limit(p, property, value);
}

static int convert_idle(struct props *p, const char *property, const char *value)
{
	if (!str_eq(value, "1") || !has_version(p, VERSION_CPU_IDLE))
		return 0;
	return add_u64(p, property, 0);
}

/* Rounded up: below a rounded-down limit, an inner quota could not be set. */
static int add_quota(struct props *p, int64_t quota, uint64_t period)
{
	uint64_t per_sec = UINT64_MAX;
	int r;

	if (quota > 0) {
		if (period == 0 || __builtin_mul_overflow((uint64_t)quota, 1000000u, &per_sec))
			return 0;
		per_sec /= period;
		per_sec = (per_sec + QUOTA_STEP_USEC - 1) / QUOTA_STEP_USEC * QUOTA_STEP_USEC;
	}
	r = add_u64(p, "CPUQuotaPeriodUSec", period);
	return r < 0 ? r : add_u64(p, "CPUQuotaPerSecUSec", per_sec);
}

/* "max 100000", "50000 100000" */
static int convert_cpu_max(struct props *p, const char *property, const char *value)
{
	char quota[24];
	uint64_t period = 100000;
	int64_t q = -1;

	(void)property;
	if (sscanf(value, "%23s %" SCNu64, quota, &period) < 1)
		return 0;
	if (!str_eq(quota, "max") && str_to_i64(quota, &q) < 0)
		return 0;
	return add_quota(p, q, period);
}

/* v1: two files. The row of the period serves when the quota is not set. */
static int convert_quota_v1(struct props *p, const char *property, const char *value)
{
	const char *text = value_of(p, "cpu.cfs_period_us");
	uint64_t period = 100000;
	int64_t quota;

	(void)property;
	if (text && str_to_u64(text, &period) < 0)
		return 0;
	return str_to_i64(value, &quota) < 0 ? 0 : add_quota(p, quota, period);
}

static int convert_period_v1(struct props *p, const char *property, const char *value)
{
	if (value_of(p, "cpu.cfs_quota_us"))
		return 0;
	return convert_limit(p, property, value);
}

/* "0-2,7" as an array of bytes, lowest bit first. */
static int convert_mask(struct props *p, const char *property, const char *value)
{
	_cleanup_(strv_freep) char **ranges = strv_split(value, ",\n");
	uint8_t mask[MASK_BITS_MAX / 8] = {0};
	size_t len = 0;
	int r;

	for (size_t i = 0; ranges && ranges[i]; i++) {
		unsigned int from, to;
		int n = sscanf(ranges[i], "%u-%u", &from, &to);

		if (n == 1)
			to = from;
		if (n < 1 || to < from || to >= MASK_BITS_MAX)
			return 0; /* the kernel will say so */
		for (unsigned int bit = from; bit <= to; bit++) {
			mask[bit / 8] |= (uint8_t)(1u << (bit % 8));
			len = bit / 8 + 1 > len ? bit / 8 + 1 : len;
		}
	}
	r = sd_bus_message_open_container(p->m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(p->m, "s", property);
	if (r >= 0)
		r = sd_bus_message_open_container(p->m, 'v', "ay");
	if (r >= 0)
		r = sd_bus_message_append_array(p->m, 'y', mask, len);
	if (r >= 0)
		r = sd_bus_message_close_container(p->m);
	return r < 0 ? r : sd_bus_message_close_container(p->m);
}

static const struct {
	const char *file;
	const char *property;
	int (*convert)(struct props *p, const char *property, const char *value);
} conversions[] = {
	/* v1 */
	{"memory.limit_in_bytes", "MemoryLimit", convert_limit},
	{"cpu.shares", "CPUShares", convert_weight},
	{"cpu.cfs_quota_us", NULL, convert_quota_v1},
	{"cpu.cfs_period_us", "CPUQuotaPeriodUSec", convert_period_v1},
	{"blkio.weight", "BlockIOWeight", convert_limit},
	/* v2 */
	{"memory.max", "MemoryMax", convert_limit},
	{"memory.high", "MemoryHigh", convert_limit},
	{"memory.low", "MemoryLow", convert_limit},
	{"memory.min", "MemoryMin", convert_limit},
	{"memory.swap.max", "MemorySwapMax", convert_limit},
	{"cpu.weight", "CPUWeight", convert_weight},
	{"cpu.max", NULL, convert_cpu_max},
	/* both */
	{"pids.max", "TasksMax", convert_limit},
	{"cpuset.cpus", "AllowedCPUs", convert_mask},
	{"cpuset.mems", "AllowedMemoryNodes", convert_mask},
};

static int add_write(struct props *p, const struct plan_cgroup_write *w, bool is_v2)
{
	if (str_eq(w->file, "cpu.idle") && is_v2)
		return convert_idle(p, "CPUWeight", w->value);
	for (size_t i = 0; i < ARRAY_SIZE(conversions); i++)
		if (str_eq(conversions[i].file, w->file))
			return conversions[i].convert(p, conversions[i].property, w->value);
	return 0;
}

static int add_limits(sd_bus *bus, sd_bus_message *m, const struct cgroup *cg,
		      const struct spec_resources *r, struct error *err)
{
	struct props p = {.bus = bus, .m = m, .version = -1};
	struct plan_cgroup_write *writes = NULL;
	size_t n = 0;
	int status;

	status = plan_cgroup(&writes, &n, r, cg->is_v2 ? PLAN_CGROUP_V2 : PLAN_CGROUP_V1, err);
	if (status < 0)
		return status;
	p.writes = writes;
	p.n_writes = n;
	for (size_t i = 0; status >= 0 && i < n; i++)
		status = add_write(&p, &writes[i], cg->is_v2);
	plan_cgroup_free(writes, n);
	return status < 0 ? error_errno(err, -status, "compose the limits for systemd") : 0;
}

/*
 * Devices. systemd knows lists of what is allowed only. Rules that deny are left to
 * our own program or files; hence systemd's list is never narrower than ours, and
 * both together are ours.
 */
static int add_device(sd_bus_message *m, const struct cgroup_device_rule *rule)
{
	const char *kind = rule->type == 'b' ? "block" : "char";
	char access[4] = "", path[64];
	size_t n = 0;

	if (rule->access & BPF_DEVCG_ACC_READ)
		access[n++] = 'r';
	if (rule->access & BPF_DEVCG_ACC_WRITE)
		access[n++] = 'w';
	if (rule->access & BPF_DEVCG_ACC_MKNOD)
		access[n++] = 'm';
	if (rule->major < 0) /* "any major, this minor" has no spelling */
		snprintf(path, sizeof(path), "%s-*", kind);
	else if (rule->minor < 0)
		snprintf(path, sizeof(path), "%s-%" PRId64, kind, rule->major);
	else
		snprintf(path, sizeof(path), "/dev/%s/%" PRId64 ":%" PRId64, kind, rule->major,
			 rule->minor);
	return sd_bus_message_append(m, "(ss)", path, access);
}

static int add_device_list(sd_bus_message *m, const struct cgroup_devices *d)
{
	int r;

	/* An empty list first: what was there is forgotten. */
	r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 0);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)", "DevicePolicy", "s",
					  d->allow_all ? "auto" : "strict");
	if (r < 0 || d->allow_all)
		return r;
	r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "DeviceAllow");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a(ss)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(ss)");
	for (size_t i = 0; r >= 0 && i < d->n_rules; i++)
		if (d->rules[i].allow)
			r = add_device(m, &d->rules[i]);
	for (int i = 0; r >= 0 && i < 3; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int add_devices(sd_bus_message *m, const struct spec_resources *r, struct error *err)
{
	_cleanup_(cgroup_devices_done) struct cgroup_devices d = {0};
	int status;

	if (r->n_devices == 0)
		return 0;
	status = cgroup_devices_resolve(&d, r, err);
	if (status < 0)
		return status;
	status = add_device_list(m, &d);
	return status < 0 ? error_errno(err, -status, "compose the device rules for systemd")
			  : 0;
}

/* Annotations */

static int add_item(sd_bus_message *m, char type, const struct property_item *item)
{
	union {
		uint8_t y;
		uint16_t q;
		int16_t n;
		uint32_t u;
		int32_t i;
	} v;

	switch (type) {
	case 's':
	case 'o':
	case 'g':
		return sd_bus_message_append_basic(m, type, item->text);
	case 'd':
		return sd_bus_message_append_basic(m, type, &item->d);
	case 'b':
		v.i = (int32_t)item->u;
		return sd_bus_message_append_basic(m, type, &v.i);
	case 'y':
		v.y = (uint8_t)item->u;
		return sd_bus_message_append_basic(m, type, &v.y);
	case 'q':
		v.q = (uint16_t)item->u;
		return sd_bus_message_append_basic(m, type, &v.q);
	case 'u':
		v.u = (uint32_t)item->u;
		return sd_bus_message_append_basic(m, type, &v.u);
	case 't':
		return sd_bus_message_append_basic(m, type, &item->u);
	case 'n':
		v.n = (int16_t)item->i;
		return sd_bus_message_append_basic(m, type, &v.n);
	case 'i':
		v.i = (int32_t)item->i;
		return sd_bus_message_append_basic(m, type, &v.i);
	default: /* 'x' */
		return sd_bus_message_append_basic(m, type, &item->i);
	}
}

static int add_property(sd_bus_message *m, const struct property *p)
{
	char item_type[2] = {p->type, '\0'}, type[3] = {'a', p->type, '\0'};
	int r;

	r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", p->name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', p->is_array ? type : item_type);
	if (r >= 0 && p->is_array)
		r = sd_bus_message_open_container(m, 'a', item_type);
	for (size_t i = 0; r >= 0 && i < p->n_items; i++)
		r = add_item(m, p->type, &p->items[i]);
	for (int i = 0; r >= 0 && i < (p->is_array ? 3 : 2); i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int add_annotations(sd_bus_message *m, const struct cgroup_property *properties,
			   size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_(property_done) struct property p = {0};
		int r;

		r = property_parse(&p, properties[i].name, properties[i].value, err);
		if (r < 0)
			return r;
		r = add_property(m, &p);
		if (r < 0)
			return error_errno(err, -r, "annotation org.systemd.property.%s",
					   properties[i].name);
	}
	return 0;
}

/* The scope */

/* The slice of our directory: the last component of its parent, "-.slice" at the root. */
static char *slice_of(const struct cgroup *cg)
{
	_cleanup_free_ char *dir = NULL, *base = NULL, *parent = NULL, *slice = NULL;

	path_split(cg->dirs[0].path, &dir, &base);
	path_split(dir, &parent, &slice);
	return str_has_suffix(slice, ".slice") ? take_ptr(&slice) : xstrdup("-.slice");
}

static int add_scope(sd_bus_message *m, const struct cgroup *cg, pid_t pid)
{
	_cleanup_free_ char *slice = slice_of(cg);
	_cleanup_free_ char *description = xasprintf("sysbox-runc container %s", cg->unit);
	int r;

	r = sd_bus_message_append(m, "(sv)", "Description", "s", description);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)", "Slice", "s", slice);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "Delegate", "b", 1,
					  "DefaultDependencies", "b", 0);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)pid);
	/* From the start: a group does not count what was used before. */
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "MemoryAccounting", "b", 1,
					  "CPUAccounting", "b", 1,
					  cg->is_v2 ? "IOAccounting" : "BlockIOAccounting", "b",
					  1, "TasksAccounting", "b", 1);
	return r;
}

/* systemd kills by its own policy; memory.oom.group can be set by it at creation only. */
static int add_oom_policy(sd_bus *bus, sd_bus_message *m, const struct spec_resources *r)
{
	for (size_t i = 0; r && i < r->n_unified; i++)
		if (str_eq(r->unified[i].key, "memory.oom.group") &&
		    systemd_version(bus) >= VERSION_OOM_POLICY)
			return sd_bus_message_append(
				m, "(sv)", "OOMPolicy", "s",
				str_eq(r->unified[i].value, "1") ? "kill" : "continue");
	return 0;
}

struct scope {
	const struct cgroup *cg;
	const struct spec_resources *resources;
	pid_t pid;
	const struct cgroup_property *properties;
	size_t n_properties;
};

static int compose_start(sd_bus *bus, const struct scope *s, sd_bus_message **ret,
			 struct error *err)
{
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	int r, status = 0;

	r = sd_bus_message_new_method_call(bus, &m, DESTINATION, MANAGER_PATH, MANAGER_IFACE,
					   "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", s->cg->unit, "replace");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = add_scope(m, s->cg, s->pid);
	if (r >= 0)
		r = add_oom_policy(bus, m, s->resources);
	if (r >= 0 && s->resources) {
		status = add_devices(m, s->resources, err);
		if (status == 0)
			status = add_limits(bus, m, s->cg, s->resources, err);
	}
	if (r >= 0 && status == 0)
		status = add_annotations(m, s->properties, s->n_properties, err);
	if (status < 0)
		return status;
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	if (r < 0)
		return error_errno(err, -r, "compose the unit %s", s->cg->unit);
	*ret = take_ptr(&m);
	return 0;
}

/* A failed unit stays known until somebody has looked at it; errors mean that there is none. */
static void reset_failed(sd_bus *bus, const char *unit)
{
	(void)sd_bus_call_method(bus, DESTINATION, MANAGER_PATH, MANAGER_IFACE,
				 "ResetFailedUnit", NULL, NULL, "s", unit); /* see above */
}

static int call_start(sd_bus *bus, const struct scope *s, struct job *j, bool last,
		      bool *ret_exists, struct error *err)
{
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *reply = NULL;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int r;

	*ret_exists = false;
	r = compose_start(bus, s, &m, err);
	if (r < 0)
		return r;
	r = sd_bus_call(bus, m, 0, &e, &reply);
	if (r >= 0)
		return job_read(reply, j, err);
	*ret_exists = !last && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.UnitExists");
	return bus_failed(err, r, &e, "start", s->cg->unit);
}

int cgroup_systemd_start(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			 const struct cgroup_property *properties, size_t n_properties,
			 struct error *err)
{
	const struct scope s = {cg, r, pid, properties, n_properties};
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	_cleanup_(sdbus_slot_unrefp) sd_bus_slot *slot = NULL;
	_cleanup_(job_done) struct job j = {0};
	bool exists;
	int status;

	status = bus_open(&bus, err);
	if (status < 0)
		return status;
	status = job_watch(bus, &j, &slot, err);
	if (status < 0)
		return status;
	status = call_start(bus, &s, &j, false, &exists, err);
	if (exists) {
		/* The failed unit of an earlier container of this name. */
		reset_failed(bus, cg->unit);
		status = call_start(bus, &s, &j, true, &exists, err);
	}
	if (status == 0)
		status = job_wait(bus, &j, cg->unit, err);
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

	status = bus_open(&bus, err);
	if (status < 0)
		return status;
	status = sd_bus_message_new_method_call(bus, &m, DESTINATION, MANAGER_PATH,
						MANAGER_IFACE, "SetUnitProperties");
	if (status >= 0)
		status = sd_bus_message_append(m, "sb", cg->unit, 1); /* until reboot */
	if (status >= 0)
		status = sd_bus_message_open_container(m, 'a', "(sv)");
	if (status < 0)
		return error_errno(err, -status, "compose the properties of %s", cg->unit);
	status = add_limits(bus, m, cg, r, err);
	if (status < 0)
		return status;
	status = sd_bus_message_close_container(m);
	if (status >= 0)
		status = sd_bus_call(bus, m, 0, &e, NULL);
	return status < 0 ? bus_failed(err, status, &e, "set properties of", cg->unit) : 0;
}

int cgroup_systemd_stop(const struct cgroup *cg, struct error *err)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	_cleanup_(sdbus_slot_unrefp) sd_bus_slot *slot = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(job_done) struct job j = {0};
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int status;

	status = bus_open(&bus, err);
	if (status == 0)
		status = job_watch(bus, &j, &slot, err);
	if (status < 0)
		return status;
	status = sd_bus_call_method(bus, DESTINATION, MANAGER_PATH, MANAGER_IFACE, "StopUnit",
				    &e, &reply, "ss", cg->unit, "replace");
	if (status >= 0) {
		status = job_read(reply, &j, err);
		if (status == 0)
			status = job_wait(bus, &j, cg->unit, err);
	} else if (sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit")) {
		/* A scope goes with its last process. */
		sd_bus_error_free(&e);
		status = 0;
	} else {
		status = bus_failed(err, status, &e, "stop", cg->unit);
	}
	reset_failed(bus, cg->unit);
	return status;
}

void cgroup_systemd_forget(const struct cgroup *cg)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	struct error ignored;

	if (bus_open(&bus, &ignored) == 0)
		reset_failed(bus, cg->unit);
}

#else /* !HAVE_SYSTEMD */

static int not_built(struct error *err)
{
	return error_set(err, ENOTSUP,
			 "this sysbox-runc was built without the systemd cgroup "
			 "driver; leave --systemd-cgroup away");
}

int cgroup_systemd_start(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			 const struct cgroup_property *properties, size_t n_properties,
			 struct error *err)
{
	(void)cg;
	(void)r;
	(void)pid;
	(void)properties;
	(void)n_properties;
	return not_built(err);
}

int cgroup_systemd_update(const struct cgroup *cg, const struct spec_resources *r,
			  struct error *err)
{
	(void)cg;
	(void)r;
	return not_built(err);
}

int cgroup_systemd_stop(const struct cgroup *cg, struct error *err)
{
	(void)cg;
	return not_built(err);
}

void cgroup_systemd_forget(const struct cgroup *cg)
{
	(void)cg;
}

#endif
