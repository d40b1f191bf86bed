/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities. In a user namespace of its own the container's root is root of
 * what it owns and of nothing else, so it gets every capability there is; the
 * image's packages and inner engines expect a real root. Another user gets none at
 * first, and may get all through setuid files, as on any machine. The inheritable
 * and ambient sets stay empty, as a login has them: they would follow a process into
 * programs of other users (CVE-2022-24769). But what the specification raises as
 * ambient is there: no engine does so unasked, and for a program that is not root's
 * it is the only set that counts. SYSBOX_HONOR_CAPS=TRUE keeps what the engine
 * computed from --cap-add and --cap-drop.
 */
#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/strv.h"
#include "src/host.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

/*
 * CAP_SYS_MODULE is void in any user namespace, and yet it is given: Docker 20.10
 * asks for every capability for `--privileged`, and its runc fails where one is
 * missing from the bounding set. Newer engines ask for what they have; and newer
 * distributions ship modules-load.d files, with which systemd-modules-load.service
 * fails instead of skipping itself (ConditionCapability=). The image's systemd tells
 * the two ages apart.
 */
#define SYSTEMD_OF_NEWER_ENGINES 253

static uint64_t useless(const struct syscont *sc)
{
	bool is_newer = sc->is_systemd && sc->image &&
			sc->image->systemd_version >= SYSTEMD_OF_NEWER_ENGINES;

	return is_newer ? CAPS_BIT(caps_number("CAP_SYS_MODULE")) : 0;
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

/*
 * Every capability that the kernel knows, the host's withheld ones included: who
 * enters a user namespace has full sets there, the bounding set too, whatever it
 * had before (user_namespaces(7), "Capabilities"). The highest that the host has
 * shows how many there are.
 */
static uint64_t all_caps(const struct host *h)
{
	uint64_t all = 0;

	while (all < h->caps)
		all = all << 1 | 1;
	return all;
}

/* As far as the kernel raises them: what is permitted and inheritable, too. */
static uint64_t asked_for(const struct spec_caps *c)
{
	return caps_bits(c->ambient) & caps_bits(c->inheritable) & caps_bits(c->permitted);
}

void syscont_process_caps(const struct syscont *sc, struct spec_process *p)
{
	uint64_t all = all_caps(sc->host) & ~useless(sc), active = all, ambient;

	if (sc->options.honor_caps)
		return;
	if (!p->capabilities)
		p->capabilities = xcalloc(1, sizeof(*p->capabilities));
	ambient = asked_for(p->capabilities) & all;
	if (p->user.uid != 0)
		active = ambient;
	replace(&p->capabilities->bounding, all);
	replace(&p->capabilities->effective, active);
	replace(&p->capabilities->permitted, active);
	replace(&p->capabilities->inheritable, ambient);
	replace(&p->capabilities->ambient, ambient);
}

int syscont_caps(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	syscont_process_caps(sc, sc->spec->process);
	return 0;
}
