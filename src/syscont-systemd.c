/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When pid 1 is systemd. https://systemd.io/CONTAINER_INTERFACE asks of a
 * container manager: /run a tmpfs, $container set, /proc/sys and /sys/fs/cgroup
 * writable as far as they are the container's. The rest systemd does itself.
 *
 * What the specification mounts there stays: a tmpfs of the user's has his
 * options, a bind his files.
 */
#include "lib/path.h"
#include "lib/str.h"
#include "src/spec.h"
#include "src/syscont.h"

static const char *const programs[] = {
	"/sbin/init",	"/usr/sbin/init",   "/lib/systemd/systemd", "/usr/lib/systemd/systemd",
	"/bin/systemd", "/usr/bin/systemd",
};

static const struct {
	const char *destination;
	const char *options;
} mounts[] = {
	/* Not noexec: generators and units put programs there. */
	{"/run", "rw,rprivate,nosuid,nodev,mode=755,size=64m"},
	/* Its own, so that the many who may write there cannot fill /run. */
	{"/run/lock", "rw,rprivate,nosuid,nodev,noexec,mode=1777,size=4m"},
};

static bool is_systemd(const struct spec_process *p)
{
	for (size_t i = 0; p->args && p->args[0] && i < ARRAY_SIZE(programs); i++)
		if (str_eq(p->args[0], programs[i]))
			return true;
	return false;
}

int syscont_systemd(struct syscont *sc, struct error *err)
{
	struct spec_process *p = sc->spec->process;

	(void)err; /* a pass by its type; nothing here can fail */
	sc->is_systemd = is_systemd(p);
	if (!sc->is_systemd)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++)
		if (!spec_find_mount(sc->spec, mounts[i].destination))
			(void)syscont_mount_add(sc->spec, mounts[i].destination, "tmpfs",
						"tmpfs", mounts[i].options);
	/* Set it is enough: that this is a user namespace, systemd sees in its uid_map. */
	if (!strv_env_get(p->env, "container"))
		strv_env_set(&p->env, "container", "oci");
	return 0;
}
