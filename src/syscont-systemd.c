/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When pid 1 is systemd. https://systemd.io/CONTAINER_INTERFACE asks of a
 * container manager: /run a tmpfs, $container set, /proc/sys and /sys/fs/cgroup
 * writable as far as they are the container's. The rest systemd does itself.
 *
 * What the specification mounts there stays: a tmpfs of the user's with its
 * options, a bind with its files.
 */
#include <string.h>

#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
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

/* "/sbin/init", with something that ends a word of a shell behind it. */
static bool begins_with_systemd(const char *text, const char *ends)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (str_has_prefix(text, programs[i]) &&
		    strchr(ends, text[strlen(programs[i])]))
			return true;
	return false;
}

static bool execs_systemd(const char *text)
{
	for (const char *p = text; (p = strstr(p, "exec "));) {
		p += strlen("exec ");
		if (begins_with_systemd(p + strspn(p, " \t\"'"), " \t\n;\"'"))
			return true;
	}
	return false;
}

/*
 * Process 1 may be a script at first: one that ends in `exec /sbin/init`, or in `exec "$@"`
 * with that among its arguments; or a shell whose argument is such a script.
 */
static bool is_systemd(const struct syscont *sc)
{
	char **args = sc->spec->process->args;
	const char *script = sc->image ? sc->image->script : NULL;

	if (!args || !args[0])
		return false;
	if (begins_with_systemd(args[0], "") || (script && execs_systemd(script)))
		return true;
	for (char **a = args + 1; *a; a++)
		if (execs_systemd(*a) || (script && begins_with_systemd(*a, "")))
			return true;
	return false;
}

int syscont_systemd(struct syscont *sc, struct error *err)
{
	struct spec_process *p = sc->spec->process;

	(void)err; /* a pass by its type; nothing here can fail */
	sc->is_systemd = is_systemd(sc);
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
