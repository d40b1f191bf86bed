/* SPDX-License-Identifier: Apache-2.0 */
/* What of the kernel a container is made of: namespaces, cgroups, filters. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "lib/sys.h"
#include "lib/userns.h"
#include "src/doctor-internal.h"

static void probe_kernel(const struct doctor *d, struct doctor_row *row)
{
	struct error err = {0};

	if (host_check(&d->host, &err) < 0) {
		doctor_found(row, "Linux %s", d->host.kernel_release);
		doctor_mend(row, DOCTOR_FAIL, "%s", err.text);
		return;
	}
	doctor_found(row, "Linux %s", d->host.kernel_release);
}

static void probe_caps(const struct doctor *d, struct doctor_row *row)
{
	uint64_t missing = caps_all() & ~d->host.caps;
	_cleanup_strbuf_ struct strbuf names = STRBUF_EMPTY;

	for (int cap = 0; cap < 64; cap++)
		if (missing & CAPS_BIT(cap) && caps_name(cap))
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", caps_name(cap));
	if (!missing) {
		doctor_found(row, "all of them");
		return;
	}
	doctor_found(row, "this process lacks %s", strbuf_str(&names));
	doctor_mend(row, DOCTOR_WARN,
		    "containers go without them too; start the engine with all capabilities if "
		    "they are needed");
}

static void probe_userns(const struct doctor *d _unused_, struct doctor_row *row)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_close_ int fd = -EBADF;

	doctor_trial_map(&map);
	fd = userns_open(&map);
	if (fd >= 0) {
		doctor_found(row, "made one; the limit is %llu",
			     (unsigned long long)d->host.max_user_namespaces);
		return;
	}
	doctor_found(row, "cannot make one: %s", strerror(-fd));
	if (fd == -ENOSPC)
		doctor_mend(row, DOCTOR_FAIL, "sysctl -w user.max_user_namespaces=65536");
	else
		doctor_mend(row, DOCTOR_FAIL,
			    "the kernel needs CONFIG_USER_NS, and this process the right to "
			    "use it");
}

static void probe_time(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.namespaces & CLONE_NEWTIME) {
		doctor_found(row, "there: each container has its own uptime");
		return;
	}
	doctor_found(row, "the kernel has none");
	doctor_mend(row, DOCTOR_WARN,
		    "containers see the host's uptime; CONFIG_TIME_NS changes that");
}

static const char *cgroup_mode_name(enum host_cgroup_mode m)
{
	switch (m) {
	case HOST_CGROUP_NONE:
		return "none";
	case HOST_CGROUP_V1:
		return "v1";
	case HOST_CGROUP_HYBRID:
		return "hybrid (v1 controllers)";
	case HOST_CGROUP_V2:
		return "v2";
	}
	return "?";
}

static char *controllers(const struct host *h)
{
	_cleanup_(strv_freep) char **names = NULL;

	if (h->cgroup_mode == HOST_CGROUP_V2)
		return h->v2_controllers ? strv_join(h->v2_controllers, " ") : xstrdup("");
	for (size_t i = 0; i < h->n_hierarchies; i++)
		if (*h->hierarchies[i].controllers)
			strv_add(&names, h->hierarchies[i].controllers);
	return names ? strv_join(names, " ") : xstrdup("");
}

static void probe_cgroup(const struct doctor *d, struct doctor_row *row)
{
	static const char *const wanted[] = {"cpu", "memory", "pids"};
	_cleanup_free_ char *all = controllers(&d->host);
	_cleanup_(strv_freep) char **names = strv_split(all, " ,");
	_cleanup_strbuf_ struct strbuf missing = STRBUF_EMPTY;

	doctor_found(row, "%s: %s", cgroup_mode_name(d->host.cgroup_mode), all);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strv_contains(names, wanted[i]))
			strbuf_addf(&missing, " %s", wanted[i]);
	if (d->host.cgroup_mode == HOST_CGROUP_NONE)
		doctor_mend(row, DOCTOR_FAIL, "mount -t cgroup2 none /sys/fs/cgroup");
	else if (missing.len)
		doctor_mend(row, DOCTOR_WARN,
			    "no limits for:%s; boot without cgroup_disable= and with "
			    "systemd.unified_cgroup_hierarchy=1",
			    strbuf_str(&missing));
}

static bool filter_flag_is_known(unsigned int flag)
{
	/* The pointer is looked at only once the flags are good (seccomp(2)). */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flag,
			   NULL) < 0 &&
	       errno == EFAULT;
}

static void probe_seccomp(const struct doctor *d, struct doctor_row *row)
{
	if (!d->host.has_seccomp) {
		doctor_found(row, "no filters with notification");
		doctor_mend(row, DOCTOR_WARN,
			    "containers run without a system call filter; the kernel needs "
			    "CONFIG_SECCOMP_FILTER");
		return;
	}
	doctor_found(row, "filters, notification%s",
		     filter_flag_is_known(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
			     ? ", killable wait"
			     : "");
}

static void probe_lsm(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.has_apparmor)
		doctor_found(row, "AppArmor: profiles that engines generate are not applied to "
				  "system containers, named ones are");
	else if (d->host.has_selinux)
		doctor_found(row, "SELinux: labels are kept");
	else
		doctor_found(row, "none active");
}

static const struct doctor_probe probes[] = {
	{"kernel", probe_kernel},	   {"capabilities", probe_caps},
	{"user namespaces", probe_userns}, {"time namespaces", probe_time},
	{"cgroups", probe_cgroup},	   {"seccomp", probe_seccomp},
	{"security module", probe_lsm},
};
const struct doctor_area doctor_kernel = {probes, ARRAY_SIZE(probes)};
