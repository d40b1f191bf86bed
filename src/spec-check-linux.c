/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of `linux` in config.json (runtime-spec config-linux.md); see src/spec-check.c. */
#include "src/spec-check-linux.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/flags.h"
#include "lib/idmap.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec-check-words.h"
#include "src/spec.h"

/* The kernel's dev_t: 12 bits and 20 bits. */
#define DEVICE_MAJOR_MAX ((1 << 12) - 1)
#define DEVICE_MINOR_MAX ((1 << 20) - 1)
#define NSEC_PER_SEC	 1000000000u

/* ---- namespaces ---- */

static int check_namespaces(const struct spec *s, struct error *err)
{
	const struct spec_linux *l = s->linux_;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct spec_namespace *ns = &l->namespaces[i];

		if (str_is_empty(ns->type) || !flag_find(flags_namespaces, ns->type))
			return invalid(err,
				       "linux.namespaces[%zu].type: unknown namespace \"%s\"",
				       i, str_or_empty(ns->type));
		for (size_t j = 0; j < i; j++)
			if (str_eq(ns->type, l->namespaces[j].type))
				return invalid(err, "linux.namespaces[%zu].type: %s twice", i,
					       ns->type);
		if (!str_is_empty(ns->path) && *ns->path != '/')
			return invalid(err,
				       "linux.namespaces[%zu].path: must be an absolute path, "
				       "not \"%s\"",
				       i, ns->path);
	}
	return 0;
}

/* What would change the host, were the namespace shared with it. */
static int check_namespace_needs(const struct spec *s, struct error *err)
{
	static const struct spec_linux none;
	const struct spec_linux *l = s->linux_ ? s->linux_ : &none;
	const struct {
		const char *where;
		bool is_set;
		const char *ns;
	} needs[] = {
		{"hostname", !str_is_empty(s->hostname), "uts"},
		{"domainname", !str_is_empty(s->domainname), "uts"},
		{"linux.maskedPaths", strv_len(l->masked_paths) > 0, "mount"},
		{"linux.readonlyPaths", strv_len(l->readonly_paths) > 0, "mount"},
		{"linux.timeOffsets", l->time_offsets, "time"},
		{"linux.netDevices", l->n_net_devices > 0, "network"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (needs[i].is_set && !spec_find_namespace(s, needs[i].ns))
			return invalid(err, "%s: needs a namespace of type %s", needs[i].where,
				       needs[i].ns);
	return 0;
}

static int check_time_offsets(const struct spec *s, struct error *err)
{
	const struct spec_time_offsets *t = s->linux_->time_offsets;
	const struct spec_namespace *ns = spec_find_namespace(s, "time");

	if (!t)
		return 0;
	if (ns && !str_is_empty(ns->path))
		return invalid(err,
			       "linux.timeOffsets: not with a time namespace given by path");
	if (t->monotonic && t->monotonic->nanosecs >= NSEC_PER_SEC)
		return invalid(err,
			       "linux.timeOffsets.monotonic.nanosecs: %u is a second or more",
			       t->monotonic->nanosecs);
	if (t->boottime && t->boottime->nanosecs >= NSEC_PER_SEC)
		return invalid(err,
			       "linux.timeOffsets.boottime.nanosecs: %u is a second or more",
			       t->boottime->nanosecs);
	return 0;
}

/* ---- id mappings ---- */

static int check_mapping(const struct spec_id_mapping *maps, size_t n, const char *where,
			 const char *name, struct error *err)
{
	_cleanup_(idmap_done) struct idmap m = IDMAP_EMPTY;
	char what[96];

	snprintf(what, sizeof(what), "%s.%s", where, name);
	if (n > IDMAP_MAX_EXTENTS)
		return invalid(err, "%s: more than %d entries", what, IDMAP_MAX_EXTENTS);
	for (size_t i = 0; i < n; i++)
		idmap_add(&m.uids, maps[i].container_id, maps[i].host_id, maps[i].size);
	return idmap_check(&m.uids, what, err);
}

int spec_check_id_mappings(const struct spec_id_mapping *uids, size_t n_uids,
			   const struct spec_id_mapping *gids, size_t n_gids, const char *where,
			   struct error *err)
{
	int r;

	if (!n_uids && !n_gids)
		return 0;
	if (!n_uids || !n_gids)
		return invalid(err, "%s: uidMappings and gidMappings go together", where);
	r = check_mapping(uids, n_uids, where, "uidMappings", err);
	return r < 0 ? r : check_mapping(gids, n_gids, where, "gidMappings", err);
}

static int check_id_mappings(const struct spec *s, struct error *err)
{
	const struct spec_linux *l = s->linux_;

	return spec_check_id_mappings(l->uid_mappings, l->n_uid_mappings, l->gid_mappings,
				      l->n_gid_mappings, "linux", err);
}

/* ---- paths and words ---- */

static int check_paths(char *const *paths, const char *name, struct error *err)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (*paths[i] != '/')
			return invalid(err,
				       "linux.%s[%zu]: must be an absolute path, not \"%s\"",
				       name, i, paths[i]);
	return 0;
}

static int check_masks(const struct spec *s, struct error *err)
{
	int r = check_paths(s->linux_->masked_paths, "maskedPaths", err);

	return r < 0 ? r : check_paths(s->linux_->readonly_paths, "readonlyPaths", err);
}

static int check_propagation(const struct spec *s, struct error *err)
{
	static const char *const words[] = {"private",	  "rprivate",	 "slave",
					    "rslave",	  "shared",	 "rshared",
					    "unbindable", "runbindable", NULL};
	const char *p = s->linux_->rootfs_propagation;

	if (!str_is_empty(p) && !spec_check_is_word(words, p))
		return invalid(err, "linux.rootfsPropagation: unknown propagation \"%s\"", p);
	return 0;
}

static int check_personality(const struct spec *s, struct error *err)
{
	const struct spec_personality *p = s->linux_->personality;

	if (p && (str_is_empty(p->domain) || !flag_find(flags_personalities, p->domain)))
		return invalid(err, "linux.personality.domain: unknown domain \"%s\"",
			       str_or_empty(p->domain));
	return 0;
}

/* ---- devices ---- */

static int check_device_owner(const struct spec_device *d, size_t i, struct error *err)
{
	const struct {
		const char *name;
		const struct maybe_u64 *value;
	} fields[] = {{"fileMode", &d->file_mode}, {"uid", &d->uid}, {"gid", &d->gid}};

	for (size_t j = 0; j < ARRAY_SIZE(fields); j++) {
		char where[64];
		int r;

		snprintf(where, sizeof(where), "linux.devices[%zu].%s", i, fields[j].name);
		r = spec_check_max(fields[j].value, UINT32_MAX, where, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_devices(const struct spec *s, struct error *err)
{
	static const char *const types[] = {"c", "b", "u", "p", NULL};

	for (size_t i = 0; i < s->linux_->n_devices; i++) {
		const struct spec_device *d = &s->linux_->devices[i];
		int r;

		if (str_is_empty(d->path) || *d->path != '/')
			return invalid(
				err,
				"linux.devices[%zu].path: must be an absolute path, not \"%s\"",
				i, str_or_empty(d->path));
		if (!spec_check_is_word(types, d->type))
			return invalid(err, "linux.devices[%zu].type: unknown type \"%s\"", i,
				       str_or_empty(d->type));
		if (d->major < 0 || d->major > DEVICE_MAJOR_MAX || d->minor < 0 ||
		    d->minor > DEVICE_MINOR_MAX)
			return invalid(err,
				       "linux.devices[%zu]: no device has number %lld:%lld", i,
				       (long long)d->major, (long long)d->minor);
		r = check_device_owner(d, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_resources(const struct spec *s, struct error *err)
{
	return s->linux_->resources ? spec_resources_check(s->linux_->resources, err) : 0;
}

static int check_seccomp(const struct spec *s, struct error *err)
{
	return s->linux_->seccomp ? spec_seccomp_check(s->linux_->seccomp, err) : 0;
}

/* ---- sysctl and network devices ---- */

/* No empty component, no "." and no "..": nothing leads out of /proc/sys. */
static bool is_sane_sysctl_path(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (!n || (n <= 2 && strspn(path, ".") >= n))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static int check_sysctl(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->linux_->n_sysctl; i++) {
		const char *key = s->linux_->sysctl[i].key;
		_cleanup_free_ char *path = spec_sysctl_path(key);
		const char *ns = spec_sysctl_namespace(path);

		if (!spec_check_is_one_word(key) || !is_sane_sysctl_path(path))
			return invalid(err, "linux.sysctl: not the name of a sysctl: \"%s\"",
				       key);
		if (str_eq(path, "kernel/hostname"))
			return invalid(err, "linux.sysctl: set the `hostname`, not \"%s\"",
				       key);
		if (ns && !spec_find_namespace(s, ns))
			return invalid(err,
				       "linux.sysctl: needs a namespace of type %s: \"%s\"", ns,
				       key);
	}
	return 0;
}

/* As the kernel's dev_valid_name(). */
static bool is_interface_name(const char *s)
{
	return spec_check_is_one_word(s) && strlen(s) < IFNAMSIZ && !strpbrk(s, "/:") &&
	       !str_eq(s, ".") && !str_eq(s, "..");
}

static int check_net_devices(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->linux_->n_net_devices; i++) {
		const struct spec_net_device *d = &s->linux_->net_devices[i];

		if (!is_interface_name(d->name))
			return invalid(err, "linux.netDevices: not an interface: \"%s\"",
				       d->name);
		if (!str_is_empty(d->new_name) && !is_interface_name(d->new_name))
			return invalid(
				err, "linux.netDevices[\"%s\"].name: not an interface: \"%s\"",
				d->name, d->new_name);
	}
	return 0;
}

static int check_memory_policy(const struct spec *s, struct error *err)
{
	const struct spec_memory_policy *m = s->linux_->memory_policy;
	bool takes_nodes;

	if (!m)
		return 0;
	if (str_is_empty(m->mode) || !flag_find(flags_memory_modes, m->mode))
		return invalid(err,
			       "linux.memoryPolicy.mode: invalid memory policy mode \"%s\"",
			       str_or_empty(m->mode));
	for (size_t i = 0; m->flags && m->flags[i]; i++)
		if (!flag_find(flags_memory_flags, m->flags[i]))
			return invalid(
				err,
				"linux.memoryPolicy.flags[%zu]: invalid memory policy flag "
				"\"%s\"",
				i, m->flags[i]);
	if (m->nodes && !spec_check_is_number_list(m->nodes))
		return invalid(
			err, "linux.memoryPolicy.nodes: invalid memory policy node list \"%s\"",
			m->nodes);
	takes_nodes = !str_eq(m->mode, "MPOL_DEFAULT") && !str_eq(m->mode, "MPOL_LOCAL");
	if (!takes_nodes && !str_is_empty(m->nodes))
		return invalid(err, "linux.memoryPolicy.nodes: none go with %s", m->mode);
	return 0;
}

static int check_intel_rdt(const struct spec *s, struct error *err)
{
	if (s->linux_->intel_rdt)
		return error_set(err, ENOTSUP, "linux.intelRdt: not supported");
	return 0;
}

int spec_check_linux(const struct spec *s, struct error *err)
{
	static int (*const rules[])(const struct spec *, struct error *) = {
		check_namespaces,  check_time_offsets, check_id_mappings, check_masks,
		check_propagation, check_personality,  check_devices,	  check_resources,
		check_seccomp,	   check_sysctl,       check_net_devices, check_memory_policy,
		check_intel_rdt,
	};
	int r = check_namespace_needs(s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; s->linux_ && i < ARRAY_SIZE(rules); i++) {
		r = rules[i](s, err);
		if (r < 0)
			return r;
	}
	return 0;
}
