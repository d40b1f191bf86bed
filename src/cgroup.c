/* SPDX-License-Identifier: Apache-2.0 */
/* The interface: the order of steps, and which driver takes them. */
#include "src/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"
#include "src/spec.h"

static void warn_of_ignored(const struct spec_resources *r)
{
	if (r->memory && (r->memory->kernel.present || r->memory->kernel_tcp.present))
		log_warn("Kernel memory settings are ignored: the kernel has no such limits");
}

/* All that must be in force before a process is in it. */
static int set_up(const struct cgroup *cg, const struct spec_resources *r, struct error *err)
{
	int status = 0;

	if (r) {
		warn_of_ignored(r);
		status = cgroup_fs_limits(cg, r, err);
		if (status == 0)
			status = cgroup_fs_devices(cg, r, err);
	}
	return status < 0 ? status : cgroup_fs_ready(cg, err);
}

static int make(const struct cgroup *cg, const struct spec_resources *r,
		struct cgroup_made *made, struct error *err)
{
	int status;

	status = cgroup_fs_make(cg, made, err);
	if (status < 0)
		return status;
	status = cgroup_fs_take(cg, made, err);
	if (status == 0)
		status = set_up(cg, r, err);
	if (status < 0)
		cgroup_fs_unmake(cg, made);
	return status;
}

int cgroup_make(const struct cgroup *cg, const struct spec_resources *r, struct error *err)
{
	_cleanup_(cgroup_made_done) struct cgroup_made made = {0};

	if (cg->driver != CGROUP_FS)
		return error_set(err, EINVAL, "systemd makes no scope without a process");
	return make(cg, r, &made, err);
}

static int create_fs(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
		     struct error *err)
{
	_cleanup_(cgroup_made_done) struct cgroup_made made = {0};
	int status;

	status = make(cg, r, &made, err);
	if (status < 0)
		return status;
	status = cgroup_fs_enter(cg, pid, err);
	if (status < 0)
		cgroup_fs_unmake(cg, &made);
	return status;
}

/*
 * systemd makes the scope in the hierarchies that it manages (v2; or name=systemd, cpu,
 * memory, pids, ...) and knows some limits. The rest of the hierarchies, and all
 * limits that are not properties of a unit, are ours.
 */
static int create_systemd(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			  const struct cgroup_property *properties, size_t n_properties,
			  struct error *err)
{
	_cleanup_(cgroup_made_done) struct cgroup_made made = {0};
	int status;

	status = cgroup_systemd_start(cg, r, pid, properties, n_properties, err);
	if (status < 0)
		return status;
	status = cgroup_fs_make(cg, &made, err);
	for (size_t i = 0; status == 0 && i < cg->n_dirs; i++)
		status = cgroup_dir_mark(cg, &cg->dirs[i], err);
	if (status == 0)
		status = set_up(cg, r, err);
	/* v2: systemd has moved it already. */
	if (status == 0 && !cg->is_v2)
		status = cgroup_fs_enter(cg, pid, err);
	if (status < 0) {
		struct error ignored;

		/* The first error is reported. */
		if (made.dirs)
			cgroup_fs_unmake(cg, &made);
		(void)cgroup_systemd_stop(cg, &ignored);
	}
	return status;
}

int cgroup_create(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
		  const struct cgroup_property *properties, size_t n_properties,
		  struct error *err)
{
	switch (cg->driver) {
	case CGROUP_FS:
		return create_fs(cg, r, pid, err);
	case CGROUP_SYSTEMD:
		return create_systemd(cg, r, pid, properties, n_properties, err);
	}
	return error_set(err, EINVAL, "unknown cgroup driver %d", (int)cg->driver);
}

int cgroup_update(const struct cgroup *cg, const struct spec_resources *r, struct error *err)
{
	int status = 0;

	if (cgroup_owner(cg) != CGROUP_OURS)
		return error_set(err, EBUSY, "the container has no cgroup of its own");
	warn_of_ignored(r);
	if (cg->driver == CGROUP_SYSTEMD)
		status = cgroup_systemd_update(cg, r, err);
	return status < 0 ? status : cgroup_fs_limits(cg, r, err);
}

int cgroup_destroy(const struct cgroup *cg, struct error *err)
{
	struct error first = {0}, ignored;
	int status = 0;

	if (cg->driver == CGROUP_SYSTEMD) {
		switch (cgroup_owner(cg)) {
		case CGROUP_OURS:
			status = cgroup_systemd_stop(cg, &first);
			break;
		case CGROUP_GONE:
			cgroup_systemd_forget(cg);
			break;
		case CGROUP_OTHERS:
			break;
		}
	}
	if (status == 0)
		return cgroup_fs_destroy(cg, err);
	/* Also then: systemd knows neither all hierarchies nor what was made inside. */
	(void)cgroup_fs_destroy(cg, &ignored);
	*err = first;
	return status;
}

/*
 * Delegation: what the container's root needs to arrange groups of its own, and
 * nothing that would lift a limit (kernel, cgroup-v2.rst, "Delegation"). On v2 the list
 * of /sys/kernel/cgroup/delegate, and the pressure files: writing to one registers
 * a trigger for the writer. Files that this kernel does not have are skipped.
 */
static const char *const delegate_v1[] = {
	"cgroup.procs",
	"tasks",
	"cgroup.clone_children",
	NULL,
};
static const char *const delegate_v2[] = {
	"cgroup.procs",		  "cgroup.threads",
	"cgroup.subtree_control", "memory.oom.group",
	"memory.reclaim",	  "cpu.pressure",
	"memory.pressure",	  "io.pressure",
	"irq.pressure",		  NULL,
};

/*
 * A group with memory has one of 65535 ids of the whole machine (MEM_CGROUP_ID_MAX in the
 * kernel), so that who makes groups without end has nobody make any. v1 has no such limit.
 */
#define DESCENDANTS_FILE "cgroup.max.descendants"
#define DESCENDANTS_MAX	 "8192"

/* What the specification or somebody else has set before is kept. */
static int limit_descendants(const struct cgroup_dir *d, int dirfd, struct error *err)
{
	_cleanup_free_ char *now = NULL;
	int r = file_read_line(dirfd, DESCENDANTS_FILE, &now);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "read %s/" DESCENDANTS_FILE, d->path);
	if (!str_eq(now, "max"))
		return 0;
	r = file_write(dirfd, DESCENDANTS_FILE, DESCENDANTS_MAX);
	return r < 0 ? error_errno(err, -r, "limit the groups below %s", d->path) : 0;
}

int cgroup_delegate(const struct cgroup *cg, uid_t uid, gid_t gid, struct error *err)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		const struct cgroup_dir *d = &cg->dirs[i];
		const char *const *files = *d->controllers ? delegate_v1 : delegate_v2;
		_cleanup_close_ int dirfd = -EBADF;
		int r;

		if (d->is_withheld)
			continue;
		dirfd = cgroup_dir_open_ours(cg, d, err);
		if (dirfd < 0)
			return dirfd;
		if (fchownat(dirfd, "", uid, gid, AT_EMPTY_PATH) < 0)
			return error_errno(err, errno, "give %s to uid %u", d->path, uid);
		for (; *files; files++)
			if (fchownat(dirfd, *files, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
			    errno != ENOENT)
				return error_errno(err, errno, "give %s/%s to uid %u", d->path,
						   *files, uid);
		r = *d->controllers ? 0 : limit_descendants(d, dirfd, err);
		if (r < 0)
			return r;
	}
	return 0;
}
