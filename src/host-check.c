/* SPDX-License-Identifier: Apache-2.0 */
/* What a host must have: one requirement, one function. Pure. */
#include "src/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/flags.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "lib/sys.h"

#define KERNEL_MAJOR_MIN 5
#define KERNEL_MINOR_MIN 19

static int check_kernel(const struct host *h, struct error *err)
{
	unsigned int major, minor;

	if (sscanf(h->kernel_release, "%u.%u", &major, &minor) != 2)
		return error_set(err, ENOSYS, "cannot make out the kernel release \"%s\"",
				 h->kernel_release);
	if (major > KERNEL_MAJOR_MIN ||
	    (major == KERNEL_MAJOR_MIN && minor >= KERNEL_MINOR_MIN))
		return 0;
	return error_set(
		err, ENOSYS,
		"kernel %s is too old: overlayfs on id-mapped layers needs Linux %d.%d "
		"or newer; boot a newer kernel",
		h->kernel_release, KERNEL_MAJOR_MIN, KERNEL_MINOR_MIN);
}

static int check_namespaces(const struct host *h, struct error *err)
{
	/* Time namespaces are used where they exist. */
	const uint64_t need = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
			      CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	for (const struct flag_name *f = flags_namespaces; f->name; f++)
		if ((need & f->value) && !(h->namespaces & f->value))
			return error_set(err, ENOSYS,
					 "the kernel has no %s namespaces; boot one that is "
					 "configured with them (CONFIG_NAMESPACES)",
					 f->name);
	/*
	 * Debian's kernel.unprivileged_userns_clone and AppArmor's restriction of
	 * user namespaces bind unprivileged processes; we are root.
	 */
	if (h->max_user_namespaces == 0)
		return error_set(
			err, ENOSPC,
			"user namespaces are switched off (user.max_user_namespaces is "
			"0); allow them with: sysctl -w user.max_user_namespaces=65536");
	return 0;
}

static int check_caps(const struct host *h, struct error *err)
{
	static const int need[] = {
		CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_CHOWN,      CAP_DAC_OVERRIDE,
		CAP_FOWNER,    CAP_MKNOD,  CAP_KILL,   CAP_SYS_CHROOT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(need); i++)
		if (!(h->caps & CAPS_BIT(need[i])))
			return error_set(
				err, EPERM,
				"the capability %s is missing; run as root of the host, "
				"with all capabilities",
				caps_name(need[i]));
	return 0;
}

static bool has_v1_controller(const struct host *h, const char *name)
{
	for (size_t i = 0; i < h->n_hierarchies; i++) {
		_cleanup_(strv_freep) char **v = strv_split(h->hierarchies[i].controllers, ",");

		if (strv_contains(v, name))
			return true;
	}
	return false;
}

static int check_cgroups(const struct host *h, struct error *err)
{
	if (h->cgroup_mode == HOST_CGROUP_NONE)
		return error_set(err, ENOENT,
				 "no cgroup hierarchy is mounted; mount one with: "
				 "mount -t cgroup2 none /sys/fs/cgroup");
	/* Without it nothing would keep a container from the host's devices. */
	if (h->cgroup_mode != HOST_CGROUP_V2 && !has_v1_controller(h, "devices"))
		return error_set(
			err, ENOENT,
			"the cgroup v1 controller \"devices\" is not mounted; mount it "
			"with: mkdir -p /sys/fs/cgroup/devices && mount -t cgroup -o "
			"devices none /sys/fs/cgroup/devices");
	return 0;
}

int host_check(const struct host *h, struct error *err)
{
	static int (*const checks[])(const struct host *h, struct error *err) = {
		check_kernel,
		check_caps,
		check_namespaces,
		check_cgroups,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int r = checks[i](h, err);

		if (r < 0)
			return r;
	}
	return 0;
}
