/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "src/plan-parts.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"

static struct timespec offset_of(const struct spec_time_offset *o)
{
	return (struct timespec){.tv_sec = o->secs, .tv_nsec = o->nanosecs};
}

/* Offsets are for a namespace that we make: one with processes in it is fixed. */
static void plan_timens(struct plan *p, const struct syscont *sc)
{
	const struct spec_time_offsets *o = sc->spec->linux_->time_offsets;

	p->timens.present = p->unshare & CLONE_NEWTIME;
	if (!p->timens.present)
		return;
	p->timens.has_boottime = o && o->boottime;
	p->timens.has_monotonic = o && o->monotonic;
	if (p->timens.has_boottime)
		p->timens.boottime = offset_of(o->boottime);
	if (p->timens.has_monotonic)
		p->timens.monotonic = offset_of(o->monotonic);
	p->timens.boottime_from_zero =
		sc->time_is_ours && sc->options.syscont_mode && !p->timens.has_boottime;
}

static void plan_idmap(struct plan *p, const struct spec_linux *l)
{
	for (size_t i = 0; i < l->n_uid_mappings; i++)
		idmap_add(&p->idmap.uids, l->uid_mappings[i].container_id,
			  l->uid_mappings[i].host_id, l->uid_mappings[i].size);
	for (size_t i = 0; i < l->n_gid_mappings; i++)
		idmap_add(&p->idmap.gids, l->gid_mappings[i].container_id,
			  l->gid_mappings[i].host_id, l->gid_mappings[i].size);
}

int plan_namespaces(struct plan *p, const struct syscont *sc, struct error *err)
{
	const struct spec_linux *l = sc->spec->linux_;
	bool has_new_user = false;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct spec_namespace *ns = &l->namespaces[i];
		const struct flag_name *f = flag_find(flags_namespaces, ns->type);
		struct plan_namespace *join;

		if (!f)
			return error_set(err, EINVAL, "linux.namespaces: unknown type %s",
					 ns->type);
		if (f->value == CLONE_NEWNS && !str_is_empty(ns->path))
			return error_set(
				err, ENOTSUP,
				"linux.namespaces: a mount namespace by path (%s) is "
				"not supported: the root file system is mounted in one "
				"of the container's own",
				ns->path);
		if (!str_is_empty(ns->path)) {
			join = array_add((void **)&p->joins, &p->n_joins, sizeof(*join));
			join->type = f->value;
			join->path = xstrdup(ns->path);
		} else if (f->value == CLONE_NEWUSER) {
			has_new_user = true;
		} else {
			p->unshare |= f->value;
		}
	}
	if (has_new_user)
		plan_idmap(p, l);
	plan_timens(p, sc);
	return 0;
}
