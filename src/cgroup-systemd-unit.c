/* SPDX-License-Identifier: Apache-2.0 */
/* The request that makes the scope, with all of its properties. */
#include "src/cgroup-systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-property.h"
#include "src/spec.h"

/* From this version on a scope has an OOMPolicy. */
#define VERSION_OOM_POLICY 253

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

/* ---- annotations */

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

int systemd_compose_start(sd_bus *bus, const struct systemd_scope *s, sd_bus_message **ret,
			  struct error *err)
{
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	int r, status = 0;

	r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
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
			status = systemd_add_limits(bus, m, s->cg, s->resources, err);
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
