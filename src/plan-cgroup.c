/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one function for each member of linux.resources, with the
 * v1 and the v2 name of what it sets side by side. The specification speaks v1;
 * where v2 counts in another unit, the conversion is that of runc 1.3, so that a
 * container has the same share under either runtime. Zero and empty mean
 * "leave it", as engines send zeros for what their users did not set.
 */
#include "src/plan-cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/plan-cgroup-internal.h"

void plan_cgroup_free(struct plan_cgroup_write *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(w[i].controller);
		free(w[i].file);
		free(w[i].value);
	}
	free(w);
}

static void writes_done(struct plan_cgroup_writes *ws)
{
	plan_cgroup_free(ws->w, ws->n);
	*ws = (struct plan_cgroup_writes){0};
}

struct plan_cgroup_write *plan_cgroup_add(struct plan_cgroup_writes *ws, const char *controller,
					  const char *file, const char *fmt, ...)
{
	struct plan_cgroup_write *w = array_add((void **)&ws->w, &ws->n, sizeof(*w));
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&w->value, fmt, ap) < 0)
		abort();
	va_end(ap);
	w->controller = xstrdup(plan_cgroup_is_v1(ws) ? controller : "");
	w->file = xstrdup(file);
	return w;
}

static int plan_cpuset(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		       struct error *err)
{
	(void)err;
	if (r->cpu && !str_is_empty(r->cpu->cpus))
		plan_cgroup_add(ws, "cpuset", "cpuset.cpus", "%s", r->cpu->cpus);
	if (r->cpu && !str_is_empty(r->cpu->mems))
		plan_cgroup_add(ws, "cpuset", "cpuset.mems", "%s", r->cpu->mems);
	return 0;
}

/* Zero is a limit since runtime-spec 1.3; it becomes one, the least that systemd takes. */
static int plan_pids(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		     struct error *err)
{
	int64_t limit;

	(void)err;
	if (!r->pids || !r->pids->limit.present)
		return 0;
	limit = r->pids->limit.value;
	if (limit < 0)
		plan_cgroup_add(ws, "pids", "pids.max", "max");
	else
		plan_cgroup_add(ws, "pids", "pids.max", "%" PRId64, limit ? limit : 1);
	return 0;
}

/* Fit to be part of a file name or of a line: nothing in it would end either. */
static bool is_word(const char *s)
{
	if (str_is_empty(s))
		return false;
	for (; *s; s++)
		if (*s == '/' || isspace((unsigned char)*s) || iscntrl((unsigned char)*s))
			return false;
	return true;
}

static int plan_hugetlb(struct plan_cgroup_writes *ws, const struct spec_resources *r,
			struct error *err)
{
	const char *suffix = plan_cgroup_is_v1(ws) ? "limit_in_bytes" : "max";

	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct spec_hugepage_limit *l = &r->hugepage_limits[i];
		_cleanup_free_ char *file = NULL, *reserved = NULL;

		if (!is_word(l->page_size))
			return error_set(
				err, EINVAL,
				"linux.resources.hugepageLimits: \"%s\" is no page size",
				str_or_empty(l->page_size));
		file = xasprintf("hugetlb.%s.%s", l->page_size, suffix);
		reserved = xasprintf("hugetlb.%s.rsvd.%s", l->page_size, suffix);
		plan_cgroup_add(ws, "hugetlb", file, "%" PRIu64, l->limit);
		plan_cgroup_add(ws, "hugetlb", reserved, "%" PRIu64, l->limit)->optional = true;
	}
	return 0;
}

static int plan_rdma(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		     struct error *err)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct spec_rdma *d = &r->rdma[i];
		_cleanup_(strbuf_done) struct strbuf line = STRBUF_EMPTY;

		if (!is_word(d->device))
			return error_set(err, EINVAL,
					 "linux.resources.rdma: \"%s\" is no device name",
					 str_or_empty(d->device));
		strbuf_adds(&line, d->device);
		if (d->hca_handles.present)
			strbuf_addf(&line, " hca_handle=%" PRIu64, d->hca_handles.value);
		if (d->hca_objects.present)
			strbuf_addf(&line, " hca_object=%" PRIu64, d->hca_objects.value);
		if (d->hca_handles.present || d->hca_objects.present)
			plan_cgroup_add(ws, "rdma", "rdma.max", "%s", strbuf_str(&line));
	}
	return 0;
}

/* v2 has neither of the two controllers. */
static int plan_network(struct plan_cgroup_writes *ws, const struct spec_resources *r,
			struct error *err)
{
	const struct spec_network *n = r->network;

	if (!n || !plan_cgroup_is_v1(ws))
		return 0;
	if (is_set_u64(n->class_id))
		plan_cgroup_add(ws, "net_cls", "net_cls.classid", "%" PRIu64,
				n->class_id.value);
	for (size_t i = 0; i < n->n_priorities; i++) {
		if (!is_word(n->priorities[i].name))
			return error_set(err, EINVAL,
					 "linux.resources.network.priorities: \"%s\" is no "
					 "interface name",
					 n->priorities[i].name ? n->priorities[i].name : "");
		plan_cgroup_add(ws, "net_prio", "net_prio.ifpriomap", "%s %" PRIu32,
				n->priorities[i].name, n->priorities[i].priority);
	}
	return 0;
}

/* A value of several lines is several writes: the kernel reads one at a time. */
static int plan_unified(struct plan_cgroup_writes *ws, const struct spec_resources *r,
			struct error *err)
{
	if (r->n_unified > 0 && plan_cgroup_is_v1(ws))
		return error_set(err, EINVAL,
				 "invalid configuration: cannot use unified on cgroup v1");
	for (size_t i = 0; i < r->n_unified; i++) {
		const struct json_pair *u = &r->unified[i];
		_cleanup_(strv_freep) char **lines = strv_split(str_or_empty(u->value), "\n");

		if (strchr(u->key, '/'))
			return error_set(
				err, EINVAL,
				"unified resource \"%s\" must be a file name (no slashes)",
				u->key);
		if (strchr(u->key, '.') == NULL || u->key[0] == '.')
			return error_set(err, EINVAL,
					 "unified resource \"%s\" must be in the form "
					 "CONTROLLER.PARAMETER",
					 u->key);
		for (size_t k = 0; lines && lines[k]; k++)
			plan_cgroup_add(ws, "", u->key, "%s", lines[k]);
	}
	return 0;
}

int plan_cgroup(struct plan_cgroup_write **ret, size_t *ret_n, const struct spec_resources *r,
		enum plan_cgroup_version version, struct error *err)
{
	static int (*const parts[])(struct plan_cgroup_writes * ws,
				    const struct spec_resources *r, struct error *err) = {
		plan_cpuset,  plan_cgroup_memory, plan_cgroup_cpu, plan_pids,	 plan_cgroup_io,
		plan_hugetlb, plan_network,	  plan_rdma,	   plan_unified,
	};
	_cleanup_(writes_done) struct plan_cgroup_writes ws = {.version = version};

	for (size_t i = 0; r && i < ARRAY_SIZE(parts); i++) {
		int status = parts[i](&ws, r, err);

		if (status < 0)
			return status;
	}
	*ret = take_ptr(&ws.w);
	*ret_n = ws.n;
	ws.n = 0;
	return 0;
}
