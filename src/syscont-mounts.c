/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a system container.
 *
 * A system finds /proc, /sys, /sys/fs/cgroup and /dev, writable, and of the right
 * kind. An engine's configuration has most of them, read-only and with more below
 * /sys/fs/cgroup than fits a delegated tree. So there is a table of what must be;
 * what the specification has at these places is kept where it is of that kind and
 * replaced otherwise. All other mounts are the user's or the engine's and keep
 * their order, which is part of their meaning.
 *
 * Directories of inner engines (/var/lib/docker and the like) have a table of their
 * own: src/syscont-stores.c.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

enum rule {
	/* Is there, of this type; another is replaced. */
	OURS = 1u << 0,
	/* Read-only with a read-only rootfs, writable else, whatever the specification says. */
	WRITABLE = 1u << 1,
	/* The user may wonder where the mount went: say so. */
	WARN = 1u << 2,
	/* A kernel without the directory or the file system: leave it out. */
	OPTIONAL = 1u << 3,
	/* Only when the rootfs is read-only. */
	READ_ONLY_ROOTFS = 1u << 4,
};

/* What lies below stands behind it. */
static const struct must_have {
	const char *destination;
	const char *type;
	const char *source;
	const char *options;
	unsigned int rules;
} must_haves[] = {
	{"/proc", "proc", "proc", "nosuid,noexec,nodev", OURS | WARN},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev", OURS | WRITABLE | WARN},
	/* Many guides bind the host's here for the sake of systemd: replaced silently. */
	{"/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev", OURS | WRITABLE},
	/*
	 * Host root's file systems that no user namespace may mount. systemd would try,
	 * for it has CAP_SYS_RAWIO, and end "degraded"; an empty mount says "done".
	 */
	{"/sys/kernel/debug", "tmpfs", "none", "ro,nosuid,nodev,noexec,mode=700,size=4k",
	 OPTIONAL},
	{"/sys/kernel/tracing", "tmpfs", "none", "ro,nosuid,nodev,noexec,mode=700,size=4k",
	 OPTIONAL},
	{"/sys/kernel/config", "tmpfs", "none", "ro,nosuid,nodev,noexec,mode=755,size=4k",
	 OPTIONAL},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", OURS | WARN},
	{"/dev/pts", "devpts", "devpts",
	 "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", 0},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k", 0},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", OPTIONAL},
	{"/run", "tmpfs", "tmpfs", "rw,rprivate,noexec,nosuid,nodev,mode=755,size=64m",
	 READ_ONLY_ROOTFS},
	{"/tmp", "tmpfs", "tmpfs", "rw,rprivate,noexec,nosuid,nodev,mode=1777,size=64m",
	 READ_ONLY_ROOTFS},
};

/* Where `destination` belongs: see syscont_mount_add(). */
static size_t place_for(const struct spec *s, const char *destination)
{
	size_t place = s->n_mounts;

	for (size_t i = s->n_mounts; i-- > 0;) {
		if (path_has_prefix(destination, s->mounts[i].destination))
			return place;
		if (path_has_prefix(s->mounts[i].destination, destination))
			place = i;
	}
	return place;
}

struct spec_mount *syscont_mount_add(struct spec *s, const char *destination, const char *type,
				     const char *source, const char *options)
{
	size_t at = place_for(s, destination);
	struct spec_mount *m;

	(void)array_add((void **)&s->mounts, &s->n_mounts, sizeof(*m));
	m = &s->mounts[at];
	memmove(m + 1, m, (s->n_mounts - 1 - at) * sizeof(*m));
	*m = (struct spec_mount){
		.destination = xstrdup(destination),
		.type = xstrdup(type),
		.source = xstrdup(source),
		.options = strv_split(options, ","),
	};
	return m;
}

void syscont_mount_remove(struct spec *s, struct spec_mount *m)
{
	size_t at = (size_t)(m - s->mounts);

	json_done(&spec_mount_type, m);
	s->n_mounts--;
	memmove(m, m + 1, (s->n_mounts - at) * sizeof(*m));
}

static void clean_destinations(struct spec *s)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		/* Relative ones are taken from the root, as old engines mean them. */
		_cleanup_free_ char *absolute = path_join("/", s->mounts[i].destination);

		free(s->mounts[i].destination);
		s->mounts[i].destination = path_clean(absolute);
	}
}

/* Our mount shows all controllers; what engines bind below it would cover parts of it. */
static void drop_below_cgroup(struct spec *s)
{
	for (size_t i = s->n_mounts; i-- > 0;)
		if (path_has_prefix(s->mounts[i].destination, "/sys/fs/cgroup") &&
		    !str_eq(s->mounts[i].destination, "/sys/fs/cgroup"))
			syscont_mount_remove(s, &s->mounts[i]);
}

static bool is_of_type(const struct spec_mount *m, const char *type)
{
	if (spec_mount_is_bind(m))
		return false;
	return str_eq(m->type, type) || (str_eq(type, "cgroup") && str_eq(m->type, "cgroup2"));
}

static bool is_wanted(const struct syscont *sc, const struct must_have *h)
{
	return !(h->rules & READ_ONLY_ROOTFS) || sc->spec->root->readonly;
}

/* Two mounts on one place: the last is what is seen, and the one to look at. */
static void drop_foreign(struct syscont *sc, const struct must_have *h)
{
	struct spec *s = sc->spec;

	for (size_t i = s->n_mounts; i-- > 0;) {
		if (!str_eq(s->mounts[i].destination, h->destination) ||
		    is_of_type(&s->mounts[i], h->type))
			continue;
		if (h->rules & WARN)
			syscont_warn(sc,
				     "the mount of %s on %s is left out: a system container "
				     "has its own %s there",
				     s->mounts[i].source ? s->mounts[i].source : "(nothing)",
				     h->destination, h->type);
		syscont_mount_remove(s, &s->mounts[i]);
	}
}

static void set_writable(const struct syscont *sc, struct spec_mount *m)
{
	bool readonly = sc->spec->root->readonly && !sc->options.relaxed_read_only;

	(void)strv_remove(m->options, "ro");
	(void)strv_remove(m->options, "rw");
	strv_add(&m->options, readonly ? "ro" : "rw");
}

static void apply(struct syscont *sc, const struct must_have *h)
{
	struct spec_mount *m;

	if (h->rules & OURS)
		drop_foreign(sc, h);
	m = spec_find_mount(sc->spec, h->destination);
	if (!m) {
		m = syscont_mount_add(sc->spec, h->destination, h->type, h->source, h->options);
		m->optional = h->rules & OPTIONAL;
	}
	if (h->rules & WRITABLE)
		set_writable(sc, m);
}

int syscont_mounts(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	clean_destinations(sc->spec);
	drop_below_cgroup(sc->spec);
	for (size_t i = 0; i < ARRAY_SIZE(must_haves); i++)
		if (is_wanted(sc, &must_haves[i]))
			apply(sc, &must_haves[i]);
	return 0;
}
