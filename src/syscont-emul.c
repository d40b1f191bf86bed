/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of /proc and /sys the supervisor serves in place of the kernel: those
 * that show the whole host, whatever the container was given. Everything that the
 * kernel keeps for each namespace stays the kernel's.
 */
#include "src/host.h"
#include "src/syscont.h"

int syscont_emul(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	sc->emulate = sc->host->has_fuse ? sc->options.emulate : 0;
	return 0;
}
