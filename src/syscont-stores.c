/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where inner engines keep what they may not keep on an overlay.
 *
 * overlayfs refuses an overlay as its upper layer, so Docker, containerd, Podman and what is
 * built on them need a real directory for their data. Each of the directories below is backed
 * by one, the container's own, beside the upper layer of its rootfs (src/store.h).
 *
 * An engine may be installed in a running container at any time, so that what the
 * image holds does not tell whether it will be needed. What tells is whether the
 * image is a system at all: one that has a /var/lib. There all of them are mounted;
 * they cost some microseconds each and leave no trace in the rootfs. A rootfs that
 * is no overlay needs none of this.
 *
 * A mount of the user's at or above such a directory says where the data belongs:
 * nothing is mounted below it. Two containers with the same volume there would
 * destroy it, so it is locked.
 */
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

#define SYSTEM_DIR "/var/lib"
/* Room for ".new-" in a file name. */
#define NAME_LEN_MAX 240

/* As the engines make them. */
static const struct {
	const char *path;
	mode_t mode;
} known[] = {
	{"/var/lib/docker", 0710},     /* dockerd */
	{"/var/lib/containerd", 0700}, /* containerd, alone or Docker's image store */
	{"/var/lib/containers", 0755}, /* podman, buildah, CRI-O */
	{"/var/lib/buildkit", 0710},   /* buildkitd */
	{"/var/lib/kubelet", 0750},    /* emptyDir volumes: an inner engine may run in a pod */
	{"/var/lib/k0s", 0755},	       /* its own containerd in it, as the next two */
	{"/var/lib/rancher/k3s", 0755}, {"/var/lib/rancher/rke2", 0755},
};

static void add_absolute(char ***list, const char *path)
{
	_cleanup_free_ char *clean = path_clean(path);

	if (path_is_absolute(clean) && !str_eq(clean, "/") && !strv_contains(*list, clean))
		strv_add(list, clean);
}

char **syscont_store_dirs(const struct syscont *sc)
{
	char **list = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		strv_add(&list, known[i].path);
	for (char **p = sc->options.store_dirs; p && *p; p++)
		add_absolute(&list, *p);
	for (char **p = sc->image ? sc->image->data_roots : NULL; p && *p; p++)
		add_absolute(&list, *p);
	return list;
}

/* Where it really is, symlinks of the image resolved; "": something else is there. */
static const char *real_path(const struct syscont *sc, const char *path)
{
	const char *real = json_pairs_get(sc->image->links, sc->image->n_links, path);

	return real ? real : path;
}

static bool is_below_mount(const struct spec *s, const char *path)
{
	for (size_t i = 0; i < s->n_mounts; i++)
		if (!str_eq(s->mounts[i].destination, "/") &&
		    path_has_prefix(path, s->mounts[i].destination))
			return true;
	return false;
}

/* The mount that a path lies in; of several on one place the last, which is seen. */
static const struct spec_mount *mount_of(const struct spec *s, const char *path)
{
	const struct spec_mount *found = NULL;
	size_t len = 0;

	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];

		if (path_has_prefix(path, m->destination) && strlen(m->destination) >= len) {
			found = m;
			len = strlen(m->destination);
		}
	}
	return found;
}

static bool is_read_only(const struct spec_mount *m)
{
	bool ro = false;

	for (char **o = m->options; o && *o; o++)
		ro = str_eq(*o, "ro") || str_eq(*o, "rro") || (ro && !str_eq(*o, "rw"));
	return ro;
}

/* The user's mount at or above `path`: what becomes of the directory on the host. */
static void add_lock(struct syscont *sc, const char *path)
{
	const struct spec_mount *m = mount_of(sc->spec, path);
	struct syscont_lock *l;

	if (!m || !m->source || !spec_mount_is_bind(m))
		return;
	l = array_add((void **)&sc->locks, &sc->n_locks, sizeof(*l));
	*l = (struct syscont_lock){
		.source = path_join(m->source, path + strlen(m->destination)),
		.target = xstrdup(path),
		.shared = is_read_only(m) || strv_contains(sc->options.share_volumes, path) ||
			  strv_contains(sc->options.share_volumes, m->destination),
	};
}

static bool is_below_another(char *const *list, const char *path)
{
	for (; list && *list; list++)
		if (!str_eq(*list, path) && path_has_prefix(path, *list))
			return true;
	return false;
}

static mode_t mode_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i].path, path))
			return known[i].mode;
	return 0755;
}

/*
 * One file name for a path, no two alike: the last component for the known ones, else
 * all of them, with "-" for "/" and "%2d" for "-".
 */
static char *name_of(const char *path)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_EMPTY;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i].path, path))
			return xstrdup(strrchr(path, '/') + 1);
	for (; *path; path++) {
		if (strchr("-%", *path))
			strbuf_addf(&name, "%%%02x", (unsigned int)*path);
		else
			strbuf_addc(&name, *path == '/' ? '-' : *path);
	}
	return strbuf_take(&name);
}

/* What the image has there already is not copied into the store, but seen from it. */
static void add_views(struct syscont *sc, const char *path, const char *real)
{
	for (size_t i = 0; i < sc->n_views; i++) {
		const struct syscont_view *v = &sc->views[i];
		_cleanup_free_ char *target = NULL;

		if (!str_eq(v->path, real))
			continue;
		target = xasprintf("%s/" SYSCONT_STORE_VIEWS "/%d", path, v->number);
		(void)syscont_mount_add(sc->spec, target, "bind", v->source, "bind,ro,private");
		if (sc->stores_shifted)
			strv_add(&sc->options.skip_uid_shift, target);
	}
}

static void add_store(struct syscont *sc, const char *path, const char *real)
{
	_cleanup_free_ char *name = name_of(path), *source = NULL;
	struct syscont_store *s;

	if (strlen(name) > NAME_LEN_MAX) {
		syscont_warn(sc, "%s has no store of its own: its name is too long", path);
		return;
	}
	source = path_join(sc->store_dir, name);
	(void)syscont_mount_add(sc->spec, path, "bind", source, "bind,private");
	if (sc->stores_shifted)
		strv_add(&sc->options.skip_uid_shift, path);
	add_views(sc, path, real);
	s = array_add((void **)&sc->stores, &sc->n_stores, sizeof(*s));
	*s = (struct syscont_store){
		.name = take_ptr(&name),
		.path = xstrdup(path),
		.real = xstrdup(real),
		.mode = mode_of(path),
	};
}

/* All of them in a system; elsewhere those that somebody asked for by name. */
static bool is_wanted(const struct syscont *sc, const char *path)
{
	if (!sc->store_dir)
		return false;
	return sc->image->has_var_lib || !path_has_prefix(path, SYSTEM_DIR) ||
	       strv_contains(sc->options.store_dirs, path) ||
	       strv_contains(sc->image->data_roots, path);
}

int syscont_stores(struct syscont *sc, struct error *err)
{
	_cleanup_(strv_freep) char **list = NULL;

	(void)err; /* a pass by its type; nothing here can fail */
	if (!sc->image)
		return 0;
	list = syscont_store_dirs(sc);
	for (char **p = list; *p; p++) {
		const char *real = real_path(sc, *p);

		if (is_below_mount(sc->spec, *p))
			add_lock(sc, *p);
		else if (is_below_mount(sc->spec, real))
			add_lock(sc, real);
		else if (*real && is_wanted(sc, *p) && !is_below_another(list, *p))
			add_store(sc, *p, real);
	}
	return 0;
}
