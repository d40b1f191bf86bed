/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of `linux` in config.json (runtime-spec config-linux.md); see src/spec-check.c. */
#include "src/spec-check.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/idmap.h"
#include "lib/str.h"
#include "src/spec.h"

/* The kernel's dev_t: 12 bits and 20 bits. */
#define DEVICE_MAJOR_MAX ((1 << 12) - 1)
#define DEVICE_MINOR_MAX ((1 << 20) - 1)
#define NSEC_PER_SEC	 1000000000u
/* /proc/sys/vm/swappiness since Linux 5.8 */
#define SWAPPINESS_MAX 200
/* A system call has six arguments; a filter returns 16 bits of data with its action. */
#define SECCOMP_ARG_MAX	 5
#define SECCOMP_DATA_MAX UINT16_MAX

static bool is_empty(const char *s)
{
	return !s || !*s;
}

static int check_max(const struct maybe_u64 *v, uint64_t max, const char *where,
		     struct error *err)
{
	if (v->present && v->value > max)
		return error_set(err, ERANGE, "%s: %llu is out of range (0 to %llu)", where,
				 (unsigned long long)v->value, (unsigned long long)max);
	return 0;
}

/* ---- namespaces ---- */

static int check_namespaces(const struct spec *s, struct error *err)
{
	const struct spec_linux *l = s->linux_;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct spec_namespace *ns = &l->namespaces[i];

		if (is_empty(ns->type) || !flag_find(flags_namespaces, ns->type))
			return error_set(err, EINVAL,
					 "linux.namespaces[%zu].type: unknown namespace \"%s\"",
					 i, ns->type ? ns->type : "");
		for (size_t j = 0; j < i; j++)
			if (str_eq(ns->type, l->namespaces[j].type))
				return error_set(err, EINVAL,
						 "linux.namespaces[%zu].type: %s twice", i,
						 ns->type);
		if (!is_empty(ns->path) && *ns->path != '/')
			return error_set(err, EINVAL,
					 "linux.namespaces[%zu].path: must be an absolute "
					 "path, not \"%s\"",
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
		{"hostname", !is_empty(s->hostname), "uts"},
		{"domainname", !is_empty(s->domainname), "uts"},
		{"linux.maskedPaths", strv_len(l->masked_paths) > 0, "mount"},
		{"linux.readonlyPaths", strv_len(l->readonly_paths) > 0, "mount"},
		{"linux.timeOffsets", l->time_offsets, "time"},
		{"linux.netDevices", l->n_net_devices > 0, "network"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (needs[i].is_set && !spec_find_namespace(s, needs[i].ns))
			return error_set(err, EINVAL, "%s: needs a %s namespace",
					 needs[i].where, needs[i].ns);
	return 0;
}

static int check_time_offsets(const struct spec *s, struct error *err)
{
	const struct spec_time_offsets *t = s->linux_->time_offsets;
	const struct spec_namespace *ns = spec_find_namespace(s, "time");

	if (!t)
		return 0;
	if (ns && !is_empty(ns->path))
		return error_set(err, EINVAL,
				 "linux.timeOffsets: not with a time namespace given by path");
	if (t->monotonic && t->monotonic->nanosecs >= NSEC_PER_SEC)
		return error_set(err, EINVAL,
				 "linux.timeOffsets.monotonic.nanosecs: %u is a second or more",
				 t->monotonic->nanosecs);
	if (t->boottime && t->boottime->nanosecs >= NSEC_PER_SEC)
		return error_set(err, EINVAL,
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
		return error_set(err, EINVAL, "%s: more than %d entries", what,
				 IDMAP_MAX_EXTENTS);
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
		return error_set(err, EINVAL, "%s: uidMappings and gidMappings go together",
				 where);
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
			return error_set(err, EINVAL,
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

	if (!is_empty(p) && !spec_check_is_word(words, p))
		return error_set(err, EINVAL,
				 "linux.rootfsPropagation: unknown propagation \"%s\"", p);
	return 0;
}

static int check_personality(const struct spec *s, struct error *err)
{
	const struct spec_personality *p = s->linux_->personality;

	if (p && (is_empty(p->domain) || !flag_find(flags_personalities, p->domain)))
		return error_set(err, EINVAL, "linux.personality.domain: unknown domain \"%s\"",
				 p->domain ? p->domain : "");
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
		r = check_max(fields[j].value, UINT32_MAX, where, err);
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

		if (is_empty(d->path) || *d->path != '/')
			return error_set(
				err, EINVAL,
				"linux.devices[%zu].path: must be an absolute path, not \"%s\"",
				i, d->path ? d->path : "");
		if (!spec_check_is_word(types, d->type))
			return error_set(err, EINVAL,
					 "linux.devices[%zu].type: unknown type \"%s\"", i,
					 d->type ? d->type : "");
		if (d->major < 0 || d->major > DEVICE_MAJOR_MAX || d->minor < 0 ||
		    d->minor > DEVICE_MINOR_MAX)
			return error_set(err, EINVAL,
					 "linux.devices[%zu]: no device has number %lld:%lld",
					 i, (long long)d->major, (long long)d->minor);
		r = check_device_owner(d, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_device_rules(const struct spec_resources *r, struct error *err)
{
	static const char *const types[] = {"a", "c", "b", NULL};

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct spec_device_rule *d = &r->devices[i];

		if (!is_empty(d->type) && !spec_check_is_word(types, d->type))
			return error_set(
				err, EINVAL,
				"linux.resources.devices[%zu].type: unknown type \"%s\"", i,
				d->type);
		if (is_empty(d->access) || d->access[strspn(d->access, "rwm")])
			return error_set(err, EINVAL,
					 "linux.resources.devices[%zu].access: must be of "
					 "\"rwm\", not \"%s\"",
					 i, d->access ? d->access : "");
		/* -1 stands for every number, as runc has it. */
		if ((d->major.present && d->major.value < -1) ||
		    (d->minor.present && d->minor.value < -1))
			return error_set(err, EINVAL,
					 "linux.resources.devices[%zu]: negative device number",
					 i);
	}
	return 0;
}

/* ---- resources ---- */

static int check_block_io(const struct spec_resources *r, struct error *err)
{
	const struct spec_block_io *b = r->block_io;
	int e;

	if (!b)
		return 0;
	e = check_max(&b->weight, UINT16_MAX, "linux.resources.blockIO.weight", err);
	if (e < 0)
		return e;
	e = check_max(&b->leaf_weight, UINT16_MAX, "linux.resources.blockIO.leafWeight", err);
	for (size_t i = 0; e == 0 && i < b->n_weight_device; i++) {
		const struct spec_weight_device *d = &b->weight_device[i];
		char where[64];

		snprintf(where, sizeof(where), "linux.resources.blockIO.weightDevice[%zu]", i);
		e = check_max(&d->weight, UINT16_MAX, where, err);
		if (e == 0)
			e = check_max(&d->leaf_weight, UINT16_MAX, where, err);
	}
	return e;
}

/* "2MB": it becomes part of a file name (hugetlb.2MB.max). */
static bool is_page_size(const char *s)
{
	size_t digits;

	if (is_empty(s) || *s == '0')
		return false;
	digits = strspn(s, "0123456789");
	return digits && strchr("KMG", s[digits]) && str_eq(s + digits + !!s[digits], "B");
}

static int check_hugepages(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		if (!is_page_size(r->hugepage_limits[i].page_size))
			return error_set(err, EINVAL,
					 "linux.resources.hugepageLimits[%zu].pageSize: \"%s\" "
					 "is not like \"2MB\"",
					 i,
					 r->hugepage_limits[i].page_size
						 ? r->hugepage_limits[i].page_size
						 : "");
	return 0;
}

/* Written as one word of a line into a cgroup file. */
static bool is_one_word(const char *s)
{
	if (is_empty(s))
		return false;
	for (; *s; s++)
		if (isspace((unsigned char)*s) || iscntrl((unsigned char)*s))
			return false;
	return true;
}

static int check_network(const struct spec_resources *r, struct error *err)
{
	const struct spec_network *n = r->network;

	if (!n)
		return 0;
	for (size_t i = 0; i < n->n_priorities; i++)
		if (!is_one_word(n->priorities[i].name))
			return error_set(err, EINVAL,
					 "linux.resources.network.priorities[%zu].name: not an "
					 "interface: \"%s\"",
					 i, n->priorities[i].name ? n->priorities[i].name : "");
	return check_max(&n->class_id, UINT32_MAX, "linux.resources.network.classID", err);
}

static int check_rdma(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct spec_rdma *d = &r->rdma[i];
		int e;

		if (!is_one_word(d->device))
			return error_set(err, EINVAL,
					 "linux.resources.rdma: not a device: \"%s\"",
					 d->device ? d->device : "");
		if (!d->hca_handles.present && !d->hca_objects.present)
			return error_set(
				err, EINVAL,
				"linux.resources.rdma[\"%s\"]: needs hcaHandles or hcaObjects",
				d->device);
		e = check_max(&d->hca_handles, UINT32_MAX, "linux.resources.rdma.hcaHandles",
			      err);
		if (e < 0)
			return e;
		e = check_max(&d->hca_objects, UINT32_MAX, "linux.resources.rdma.hcaObjects",
			      err);
		if (e < 0)
			return e;
	}
	return 0;
}

static int check_memory(const struct spec_resources *r, struct error *err)
{
	const struct spec_memory *m = r->memory;

	/* -1 as a Go engine casts it: leave it as it is. */
	if (!m || (m->swappiness.present && m->swappiness.value == UINT64_MAX))
		return 0;
	return check_max(&m->swappiness, SWAPPINESS_MAX, "linux.resources.memory.swappiness",
			 err);
}

/* The key is a file of our cgroup, "memory.high", and of no other one. */
static int check_unified(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_unified; i++) {
		const char *key = r->unified[i].key;

		if (!is_one_word(key) || strchr(key, '/') || *key == '.' || !strchr(key, '.'))
			return error_set(err, EINVAL,
					 "linux.resources.unified: \"%s\" is not the name of a "
					 "cgroup file",
					 key ? key : "");
	}
	return 0;
}

int spec_resources_check(const struct spec_resources *r, struct error *err)
{
	static int (*const rules[])(const struct spec_resources *, struct error *) = {
		check_device_rules, check_memory, check_block_io, check_hugepages,
		check_network,	    check_rdma,	  check_unified,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int e = rules[i](r, err);

		if (e < 0)
			return e;
	}
	return 0;
}

static int check_resources(const struct spec *s, struct error *err)
{
	return s->linux_->resources ? spec_resources_check(s->linux_->resources, err) : 0;
}

/* ---- seccomp ---- */

static const char *const seccomp_actions[] = {
	"SCMP_ACT_KILL",	"SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
	"SCMP_ACT_ERRNO",	"SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW",	"SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",	NULL,
};
static const char *const seccomp_operators[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	    "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};
static const char *const seccomp_architectures[] = {
	"SCMP_ARCH_X86",	 "SCMP_ARCH_X86_64",  "SCMP_ARCH_X32",
	"SCMP_ARCH_ARM",	 "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",	 "SCMP_ARCH_MIPS",    "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32",	 "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64",
	"SCMP_ARCH_PPC",	 "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_RISCV64",	 "SCMP_ARCH_S390",    "SCMP_ARCH_S390X",
	"SCMP_ARCH_SH",		 "SCMP_ARCH_SHEB",    NULL,
};
static const char *const seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static int check_seccomp_words(char *const *list, const char *const *words, const char *name,
			       struct error *err)
{
	for (size_t i = 0; list && list[i]; i++)
		if (!spec_check_is_word(words, list[i]))
			return error_set(err, EINVAL, "linux.seccomp.%s[%zu]: unknown: \"%s\"",
					 name, i, list[i]);
	return 0;
}

/* config-linux.md: a value to return is an error with an action that returns none. */
static int check_seccomp_action(const char *action, const struct maybe_u64 *ret,
				const char *where, struct error *err)
{
	if (!spec_check_is_word(seccomp_actions, action))
		return error_set(err, EINVAL, "%s: unknown action \"%s\"", where,
				 action ? action : "");
	if (ret->present && !str_eq(action, "SCMP_ACT_ERRNO") &&
	    !str_eq(action, "SCMP_ACT_TRACE"))
		return error_set(err, EINVAL, "%s: %s returns no value to the caller", where,
				 action);
	return check_max(ret, SECCOMP_DATA_MAX, where, err);
}

static int check_seccomp_args(const struct spec_seccomp_rule *rule, size_t i, struct error *err)
{
	for (size_t j = 0; j < rule->n_args; j++) {
		const struct spec_seccomp_arg *a = &rule->args[j];

		if (a->index > SECCOMP_ARG_MAX)
			return error_set(err, EINVAL,
					 "linux.seccomp.syscalls[%zu].args[%zu].index: %u, but "
					 "calls have six arguments",
					 i, j, a->index);
		if (!spec_check_is_word(seccomp_operators, a->op))
			return error_set(err, EINVAL,
					 "linux.seccomp.syscalls[%zu].args[%zu].op: unknown "
					 "operator \"%s\"",
					 i, j, a->op ? a->op : "");
	}
	return 0;
}

static int check_seccomp_rule(const struct spec_seccomp_rule *rule, size_t i, struct error *err)
{
	char where[64];
	int r;

	if (!strv_len(rule->names))
		return error_set(err, EINVAL,
				 "linux.seccomp.syscalls[%zu].names: must not be empty", i);
	snprintf(where, sizeof(where), "linux.seccomp.syscalls[%zu].action", i);
	r = check_seccomp_action(rule->action, &rule->errno_ret, where, err);
	return r < 0 ? r : check_seccomp_args(rule, i, err);
}

/* Somebody must answer; a filter whose default is to ask would ask for our own steps, too. */
static int check_seccomp_listener(const struct spec_seccomp *f, struct error *err)
{
	bool notifies = false;

	for (size_t i = 0; i < f->n_rules; i++)
		notifies |= str_eq(f->rules[i].action, "SCMP_ACT_NOTIFY");
	if (str_eq(f->default_action, "SCMP_ACT_NOTIFY"))
		return error_set(
			err, EINVAL,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default");
	if (notifies && is_empty(f->listener_path))
		return error_set(
			err, EINVAL,
			"linux.seccomp.listenerPath: is missing, but SCMP_ACT_NOTIFY is used");
	if (!is_empty(f->listener_metadata) && is_empty(f->listener_path))
		return error_set(err, EINVAL,
				 "linux.seccomp.listenerMetadata: needs a listenerPath");
	return 0;
}

static int check_seccomp(const struct spec *s, struct error *err)
{
	const struct spec_seccomp *f = s->linux_->seccomp;
	int r;

	/* No action and no rule: none was meant, as runc reads it. */
	if (!f || (is_empty(f->default_action) && !f->n_rules))
		return 0;
	r = check_seccomp_action(f->default_action, &f->default_errno_ret,
				 "linux.seccomp.defaultAction", err);
	if (r < 0)
		return r;
	r = check_seccomp_words(f->architectures, seccomp_architectures, "architectures", err);
	if (r < 0)
		return r;
	r = check_seccomp_words(f->flags, seccomp_flags, "flags", err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n_rules; i++) {
		r = check_seccomp_rule(&f->rules[i], i, err);
		if (r < 0)
			return r;
	}
	return check_seccomp_listener(f, err);
}

/* ---- sysctl and network devices ---- */

/*
 * sysctl.d(5): the first separator says which one it is, and the other one then
 * stands for a dot in a name ("net.ipv4.conf.eno2/100.rp_filter"). Returns the
 * path below /proc/sys, owned.
 */
static char *sysctl_path(const char *key)
{
	char *path = xstrdup(key);
	size_t first = strcspn(key, "./");

	for (char *p = path; key[first] == '.' && *p; p++)
		if (*p == '.' || *p == '/')
			*p = *p == '.' ? '/' : '.';
	return path;
}

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

/* Which namespace keeps a sysctl from being the host's; what is in none is a matter of policy.
 */
static const char *sysctl_namespace(const char *path)
{
	static const struct {
		const char *prefix;
		const char *ns;
	} rows[] = {
		{"net/", "network"},   {"fs/mqueue/", "ipc"}, {"kernel/msg", "ipc"},
		{"kernel/sem", "ipc"}, {"kernel/shm", "ipc"}, {"kernel/domainname", "uts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_has_prefix(path, rows[i].prefix))
			return rows[i].ns;
	return NULL;
}

static int check_sysctl(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->linux_->n_sysctl; i++) {
		const char *key = s->linux_->sysctl[i].key;
		_cleanup_free_ char *path = sysctl_path(key);
		const char *ns = sysctl_namespace(path);

		if (!is_one_word(key) || !is_sane_sysctl_path(path))
			return error_set(err, EINVAL,
					 "linux.sysctl: \"%s\" is not the name of a sysctl",
					 key);
		if (str_eq(path, "kernel/hostname"))
			return error_set(err, EINVAL,
					 "linux.sysctl: \"%s\" is what `hostname` is for", key);
		if (ns && !spec_find_namespace(s, ns))
			return error_set(err, EINVAL,
					 "linux.sysctl: \"%s\" needs a %s namespace", key, ns);
	}
	return 0;
}

/* As the kernel's dev_valid_name(). */
static bool is_interface_name(const char *s)
{
	return is_one_word(s) && strlen(s) < IFNAMSIZ && !strpbrk(s, "/:") && !str_eq(s, ".") &&
	       !str_eq(s, "..");
}

static int check_net_devices(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->linux_->n_net_devices; i++) {
		const struct spec_net_device *d = &s->linux_->net_devices[i];

		if (!is_interface_name(d->name))
			return error_set(err, EINVAL,
					 "linux.netDevices: not an interface: \"%s\"", d->name);
		if (!is_empty(d->new_name) && !is_interface_name(d->new_name))
			return error_set(
				err, EINVAL,
				"linux.netDevices[\"%s\"].name: not an interface: \"%s\"",
				d->name, d->new_name);
	}
	return 0;
}

int spec_check_linux(const struct spec *s, struct error *err)
{
	static const spec_check_rule rules[] = {
		check_namespaces,  check_time_offsets, check_id_mappings, check_masks,
		check_propagation, check_personality,  check_devices,	  check_resources,
		check_seccomp,	   check_sysctl,       check_net_devices,
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
