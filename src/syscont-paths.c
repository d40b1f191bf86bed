/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked and read-only paths. They keep an application whose root is the host's
 * from the host; here the kernel does that by ownership. They stay all the same, as
 * nobody inside misses /proc/scsi and the fewer facts of the host are visible the
 * better, except for those that restrict an inner system:
 *
 * - A whole tree that an inner system must write (/proc/sys) or see (/run).
 * - No more is needed. The masks are put on from inside the user namespace, so they
 *   are not locked: they neither hide the procfs from the kernel's test for a new
 *   one (mount_too_revealing()), nor keep an inner root from lifting them; what
 *   /proc/kcore, kallsyms and kmsg protect, the kernel protects from this root
 *   too.
 */
#include <stdlib.h>

#include "lib/path.h"
#include "lib/str.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

static const char *const never[] = {
	"/",
	"/proc",
	"/proc/sys", /* sysctls of the container's own namespaces; the rest refuses by owner */
	"/proc/sys/net", /* inner engines set forwarding, bridges, conntrack */
	"/sys",
	"/sys/fs",
	"/sys/fs/cgroup", /* delegated: ours to write */
	"/dev",
	"/dev/pts",
	"/dev/shm",
};

/* systemd mounts, cleans and fills these itself. */
static const char *const never_with_systemd[] = {
	"/run",
	"/run/lock",
	"/tmp",
	"/sys/kernel",
};

static bool is_in(const char *const *table, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(table[i], path))
			return true;
	return false;
}

static void drop(const struct syscont *sc, char **paths)
{
	size_t n = 0;

	for (size_t i = 0; paths && paths[i]; i++) {
		_cleanup_free_ char *clean = path_clean(paths[i]);

		if (is_in(never, ARRAY_SIZE(never), clean) ||
		    (sc->is_systemd &&
		     is_in(never_with_systemd, ARRAY_SIZE(never_with_systemd), clean)))
			free(paths[i]);
		else
			paths[n++] = paths[i];
	}
	if (paths)
		paths[n] = NULL;
}

int syscont_paths(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	drop(sc, sc->spec->linux_->masked_paths);
	drop(sc, sc->spec->linux_->readonly_paths);
	return 0;
}
