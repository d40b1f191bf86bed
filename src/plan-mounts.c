/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of the specification, word by word, as values of the mount API. Where
 * words contradict each other the later one wins, as with mount(8).
 *
 * What decides who makes a mount, and where, is its kind: see enum plan_mount_kind.
 */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/host.h"
#include "src/plan-parts.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"

static const struct {
	const char *fstype;
	enum plan_mount_kind kind;
} kinds[] = {
	{"proc", PLAN_MOUNT_PROC},     {"sysfs", PLAN_MOUNT_SYSFS},
	{"cgroup", PLAN_MOUNT_CGROUP}, {"cgroup2", PLAN_MOUNT_CGROUP},
	{"bind", PLAN_MOUNT_BIND},
};

/*
 * Host file systems that refuse id mapping and lose nothing without: what is bound
 * from them is meant to be looked at (`-v /sys:/host/sys:ro`), or is a device that
 * its mode opens to all.
 */
static const char *const never_idmapped[] = {"/proc", "/sys", "/dev"};
/* Below these, but file systems as any other. */
static const char *const idmapped[] = {"/dev/shm", "/dev/hugepages"};

/* What the options of one mount have said so far. */
struct words {
	struct plan_mount *m;
	char **data;
	bool is_bind;
	bool is_remount;
};

static void set_and_clear(uint64_t *set, uint64_t *clear, const struct mount_option *o)
{
	*set = (*set & ~o->clear) | o->set;
	*clear |= o->clear;
}

static void take_known(struct words *w, const struct mount_option *o)
{
	struct plan_mount *m = w->m;

	switch (o->kind) {
	case MOUNT_OPTION_ATTR:
		set_and_clear(&m->attr_set, &m->attr_clear, o);
		return;
	case MOUNT_OPTION_REC_ATTR:
		set_and_clear(&m->rec_attr_set, &m->rec_attr_clear, o);
		return;
	case MOUNT_OPTION_SB:
		m->sb_flags = (m->sb_flags & ~o->clear) | o->set;
		return;
	case MOUNT_OPTION_PROP:
		m->propagation = o->set;
		return;
	case MOUNT_OPTION_BIND:
		w->is_bind = true;
		m->flags &= ~PLAN_MOUNT_RECURSIVE;
		m->flags |= o->set & MS_REC ? PLAN_MOUNT_RECURSIVE : 0;
		return;
	case MOUNT_OPTION_REMOUNT:
		w->is_remount = true;
		return;
	case MOUNT_OPTION_TMPCOPYUP:
		m->flags |= PLAN_MOUNT_COPYUP;
		return;
	case MOUNT_OPTION_RIDMAP:
		m->flags |= PLAN_MOUNT_REC_IDMAP;
		return;
	case MOUNT_OPTION_IDMAP: /* the default here */
	case MOUNT_OPTION_NONE:
		return;
	}
}

static void take_words(struct words *w, char *const *options)
{
	for (size_t i = 0; options && options[i]; i++) {
		const struct mount_option *o = flags_mount_option(options[i]);

		if (o)
			take_known(w, o);
		else if (*options[i])
			strv_add(&w->data, options[i]);
	}
}

static enum plan_mount_kind kind_of(const struct words *w)
{
	const struct plan_mount *m = w->m;

	if (w->is_remount)
		return PLAN_MOUNT_REMOUNT;
	if (w->is_bind)
		return PLAN_MOUNT_BIND;
	if (str_eq(m->fstype, "tmpfs") && str_eq(m->target, "/dev"))
		return PLAN_MOUNT_DEV;
	for (size_t i = 0; m->fstype && i < ARRAY_SIZE(kinds); i++)
		if (str_eq(m->fstype, kinds[i].fstype))
			return kinds[i].kind;
	return PLAN_MOUNT_FS;
}

static bool is_below_any(const char *path, const char *const *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path_has_prefix(path, table[i]))
			return true;
	return false;
}

static bool without_idmap(const struct plan_mount *m, const struct syscont *sc)
{
	_cleanup_free_ char *source = path_clean(m->source);

	if (strv_contains(sc->options.skip_uid_shift, m->target))
		return true;
	return is_below_any(source, never_idmapped, ARRAY_SIZE(never_idmapped)) &&
	       !is_below_any(source, idmapped, ARRAY_SIZE(idmapped));
}

static void plan_own_idmap(struct plan_mount *m, const struct spec_mount *sm)
{
	if (!sm->n_uid_mappings && !sm->n_gid_mappings)
		return;
	m->flags |= PLAN_MOUNT_OWN_IDMAP;
	for (size_t i = 0; i < sm->n_uid_mappings; i++)
		idmap_add(&m->idmap.uids, sm->uid_mappings[i].container_id,
			  sm->uid_mappings[i].host_id, sm->uid_mappings[i].size);
	for (size_t i = 0; i < sm->n_gid_mappings; i++)
		idmap_add(&m->idmap.gids, sm->gid_mappings[i].container_id,
			  sm->gid_mappings[i].host_id, sm->gid_mappings[i].size);
}

/* What applies to copies of host paths only; they take no data. */
static int plan_bind(struct words *w, const struct spec_mount *sm, const struct syscont *sc,
		     struct error *err)
{
	struct plan_mount *m = w->m;

	if (str_is_empty(m->source))
		return error_set(err, EINVAL, "mount of %s: a bind mount needs a source",
				 m->target);
	/* "type": "bind" and no such word among the options: the whole tree. */
	if (!w->is_bind)
		m->flags |= PLAN_MOUNT_RECURSIVE;
	if (!m->propagation)
		m->propagation = MS_PRIVATE | MS_REC;
	plan_own_idmap(m, sm);
	if (!(m->flags & PLAN_MOUNT_OWN_IDMAP) && without_idmap(m, sc))
		m->flags |= PLAN_MOUNT_NO_IDMAP;
	if (!(m->flags & (PLAN_MOUNT_OWN_IDMAP | PLAN_MOUNT_NO_IDMAP)) && sc->ids_given)
		m->flags |= PLAN_MOUNT_MAYBE_SHIFTED;
	strv_free(take_ptr(&w->data));
	return 0;
}

/* The kernel takes a label from within a user namespace for these (selinux_set_mnt_opts()). */
static bool takes_label(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_DEV ||
	       (m->kind == PLAN_MOUNT_FS &&
		(str_eq(m->fstype, "tmpfs") || str_eq(m->fstype, "devpts")));
}

/* linux.mountLabel: quoted, as its categories may have a comma between them. */
static int plan_label(struct words *w, const struct syscont *sc, struct error *err)
{
	const char *label = sc->spec->linux_->mount_label;

	if (str_is_empty(label) || !sc->host->has_selinux || !takes_label(w->m))
		return 0;
	if (strchr(label, '"'))
		return error_set(err, EINVAL, "linux.mountLabel: not a label: %s", label);
	strv_take(&w->data, xasprintf("context=\"%s\"", label));
	return 0;
}

static int check_target(const struct plan_mount *m, struct error *err)
{
	if (str_eq(m->target, "/"))
		return error_set(err, EINVAL,
				 "mount of %s on /: the container's root is root.path",
				 m->source ? m->source : "nothing");
	return 0;
}

static int plan_mount(struct plan *p, const struct spec_mount *sm, const struct syscont *sc,
		      struct error *err)
{
	struct plan_mount *m = array_add((void **)&p->mounts, &p->n_mounts, sizeof(*m));
	_cleanup_free_ char *absolute = path_join("/", sm->destination);
	struct words w = {.m = m};
	int r;

	m->target = path_clean(absolute);
	m->source = xstrdup(sm->source);
	m->fstype = xstrdup(sm->type);
	m->flags = sm->optional ? PLAN_MOUNT_OPTIONAL : 0;
	take_words(&w, sm->options);
	m->kind = kind_of(&w);
	r = check_target(m, err);
	if (r == 0 && m->kind == PLAN_MOUNT_BIND)
		r = plan_bind(&w, sm, sc, err);
	if (r == 0)
		r = plan_label(&w, sc, err);
	if (w.data)
		m->data = strv_join(w.data, ",");
	strv_free(w.data);
	return r;
}

int plan_mounts(struct plan *p, const struct syscont *sc, struct error *err)
{
	for (size_t i = 0; i < sc->spec->n_mounts; i++) {
		int r = plan_mount(p, &sc->spec->mounts[i], sc, err);

		if (r < 0)
			return r;
	}
	return 0;
}
