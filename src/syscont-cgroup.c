/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup layout the container sees. As a rule the host's. But systemd 258
 * dropped cgroup v1 and exits at once where it finds it: on a hybrid host such an
 * image gets the v2 hierarchy alone, so that it boots. It has no controllers then;
 * the host's v1 limits hold all the same, enforced from outside.
 *
 * In the specification this is said by the mount's type: "cgroup2" at
 * /sys/fs/cgroup, where engines write "cgroup" for whatever the host has.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "src/host.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

#define CGROUP_TARGET "/sys/fs/cgroup"
/* NEWS of systemd 258. */
#define SYSTEMD_WITHOUT_V1 258

static bool refuses_v1(const struct syscont *sc)
{
	return sc->is_systemd && sc->image && sc->image->systemd_version >= SYSTEMD_WITHOUT_V1;
}

static void set_unified(struct spec *s)
{
	struct spec_mount *m = spec_find_mount(s, CGROUP_TARGET);

	if (!m)
		return;
	free(m->type);
	m->type = xstrdup("cgroup2");
}

int syscont_cgroup(struct syscont *sc, struct error *err)
{
	bool wanted = sc->options.unified_cgroup || refuses_v1(sc);

	if (!wanted || sc->host->cgroup_mode == HOST_CGROUP_V2)
		return 0;
	if (sc->host->cgroup_mode == HOST_CGROUP_HYBRID) {
		set_unified(sc->spec);
		return 0;
	}
	if (!refuses_v1(sc)) {
		syscont_warn(sc,
			     "SYSBOX_UNIFIED_CGROUP has no effect: this host has no cgroup v2");
		return 0;
	}
	return error_set(
		err, ENOTSUP,
		"this image's systemd %d does not boot on cgroup v1, and this host has "
		"nothing else: boot the host with systemd.unified_cgroup_hierarchy=1, "
		"or use an image with systemd %d or older",
		sc->image->systemd_version, SYSTEMD_WITHOUT_V1 - 1);
}
