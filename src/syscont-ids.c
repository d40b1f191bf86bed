/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User and group maps. Those of the specification win (Docker's userns-remap,
 * CRI-O, Kubernetes with hostUsers: false, podman --uidmap); else the container
 * gets the range that was reserved for it. A user namespace given by path has its
 * maps already.
 */
#include <errno.h>

#include "lib/alloc.h"
#include "lib/idmap.h"
#include "lib/str.h"
#include "src/spec.h"
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

int syscont_ids(struct syscont *sc, struct error *err)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	struct spec_linux *l = sc->spec->linux_;
	const char *path = spec_find_namespace(sc->spec, "user")->path;

	if (!str_is_empty(path))
		return 0;
	if (!l->n_uid_mappings && !l->n_gid_mappings) {
		spec_from_list(&l->uid_mappings, &l->n_uid_mappings, &sc->idmap.uids);
		spec_from_list(&l->gid_mappings, &l->n_gid_mappings, &sc->idmap.gids);
	}
	return check_maps(sc, &map, err);
}
