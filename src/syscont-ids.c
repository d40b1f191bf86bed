/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User and group maps. Those of the specification win (Docker's userns-remap,
 * CRI-O, Kubernetes with hostUsers: false, podman --uidmap); else the container
 * gets the range that was reserved for it. A user namespace given by path has its
 * maps already.
 *
 * An engine that wants no user namespace takes the host's ids for those inside. So, beside
 * a range that it does not know of, ids that its mounts map to are meant as those inside.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/idmap.h"
#include "lib/str.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

/* What images use: nobody is 65534. */
#define IDS_WANTED 65536u

static void list_from_spec(struct idmap_list *l, const struct spec_id_mapping *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		idmap_add(l, m[i].container_id, m[i].host_id, m[i].size);
}

static void spec_from_list(struct spec_id_mapping **m, size_t *n, const struct idmap_list *l)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		struct spec_id_mapping *e = array_add((void **)m, n, sizeof(*e));

		e->container_id = l->extents[i].inside;
		e->host_id = l->extents[i].outside;
		e->size = l->extents[i].size;
	}
}

/* How many of the wanted ids are mapped; extents do not overlap (idmap_check). */
static uint64_t mapped(const struct idmap_list *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->n_extents; i++) {
		uint64_t from = l->extents[i].inside, to = from + l->extents[i].size;

		if (from < IDS_WANTED)
			sum += (to < IDS_WANTED ? to : IDS_WANTED) - from;
	}
	return sum;
}

static int check_list(struct syscont *sc, const struct idmap_list *l, const char *what,
		      struct error *err)
{
	int r = idmap_check(l, what, err);

	if (r < 0)
		return r;
	if (idmap_to_outside(l, 0) == IDMAP_NONE)
		return error_set(err, EINVAL,
				 "%s: id 0 of the container is not mapped: a system "
				 "container needs a root",
				 what);
	if (idmap_to_inside(l, 0) != IDMAP_NONE)
		return error_set(err, EINVAL,
				 "%s: id %u of the container is mapped to the host's "
				 "root",
				 what, idmap_to_inside(l, 0));
	if (mapped(l) < IDS_WANTED)
		syscont_warn(sc,
			     "%s: only %llu of the ids 0 to %u are mapped; files of others "
			     "appear as nobody's",
			     what, (unsigned long long)mapped(l), IDS_WANTED - 1);
	return 0;
}

static int check_maps(struct syscont *sc, struct idmap *map, struct error *err)
{
	const struct spec_linux *l = sc->spec->linux_;
	int r;

	list_from_spec(&map->uids, l->uid_mappings, l->n_uid_mappings);
	list_from_spec(&map->gids, l->gid_mappings, l->n_gid_mappings);
	r = check_list(sc, &map->uids, "linux.uidMappings", err);
	if (r < 0)
		return r;
	return check_list(sc, &map->gids, "linux.gidMappings", err);
}

/* The part of `m` that leads to ids of `e`; its size is 0 where there is none. */
static struct spec_id_mapping part_inside(const struct spec_id_mapping *m,
					  const struct idmap_extent *e)
{
	uint64_t m_end = (uint64_t)m->host_id + m->size, e_end = (uint64_t)e->inside + e->size;
	uint64_t first = m->host_id > e->inside ? m->host_id : e->inside;
	uint64_t end = m_end < e_end ? m_end : e_end;

	if (first >= end)
		return (struct spec_id_mapping){0};
	return (struct spec_id_mapping){
		.container_id = m->container_id + (uint32_t)(first - m->host_id),
		.host_id = e->outside + (uint32_t)(first - e->inside),
		.size = (uint32_t)(end - first),
	};
}

/* Where nothing leads to ids of the container, all is left as it is: some stranger's. */
static void translate(struct spec_id_mapping **m, size_t *n, const struct idmap_list *ids)
{
	struct spec_id_mapping *inside = NULL;
	size_t n_inside = 0;

	for (size_t i = 0; i < *n; i++) {
		for (size_t k = 0; k < ids->n_extents; k++) {
			struct spec_id_mapping part = part_inside(&(*m)[i], &ids->extents[k]);

			if (part.size)
				*(struct spec_id_mapping *)array_add(
					(void **)&inside, &n_inside, sizeof(part)) = part;
		}
	}
	if (!n_inside)
		return;
	free(*m);
	*m = inside;
	*n = n_inside;
}

static void take_range(struct syscont *sc)
{
	struct spec_linux *l = sc->spec->linux_;

	spec_from_list(&l->uid_mappings, &l->n_uid_mappings, &sc->idmap.uids);
	spec_from_list(&l->gid_mappings, &l->n_gid_mappings, &sc->idmap.gids);
	for (size_t i = 0; i < sc->spec->n_mounts; i++) {
		struct spec_mount *m = &sc->spec->mounts[i];

		translate(&m->uid_mappings, &m->n_uid_mappings, &sc->idmap.uids);
		translate(&m->gid_mappings, &m->n_gid_mappings, &sc->idmap.gids);
	}
}

int syscont_ids(struct syscont *sc, struct error *err)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	struct spec_linux *l = sc->spec->linux_;
	const char *path = spec_find_namespace(sc->spec, "user")->path;

	if (!str_is_empty(path))
		return 0;
	if (!l->n_uid_mappings && !l->n_gid_mappings)
		take_range(sc);
	return check_maps(sc, &map, err);
}
