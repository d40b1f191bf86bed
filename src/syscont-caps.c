/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities. In a user namespace of its own the container's root is root of
 * what it owns and of nothing else, so it gets every capability that the host has
 * to give; the image's packages and inner engines expect a real root. Another
 * user gets none at first, and may get all through setuid files, as on any
 * machine. The inheritable and ambient sets stay empty, as a login has them: root
 * needs neither, and they would follow a process through setuid(2) into programs
 * of other users (CVE-2022-24769). SYSBOX_HONOR_CAPS=TRUE keeps what the engine computed
 * from --cap-add and
 * --cap-drop.
 */
#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/str.h"
#include "src/host.h"
#include "src/spec.h"
#include "src/syscont.h"

/*
 * Never granted by a user namespace, whatever the sets say. Without it units that
 * load modules skip themselves (ConditionCapability=) instead of failing.
 */
static uint64_t useless(void)
{
	return CAPS_BIT(caps_number("CAP_SYS_MODULE"));
}

static char **names_of(uint64_t bits)
{
	char **v = NULL;

	for (int i = 0; i < 64; i++)
		if ((bits & CAPS_BIT(i)) && caps_name(i))
			strv_add(&v, caps_name(i));
	return v;
}

static void replace(char ***set, uint64_t bits)
{
	strv_free(*set);
	*set = names_of(bits);
}

void syscont_process_caps(const struct syscont *sc, struct spec_process *p)
{
	uint64_t all = sc->host->caps & ~useless(), active = p->user.uid == 0 ? all : 0;

	if (sc->options.honor_caps)
		return;
	if (!p->capabilities)
		p->capabilities = xcalloc(1, sizeof(*p->capabilities));
	replace(&p->capabilities->bounding, all);
	replace(&p->capabilities->effective, active);
	replace(&p->capabilities->permitted, active);
	replace(&p->capabilities->inheritable, 0);
	replace(&p->capabilities->ambient, 0);
}

int syscont_caps(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	syscont_process_caps(sc, sc->spec->process);
	return 0;
}
