/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bind mounts that show one owner as another. Ids on disk are those inside: what the image's
 * user 65532 makes in a mounted directory belongs to 65532 outside, too. That is wrong where
 * the directory is somebody's own, say user 1000's: neither could use the other's files. Here
 * the two stand for each other, on disk and inside, and nothing is chowned. Other owners in
 * that directory appear as nobody, and nobody else inside, root included, can make files there:
 * root's would belong to root on the host.
 */
#include <errno.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

bool syscont_owner_parse(const char *text, struct syscont_owner *ret)
{
	_cleanup_(strv_freep) char **words = strv_split(text, ":");
	struct syscont_owner o = {0};
	uint32_t *const ids[] = {&o.disk_uid, &o.disk_gid, &o.uid, &o.gid};

	if (strv_len(words) != 1 + ARRAY_SIZE(ids) || !path_is_absolute(words[0]))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (str_to_u32(words[1 + i], ids[i]) < 0 || *ids[i] == IDMAP_NONE)
			return false;
	o.target = path_clean(words[0]);
	*ret = o;
	return true;
}

/* The host's id for one inside. */
static uint32_t outside(const struct spec_id_mapping *m, size_t n, uint32_t inside)
{
	for (size_t i = 0; i < n; i++)
		if (inside >= m[i].container_id && inside - m[i].container_id < m[i].size)
			return m[i].host_id + (inside - m[i].container_id);
	return IDMAP_NONE;
}

static void add_mapping(struct spec_id_mapping **m, size_t *n, uint32_t on_disk, uint32_t id)
{
	struct spec_id_mapping *e = array_add((void **)m, n, sizeof(*e));

	*e = (struct spec_id_mapping){.container_id = on_disk, .host_id = id, .size = 1};
}

static int map_owner(struct syscont *sc, const struct syscont_owner *o, struct error *err)
{
	const struct spec_linux *l = sc->spec->linux_;
	struct spec_mount *m = spec_find_mount(sc->spec, o->target);
	uint32_t uid = outside(l->uid_mappings, l->n_uid_mappings, o->uid);
	uint32_t gid = outside(l->gid_mappings, l->n_gid_mappings, o->gid);

	if (!m)
		return error_set(err, EINVAL, "SYSBOX_MAP_OWNER: nothing is mounted at %s",
				 o->target);
	if (uid == IDMAP_NONE || gid == IDMAP_NONE)
		return error_set(err, EINVAL,
				 "SYSBOX_MAP_OWNER: %s: no ids of this container are %u:%u",
				 o->target, o->uid, o->gid);
	if (m->n_uid_mappings || m->n_gid_mappings)
		return error_set(err, EINVAL,
				 "SYSBOX_MAP_OWNER: the mount of %s has ids of its own",
				 o->target);
	add_mapping(&m->uid_mappings, &m->n_uid_mappings, o->disk_uid, uid);
	add_mapping(&m->gid_mappings, &m->n_gid_mappings, o->disk_gid, gid);
	return 0;
}

int syscont_owner(struct syscont *sc, struct error *err)
{
	for (size_t i = 0; i < sc->options.n_owners; i++) {
		int r = map_owner(sc, &sc->options.owners[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}
