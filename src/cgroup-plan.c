/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the container's cgroup in every hierarchy. Pure. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"
#include "src/host.h"
#include "src/spec.h"

#define SLICE_SUFFIX  ".slice"
#define DEFAULT_SLICE "system.slice"
#define SCOPE_PREFIX  "sysbox-runc"

static const struct json_field dir_fields[] = {
	JSON_FIELD(struct cgroup_dir, "controllers", STRING, controllers,
		   JSON_REQUIRED | JSON_KEEP),
	JSON_FIELD(struct cgroup_dir, "path", STRING, path, JSON_REQUIRED),
	{0},
};
static const struct json_type dir_type =
	JSON_TYPE("cgroup directory", struct cgroup_dir, dir_fields);

/* The driver is saved by its number: enum cgroup_driver is append-only. */
static_assert(sizeof(enum cgroup_driver) == sizeof(uint32_t), "the codec writes 32 bits");

static const struct json_field cgroup_fields[] = {
	JSON_FIELD(struct cgroup, "driver", U32, driver, JSON_KEEP),
	JSON_FIELD(struct cgroup, "unit", STRING, unit, 0),
	JSON_FIELD(struct cgroup, "mark", STRING, mark, 0),
	JSON_FIELD(struct cgroup, "v2", BOOL, is_v2, JSON_KEEP),
	JSON_COUNTED(struct cgroup, "directories", ARRAY, dirs, n_dirs, &dir_type, JSON_KEEP),
	{0},
};
const struct json_type cgroup_type = JSON_TYPE("cgroup", struct cgroup, cgroup_fields);

void cgroup_done(struct cgroup *cg)
{
	json_done(&cgroup_type, cg);
}

static int check_host(const struct host *h, enum cgroup_driver driver, struct error *err)
{
	if (h->cgroup_mode == HOST_CGROUP_NONE || h->n_hierarchies == 0)
		return error_set(err, ENOENT, "no cgroup hierarchy is mounted on this host");
	if (driver == CGROUP_SYSTEMD && !h->has_systemd)
		return error_set(err, ENOTSUP,
				 "systemd is not running on this host, so it cannot manage the "
				 "container's cgroup; leave --systemd-cgroup away");
	return 0;
}

/* The path below every hierarchy's root, cleaned there: no ".." leads out of it. */
static int plan_fs(const char *cgroups_path, const char *id, char **ret, struct error *err)
{
	_cleanup_free_ char *rooted = NULL, *path = NULL;

	rooted = path_join("/", str_is_empty(cgroups_path) ? id : cgroups_path);
	path = path_clean(rooted);
	if (str_eq(path, "/"))
		return error_set(
			err, EINVAL,
			"linux.cgroupsPath: \"%s\" is the root of the hierarchy, which "
			"belongs to the host",
			cgroups_path);
	*ret = take_ptr(&path);
	return 0;
}

/* What systemd allows in a unit's name (unit_name_is_valid() there). */
static bool is_unit_name(const char *s)
{
	if (!*s || *s == '.' || strlen(s) > 255)
		return false;
	for (; *s; s++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_."
			    "\\@",
			    *s))
			return false;
	return true;
}

/* "a-b.slice" lies in "a.slice": "/a.slice/a-b.slice". systemd.slice(5). */
static int expand_slice(const char *slice, char **ret, struct error *err)
{
	size_t len = strlen(slice), suffix = strlen(SLICE_SUFFIX);
	_cleanup_free_ char *path = xstrdup("");

	if (str_eq(slice, "-" SLICE_SUFFIX)) {
		*ret = xstrdup("/");
		return 0;
	}
	if (len <= suffix || !str_has_suffix(slice, SLICE_SUFFIX) || !is_unit_name(slice))
		return error_set(err, EINVAL, "linux.cgroupsPath: invalid slice name \"%s\"",
				 slice);
	len -= suffix;
	for (size_t i = 0; i <= len; i++) {
		char *longer;

		if (i < len && slice[i] != '-')
			continue;
		if (i == 0 || slice[i - 1] == '-')
			return error_set(err, EINVAL,
					 "linux.cgroupsPath: invalid slice name \"%s\"", slice);
		longer = xasprintf("%s/%.*s" SLICE_SUFFIX, path, (int)i, slice);
		free(path);
		path = longer;
	}
	*ret = take_ptr(&path);
	return 0;
}

/* "slice:prefix:name", the slice may be empty. */
static int split_unit(const char *cgroups_path, const char *id, char **ret_slice,
		      char **ret_unit, struct error *err)
{
	const char *prefix, *name;
	_cleanup_free_ char *unit = NULL;

	if (str_is_empty(cgroups_path)) {
		unit = xasprintf(SCOPE_PREFIX "-%s.scope", id);
		*ret_slice = xstrdup(DEFAULT_SLICE);
		*ret_unit = take_ptr(&unit);
		return 0;
	}
	prefix = strchr(cgroups_path, ':');
	name = prefix ? strchr(prefix + 1, ':') : NULL;
	if (!name || strchr(name + 1, ':'))
		return error_set(
			err, EINVAL,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for "
			"systemd cgroups, got \"%s\" instead",
			cgroups_path);
	if (str_has_suffix(name + 1, SLICE_SUFFIX))
		return error_set(
			err, EINVAL,
			"linux.cgroupsPath: \"%s\" names a slice; a container needs a scope",
			cgroups_path);
	unit = xasprintf("%.*s-%s.scope", (int)(name - prefix - 1), prefix + 1, name + 1);
	if (!is_unit_name(unit))
		return error_set(err, EINVAL, "linux.cgroupsPath: invalid unit name \"%s\"",
				 unit);
	*ret_slice = prefix == cgroups_path
			     ? xstrdup(DEFAULT_SLICE)
			     : xstrndup(cgroups_path, (size_t)(prefix - cgroups_path));
	*ret_unit = take_ptr(&unit);
	return 0;
}

static int plan_systemd(const char *cgroups_path, const char *id, char **ret_path,
			char **ret_unit, struct error *err)
{
	_cleanup_free_ char *slice = NULL, *unit = NULL, *dir = NULL;
	int r;

	r = split_unit(cgroups_path, id, &slice, &unit, err);
	if (r < 0)
		return r;
	r = expand_slice(slice, &dir, err);
	if (r < 0)
		return r;
	*ret_path = path_join(dir, unit);
	*ret_unit = take_ptr(&unit);
	return 0;
}

static int make_mark(char **ret, struct error *err)
{
	uint64_t n[2];

	if (getrandom(n, sizeof(n), 0) != sizeof(n))
		return error_errno(err, errno, "getrandom");
	*ret = xasprintf("%016" PRIx64 "%016" PRIx64, n[0], n[1]);
	return 0;
}

int cgroup_plan(struct cgroup *ret, const struct host *h, enum cgroup_driver driver,
		const char *cgroups_path, const char *id, struct error *err)
{
	_cleanup_free_ char *path = NULL, *unit = NULL, *mark = NULL;
	struct cgroup cg = {.driver = driver, .is_v2 = h->cgroup_mode == HOST_CGROUP_V2};
	int r;

	r = check_host(h, driver, err);
	if (r < 0)
		return r;
	r = driver == CGROUP_SYSTEMD ? plan_systemd(cgroups_path, id, &path, &unit, err)
				     : plan_fs(cgroups_path, id, &path, err);
	if (r == 0)
		r = make_mark(&mark, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < h->n_hierarchies; i++) {
		struct cgroup_dir *d = array_add((void **)&cg.dirs, &cg.n_dirs, sizeof(*d));

		d->controllers = xstrdup(h->hierarchies[i].controllers);
		d->path = path_join(h->hierarchies[i].path, path);
	}
	cg.unit = take_ptr(&unit);
	cg.mark = take_ptr(&mark);
	*ret = cg;
	return 0;
}

/*
 * Throttling is flat in v1 (throtl_pd_init() in the kernel); the class and the priorities of
 * packets are marks, which whoever makes a group may choose anew.
 */
void cgroup_withhold(struct cgroup *cg, const struct spec_resources *r)
{
	const struct spec_block_io *b = r ? r->block_io : NULL;
	const struct spec_network *n = r ? r->network : NULL;
	const struct {
		const char *controller;
		bool is_limited;
	} rows[] = {
		{"blkio",
		 b && (b->n_read_bps || b->n_write_bps || b->n_read_iops || b->n_write_iops)},
		{"net_cls", n && n->class_id.present},
		{"net_prio", n && n->n_priorities},
	};

	for (size_t i = 0; i < cg->n_dirs; i++)
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
			if (rows[k].is_limited &&
			    cgroup_dir_has(&cg->dirs[i], rows[k].controller))
				cg->dirs[i].is_withheld = true;
}
