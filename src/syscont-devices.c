/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: nodes in /dev, and the rules of the device cgroup.
 *
 * Root in a user namespace cannot make nodes, so those that exist are the ones
 * put there, with the container's ids as owners. Every container has the default
 * devices of the OCI specification; a system container also has what inner
 * engines need and the kernel confines by itself: /dev/fuse acts within the mount
 * namespace, /dev/net/tun within the network namespace.
 *
 * A node that the user names belongs to the container's root. With --privileged
 * nobody names any: engines add every device of the host, disks and all. These
 * nodes stay the host root's, which is unmapped inside: then the file mode decides
 * as for any user of the host, and no capability of the container counts
 * (capable_wrt_inode_uidgid() in the kernel). The same holds for nodes that an image or a
 * volume brings along, where root inside may own one of a disk: the cgroup allows what is
 * open to all of the nodes that the engine names, and no more.
 *
 * Rules of the default devices are the cgroup module's, as the specification has
 * them for every container. Ours come last in the list, behind those of the
 * engine: Docker writes "deny 10:229" into every configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/idmap.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/host.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

enum when {
	ALWAYS, /* OCI: also in an ordinary container */
	SYSCONT,
	IF_FUSE, /* SYSCONT, and the host has it */
	IF_TUN,
	IF_KMSG,
};

/*
 * From about here journald polls /dev/kmsg and dies where it cannot, as with the null device
 * (257 ignores that, 262 does not); it copes with an absent one. The supervisor's, which then
 * covers the null device, can be polled.
 */
#define SYSTEMD_POLLS_KMSG 258

/* The node of the specification wins, but for `replace`. */
static const struct node {
	const char *path;
	uint32_t major, minor;
	uint32_t mode;
	enum when when;
	bool replace;
} nodes[] = {
	{"/dev/null", 1, 3, 0666, ALWAYS, false},
	{"/dev/zero", 1, 5, 0666, ALWAYS, false},
	{"/dev/full", 1, 7, 0666, ALWAYS, false},
	{"/dev/random", 1, 8, 0666, ALWAYS, false},
	{"/dev/urandom", 1, 9, 0666, ALWAYS, false},
	{"/dev/tty", 5, 0, 0666, ALWAYS, false},
	{"/dev/fuse", 10, 229, 0666, IF_FUSE, false},
	{"/dev/net/tun", 10, 200, 0666, IF_TUN, false},
	/*
	 * The null device: kubelet, syslog daemons and systemd open it and are content. The
	 * host's kernel log is never shown, not even to those who ask with --device, as many
	 * guides to k3s suggest.
	 */
	{"/dev/kmsg", 1, 3, 0644, IF_KMSG, true},
};

static const struct rule {
	uint32_t major, minor;
} rules[] = {
	{10, 229}, /* fuse; also where the host loads the module later */
	{10, 200}, /* tun */
};

bool syscont_polls_kmsg(const struct syscont *sc)
{
	return sc->is_systemd && sc->image && sc->image->systemd_version >= SYSTEMD_POLLS_KMSG;
}

static bool is_kmsg_emulated(const struct syscont *sc)
{
	return sc->host->has_fuse && (sc->options.emulate & EMUL_KMSG || sc->options.auto_kmsg);
}

static bool applies(const struct syscont *sc, enum when when)
{
	switch (when) {
	case ALWAYS:
		return true;
	case SYSCONT:
		return sc->options.syscont_mode;
	case IF_FUSE:
		return sc->options.syscont_mode && sc->host->has_fuse;
	case IF_TUN:
		return sc->options.syscont_mode && sc->host->has_tun;
	case IF_KMSG:
		return sc->options.syscont_mode &&
		       (is_kmsg_emulated(sc) || !syscont_polls_kmsg(sc));
	}
	return false;
}

/* The rules. */

static bool is_any(const struct maybe_i64 *number)
{
	return !number->present || number->value < 0;
}

static bool is_for_all(const struct spec_device_rule *r)
{
	return (str_is_empty(r->type) || str_eq(r->type, "a")) && is_any(&r->major) &&
	       is_any(&r->minor);
}

/* What holds for a device that no single rule names; NULL: nothing is allowed (OCI). */
static struct spec_device_rule *rule_for_all(const struct spec_resources *r)
{
	for (size_t i = r->n_devices; i-- > 0;)
		if (is_for_all(&r->devices[i]))
			return &r->devices[i];
	return NULL;
}

static bool allows_all(const struct spec_resources *r)
{
	const struct spec_device_rule *all = rule_for_all(r);

	return all && all->allow;
}

/* The nodes. */

static struct spec_device *find_device(const struct spec_linux *l, const char *path)
{
	for (size_t i = 0; i < l->n_devices; i++)
		if (str_eq(l->devices[i].path, path))
			return &l->devices[i];
	return NULL;
}

static void remove_device(struct spec_linux *l, struct spec_device *d)
{
	size_t at = (size_t)(d - l->devices);

	json_done(&spec_device_type, d);
	l->n_devices--;
	memmove(d, d + 1, (l->n_devices - at) * sizeof(*d));
}

/* A bind at the place, too: `-v /dev/kmsg:/dev/kmsg`. */
static void remove_given(struct syscont *sc, const char *path)
{
	struct spec_linux *l = sc->spec->linux_;
	struct spec_device *d = find_device(l, path);
	struct spec_mount *m = spec_find_mount(sc->spec, path);

	/* With --privileged the engine adds it, unasked. */
	if (m || (d && !allows_all(l->resources)))
		syscont_warn(sc, "%s of the host is left out: a system container has its own",
			     path);
	if (d)
		remove_device(l, d);
	if (m)
		syscont_mount_remove(sc->spec, m);
}

static void add_node(struct syscont *sc, const struct node *n)
{
	struct spec_linux *l = sc->spec->linux_;
	struct spec_device *d;

	if (n->replace)
		remove_given(sc, n->path);
	if (find_device(l, n->path))
		return;
	d = array_add((void **)&l->devices, &l->n_devices, sizeof(*d));
	d->path = xstrdup(n->path);
	d->type = xstrdup("c");
	d->major = n->major;
	d->minor = n->minor;
	d->file_mode = (struct maybe_u64){true, n->mode};
	/* A runtime that runs inside a container itself may lack the right to make these. */
	d->optional = n->when != ALWAYS;
}

static bool is_ours(const struct spec_device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (str_eq(nodes[i].path, d->path) && nodes[i].major == d->major &&
		    nodes[i].minor == d->minor)
			return true;
	return false;
}

static void leave_to_host(struct spec_linux *l)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		if (is_ours(&l->devices[i]))
			continue;
		l->devices[i].uid = (struct maybe_u64){true, IDMAP_NONE};
		l->devices[i].gid = (struct maybe_u64){true, IDMAP_NONE};
	}
}

static void clean_paths(struct spec_linux *l)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		char *clean = path_clean(l->devices[i].path);

		free(l->devices[i].path);
		l->devices[i].path = clean;
	}
}

static struct spec_device_rule *add_rule(struct spec_resources *r)
{
	return array_add((void **)&r->devices, &r->n_devices, sizeof(*r->devices));
}

static void allow(struct spec_resources *r, const char *type, int64_t major, int64_t minor,
		  const char *access)
{
	*add_rule(r) = (struct spec_device_rule){
		.allow = true,
		.type = xstrdup(type),
		.major = {true, major},
		.minor = {true, minor},
		.access = xstrdup(access),
	};
}

static const char *rule_type(const struct spec_device *d)
{
	return str_eq(d->type, "b") ? "b" : "c";
}

/* podman with --uidmap leaves the rules out: what it gives is then what it allows. */
static void allow_given(struct spec_linux *l)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct spec_device *d = &l->devices[i];

		if (!str_eq(d->type, "p"))
			allow(l->resources, rule_type(d), d->major, d->minor, "rwm");
	}
}

static void allow_open_to_all(struct spec_resources *r, const struct spec_device *d)
{
	static const char *const access[] = {NULL, NULL, "w", "w", "r", "r", "rw", "rw"};
	uint64_t mode = d->file_mode.present ? d->file_mode.value : 0666;

	if (!str_eq(d->type, "p") && access[mode & 7])
		allow(r, rule_type(d), d->major, d->minor, access[mode & 7]);
}

/* In the place of the rule that allows all; those behind it stay behind. */
static void narrow(struct spec_linux *l)
{
	struct spec_resources *r = l->resources;
	struct spec_device_rule *all = rule_for_all(r), *old = r->devices;
	const size_t n = r->n_devices;
	size_t i = 0;

	all->allow = false;
	free(all->access);
	all->access = xstrdup("rwm");
	r->devices = NULL;
	r->n_devices = 0;
	do
		*add_rule(r) = old[i];
	while (&old[i++] != all);
	for (size_t k = 0; k < l->n_devices; k++)
		allow_open_to_all(r, &l->devices[k]);
	for (; i < n; i++)
		*add_rule(r) = old[i];
	free(old);
}

int syscont_devices(struct syscont *sc, struct error *err)
{
	struct spec_linux *l = sc->spec->linux_;

	(void)err; /* a pass by its type; nothing here can fail */
	if (!l->resources)
		l->resources = xcalloc(1, sizeof(*l->resources));
	clean_paths(l);
	if (!l->resources->n_devices)
		allow_given(l);
	if (allows_all(l->resources))
		leave_to_host(l);
	for (size_t i = 0; sc->options.syscont_mode && i < ARRAY_SIZE(rules); i++)
		allow(l->resources, "c", rules[i].major, rules[i].minor, "rwm");
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (applies(sc, nodes[i].when))
			add_node(sc, &nodes[i]);
	if (allows_all(l->resources))
		narrow(l);
	return 0;
}
