/* SPDX-License-Identifier: Apache-2.0 */
/* What the record of a container takes from its configuration as rewritten. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/proc.h"
#include "src/state.h"
#include "src/syscont.h"

static char *now_rfc3339(void)
{
	struct timespec t;
	struct tm tm;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", date, t.tv_nsec);
}

static char *caller_name(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return xstrdup(pw ? pw->pw_name : "");
}

static void copy_mappings(struct spec_id_mapping **ret, size_t *ret_n,
			  const struct idmap_list *l)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		struct spec_id_mapping *m = array_add((void **)ret, ret_n, sizeof(*m));

		*m = (struct spec_id_mapping){
			.container_id = l->extents[i].inside,
			.host_id = l->extents[i].outside,
			.size = l->extents[i].size,
		};
	}
}

static void copy_annotations(struct state *s, const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_annotations; i++)
		json_pairs_add(&s->annotations, &s->n_annotations, spec->annotations[i].key,
			       spec->annotations[i].value);
}

static void copy_stores(struct state *s, const struct syscont *sc)
{
	s->store_dir = sc->n_stores ? xstrdup(sc->store_dir) : NULL;
	for (size_t i = 0; i < sc->n_stores; i++)
		json_pairs_add(&s->stores, &s->n_stores, sc->stores[i].name,
			       sc->stores[i].real);
}

static void copy_locks(struct state *s, const struct syscont *sc)
{
	for (size_t i = 0; i < sc->n_locks; i++)
		json_pairs_add(&s->locks, &s->n_locks, sc->locks[i].target,
			       sc->locks[i].source);
}

/*
 * The engine's file that becomes /etc/resolv.conf; a network that is somebody else's, too, is
 * left as it is.
 */
static const char *resolv_conf_of(const struct syscont *sc)
{
	const struct spec_namespace *net = spec_find_namespace(sc->spec, "network");
	const struct spec_mount *mount = spec_find_mount(sc->spec, "/etc/resolv.conf");
	const struct syscont_options *o = &sc->options;

	if (!o->syscont_mode || !o->alias_dns || !mount || (net && net->path))
		return NULL;
	return mount->source;
}

int state_fill(struct state *s, const char *id, const char *bundle, const struct syscont *sc,
	       struct error *err)
{
	char boot_id[PROC_BOOT_ID_SIZE];
	int r = proc_boot_id(boot_id);

	if (r < 0)
		return error_errno(err, -r, "read the boot id");
	s->version = STATE_VERSION;
	s->id = xstrdup(id);
	s->oci_version = xstrdup(sc->spec->oci_version);
	s->bundle = xstrdup(bundle);
	s->rootfs = xstrdup(sc->spec->root->path);
	s->created = now_rfc3339();
	s->owner = caller_name();
	s->boot_id = xstrdup(boot_id);
	s->is_plain = !sc->options.syscont_mode;
	s->honor_caps = sc->options.honor_caps;
	s->ignore_sysfs_chown = sc->options.ignore_sysfs_chown;
	s->resolv_conf = xstrdup(resolv_conf_of(sc));
	copy_mappings(&s->uid_mappings, &s->n_uid_mappings, &sc->idmap.uids);
	copy_mappings(&s->gid_mappings, &s->n_gid_mappings, &sc->idmap.gids);
	copy_annotations(s, sc->spec);
	copy_stores(s, sc);
	copy_locks(s, sc);
	return 0;
}
