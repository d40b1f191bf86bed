/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's view of its cgroups, mounted from inside its cgroup namespace,
 * where each hierarchy has the container's own cgroup as its root: one cgroup2
 * mount, or, where the host has v1 controllers, a tmpfs with a directory per
 * hierarchy as systemd lays them out (and the v2 tree at "unified").
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/cgroup.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/host.h"
#include "src/plan.h"

#define CGROUP_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int mount_here(const struct do_mounts *m, const struct mount_new *new,
		      const char *target, struct error *err)
{
	char msg[256] = "";
	_cleanup_close_ int fd = mount_make(new, msg, sizeof(msg)), at = -EBADF;
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "mount %s at %s%s%s", new->fstype, target,
				   *msg ? ": " : "", msg);
	at = do_mounts_target(m, target, S_IFDIR);
	r = at < 0 ? at : mount_attach(fd, at, "");
	return r < 0 ? error_errno(err, -r, "attach %s at %s", new->fstype, target) : 0;
}

/* "cpu,cpuacct" also by the names "cpu" and "cpuacct". */
static void link_controllers(const struct do_mounts *m, const char *target,
			     const char *controllers, const char *dir)
{
	_cleanup_(strv_freep) char **names = strv_split(controllers, ",");
	_cleanup_close_ int at =
		path_open_in_root(m->root_fd, target, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (char **n = names; at >= 0 && n && *n; n++)
		if (!str_eq(*n, dir) && symlinkat(dir, at, *n) < 0)
			log_debug("link %s in %s: %s", *n, target, strerror(errno));
}

static int mount_hierarchy(const struct do_mounts *m, const struct host_hierarchy *h,
			   const char *target, uint64_t attrs, struct error *err)
{
	bool is_v2 = !*h->controllers;
	const struct mount_new new = {
		.fstype = is_v2 ? "cgroup2" : "cgroup",
		.source = is_v2 ? "cgroup2" : "cgroup",
		/* A named hierarchy has no controller: "none,name=systemd" (cgroups(7)). */
		.options = is_v2 ? NULL : h->controllers,
		.attrs = attrs,
	};
	const char *dir = strrchr(h->path, '/') + 1;
	_cleanup_free_ char *at = path_join(target, dir);
	int r = mount_here(m, &new, at, err);

	if (r == 0 && !is_v2)
		link_controllers(m, target, h->controllers, dir);
	return r;
}

/* The tmpfs itself, once its directories are made. */
static int make_readonly(const struct do_mounts *m, const char *target, struct error *err)
{
	_cleanup_close_ int fd = path_open_in_root(m->root_fd, target, O_PATH | O_CLOEXEC);
	int r = fd < 0 ? fd : mount_set_attr(fd, MOUNT_ATTR_RDONLY, 0, 0);

	return r < 0 ? error_errno(err, -r, "make %s read-only", target) : 0;
}

static int mount_v1(const struct do_mounts *m, const struct plan_mount *pm, uint64_t attrs,
		    struct error *err)
{
	const struct mount_new tmpfs = {
		.fstype = "tmpfs",
		.source = "tmpfs",
		.options = "mode=755,size=4m",
		.attrs = CGROUP_ATTRS,
	};
	int r = mount_here(m, &tmpfs, pm->target, err);

	for (size_t i = 0; r == 0 && i < m->host->n_hierarchies; i++)
		if (!m->cgroup->dirs[i].is_withheld)
			r = mount_hierarchy(m, &m->host->hierarchies[i], pm->target, attrs,
					    err);
	return r < 0 || !(attrs & MOUNT_ATTR_RDONLY) ? r : make_readonly(m, pm->target, err);
}

int do_mounts_cgroup(const struct do_mounts *m, const struct plan_mount *pm, struct error *err)
{
	const uint64_t attrs = CGROUP_ATTRS | (pm->attr_set & MOUNT_ATTR_RDONLY);
	const struct mount_new v2 = {
		.fstype = "cgroup2",
		.source = "cgroup2",
		.attrs = attrs,
	};

	switch (m->host->cgroup_mode) {
	case HOST_CGROUP_NONE:
		return 0;
	case HOST_CGROUP_V2:
		return mount_here(m, &v2, pm->target, err);
	case HOST_CGROUP_HYBRID:
		/* "cgroup2" by name: the v2 tree alone (src/syscont-cgroup.c). */
		if (str_eq(pm->fstype, "cgroup2"))
			return mount_here(m, &v2, pm->target, err);
		return mount_v1(m, pm, attrs, err);
	case HOST_CGROUP_V1:
		return mount_v1(m, pm, attrs, err);
	}
	return 0;
}
