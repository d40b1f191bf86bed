/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of /proc and /sys the supervisor serves in place of the kernel: those
 * that show the whole host, whatever the container was given. Everything that the
 * kernel keeps for each namespace stays the kernel's.
 */
#include <errno.h>

#include "lib/emul.h"
#include "src/host.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

int syscont_emul(struct syscont *sc, struct error *err)
{
	/* A container that shows the host in place of its limits must be asked for. */
	if (sc->options.emulate && !sc->host->has_fuse)
		return error_set(
			err, ENODEV,
			"/dev/fuse cannot be opened, by which a container sees its own "
			"limits: modprobe fuse (or SYSBOX_EMULATE=off: it sees the host)");
	sc->emulate = sc->options.emulate;
	if (sc->options.auto_kmsg && syscont_polls_kmsg(sc))
		sc->emulate |= EMUL_KMSG;
	/* By itself it means nothing. The calls for it are trapped: src/plan-traps.c. */
	if (!sc->host->has_traps || sc->emulate == EMUL_NESTED)
		sc->emulate &= ~(unsigned int)EMUL_NESTED;
	return 0;
}
