/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what makes a container a system container
 *
 * The engine describes an application: one process, no rights, a masked /proc, a
 * seccomp profile that denies what an application does not need. We are to run a
 * whole system instead: an init, an engine of its own, its containers. So the
 * specification is rewritten, and everything behind this stage runs the result
 * as any runtime would: no later stage asks "is this a system container?".
 *
 * One thing makes up for all rights that are given here: the user namespace. Root
 * inside is nobody outside; a capability counts only against what that namespace
 * owns. From this follow the passes:
 *
 *  ns       all namespaces are the container's own, the user namespace foremost;
 *  ids      root is mapped, and never to root;
 *  systemd  what pid 1 wants to find when it is systemd;
 *  mounts   /proc, /sys, /sys/fs/cgroup, /dev as a system expects them: its own,
 *           writable;
 *  owners   whose files those of a mounted directory seem to be;
 *  cgroup   the host's layout, or v2 alone for a systemd that knows nothing else;
 *  stores   real directories where inner engines keep their data;
 *  paths    the engine's masks stay, but for those that would blind or bind an
 *           inner system;
 *  devices  nodes that are harmless in anybody's hands, and what the user gave;
 *  emul     which files of /proc and /sys are the supervisor's;
 *  caps     all capabilities for root, none for others;
 *  lsm      the engine's AppArmor profile forbids mount(2); the administrator's
 *           own is kept;
 *  seccomp  what the kernel itself checks against the user namespace is allowed,
 *           unless the user's profile denies it by name;
 *  sysctls  what an engine sets for everybody is cut to the container's ids.
 *
 * The rule for all of them: what an engine writes by default may be replaced; what
 * a person chose (a mount, a tmpfs, a profile, a device) wins, and where it cannot,
 * an error or a warning says so.
 *
 * In a container with SYSBOX_SYSCONT_MODE=FALSE only the passes marked `always`
 * run: an ordinary container with the engine's limits, in a user namespace.
 *
 * The passes are pure. They see the machine through struct host and the image
 * through struct image, so the golden tests show, for the configurations that
 * real engines write, every word that we change.
 */
#include "src/syscont-passes.h"

#include "lib/alloc.h"
#include "src/spec.h"
#include "src/syscont.h"

/* One pass; its name prefixes its errors. */
static const struct {
	const char *name;
	int (*run)(struct syscont *sc, struct error *err);
	bool always; /* also outside of syscont mode */
} passes[] = {
	{"namespaces", syscont_ns, true},
	/* Without a user namespace of its own the container needs no maps. */
	{"ids", syscont_ids, true},
	/* Decides about /run, and `mounts` would give a read-only rootfs a poorer one. */
	{"systemd", syscont_systemd, false},
	{"mounts", syscont_mounts, false},
	{"owners", syscont_owner, true},
	{"cgroups", syscont_cgroup, false},
	{"stores", syscont_stores, false},
	{"paths", syscont_paths, false},
	{"devices", syscont_devices, true},
	{"emulation", syscont_emul, false},
	{"capabilities", syscont_caps, false},
	{"security modules", syscont_lsm, false},
	{"seccomp", syscont_seccomp, false},
	{"sysctls", syscont_sysctl, true},
};

int syscont_rewrite(struct syscont *sc, struct error *err)
{
	/* spec_check() has seen to process and root; the rest of us leans on these. */
	if (!sc->spec->linux_)
		sc->spec->linux_ = xcalloc(1, sizeof(*sc->spec->linux_));
	for (size_t i = 0; i < ARRAY_SIZE(passes); i++) {
		int r;

		if (!passes[i].always && !sc->options.syscont_mode)
			continue;
		r = passes[i].run(sc, err);
		if (r < 0)
			return error_wrap(err, r, "%s", passes[i].name);
	}
	return 0;
}

void syscont_rewrite_process(struct syscont *sc, struct spec_process *p)
{
	syscont_process_env(sc, p);
	if (!sc->options.syscont_mode)
		return;
	syscont_process_caps(sc, p);
	syscont_process_lsm(p);
}
