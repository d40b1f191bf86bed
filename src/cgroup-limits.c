/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying limits and device rules to the files of a cgroup.
 *
 * Theory of operation: the plan is a list of writes. The kernel checks some values
 * against others that are in force already, so that no order of the list is right for
 * every change: to raise memory and memory+swap the second goes first, to lower them
 * the first. So there are two rounds; what is refused with EINVAL in the first, when
 * the other value may not be there yet, is tried again in the second.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"
#include "src/plan-cgroup.h"
#include "src/spec.h"

struct limits {
	const struct cgroup *cg;
	const struct spec_resources *r;
	struct plan_cgroup_write *writes;
	size_t n_writes;
	int *status; /* of each write: 1 not yet, 0 done, -errno */
	int *fds;    /* of each directory: opened when needed */
};
#define PENDING 1

static void limits_done(struct limits *l)
{
	plan_cgroup_free(l->writes, l->n_writes);
	free(l->status);
	for (size_t i = 0; l->fds && i < l->cg->n_dirs; i++)
		fd_close(l->fds[i]);
	free(l->fds);
}

/* The directory of a write: a borrowed fd. -ENXIO: no hierarchy has the controller. */
static int limits_dir(struct limits *l, const struct plan_cgroup_write *w, struct error *err)
{
	const struct cgroup_dir *d = cgroup_dir_find(l->cg, w->controller);
	size_t i;

	if (!d)
		return -ENXIO;
	i = (size_t)(d - l->cg->dirs);
	if (l->fds[i] < 0)
		l->fds[i] = cgroup_dir_open(d, err);
	return l->fds[i];
}

static int write_once(struct limits *l, size_t i, struct error *err)
{
	const struct plan_cgroup_write *w = &l->writes[i];
	int dirfd = limits_dir(l, w, err);

	if (dirfd < 0)
		return dirfd;
	return file_write(dirfd, w->file, w->value);
}

/* v1: the new limit is below what is in use and cannot be reclaimed. */
static int memory_busy(struct limits *l, const struct plan_cgroup_write *w, struct error *err)
{
	int dirfd = limits_dir(l, w, err);
	uint64_t usage = 0, peak = 0;

	if (dirfd >= 0) {
		(void)cgroup_read_u64(dirfd, "memory.usage_in_bytes",
				      &usage); /* for the message */
		(void)cgroup_read_u64(dirfd, "memory.max_usage_in_bytes", &peak);
	}
	return error_set(err, EBUSY,
			 "unable to set memory limit to %s (current usage: %" PRIu64
			 ", peak usage: %" PRIu64 ")",
			 w->value, usage, peak);
}

static bool is_unified(const struct limits *l, const char *file)
{
	for (size_t i = 0; i < l->r->n_unified; i++)
		if (str_eq(l->r->unified[i].key, file))
			return true;
	return false;
}

/* v2: a file of a controller that our group does not have. */
static bool lacks_controller(struct limits *l, const char *controller)
{
	_cleanup_(strv_freep) char **have = NULL;
	_cleanup_free_ char *path = path_join(l->cg->dirs[0].path, "cgroup.controllers");
	_cleanup_free_ char *text = NULL;

	if (str_eq(controller, "cgroup") || file_read_line(AT_FDCWD, path, &text) < 0)
		return false;
	have = strv_split(text, " ");
	return !strv_contains(have, controller);
}

static int write_failed(struct limits *l, size_t i, int errnum, struct error *err)
{
	const struct plan_cgroup_write *w = &l->writes[i];
	const struct cgroup_dir *d = cgroup_dir_find(l->cg, w->controller);
	_cleanup_free_ char *controller = xstrndup(w->file, strcspn(w->file, "."));

	if (errnum == EBUSY && str_eq(w->file, "memory.limit_in_bytes"))
		return memory_busy(l, w, err);
	if (l->cg->is_v2 && lacks_controller(l, controller) && is_unified(l, w->file))
		return error_set(err, errnum,
				 "unified resource \"%s\" can't be set: controller \"%s\" not "
				 "available",
				 w->file, controller);
	if (!d || (l->cg->is_v2 && lacks_controller(l, controller)))
		return error_set(
			err, ENOENT,
			"cannot set %s limit: container could not join or create cgroup "
			"(the controller is not available)",
			controller);
	return error_errno(err, errnum, "failed to write \"%s\" to %s/%s", w->value, d->path,
			   w->file);
}

/* Has the file whose place this write takes been found? */
static bool is_superseded(const struct limits *l, size_t i)
{
	return l->writes[i].otherwise && l->status[i - 1] != -ENOENT;
}

static bool has_stand_in(const struct limits *l, size_t i)
{
	return i + 1 < l->n_writes && l->writes[i + 1].otherwise;
}

/*
 * One round over what is pending. In the first, EINVAL may mean "not with the
 * values that are in force now" (quota against period, memory against memory+swap) and
 * is left pending.
 */
static int limits_round(struct limits *l, bool last, struct error *err)
{
	for (size_t i = 0; i < l->n_writes; i++) {
		int r;

		if (l->status[i] != PENDING)
			continue;
		if (is_superseded(l, i)) {
			l->status[i] = 0;
			continue;
		}
		r = write_once(l, i, err);
		if (r == -EINVAL && !last)
			continue;
		l->status[i] = r;
		if (r >= 0 || (r == -ENOENT && has_stand_in(l, i)))
			continue;
		if (!l->writes[i].optional)
			return write_failed(l, i, -r, err);
		log_debug("cgroup: %s \"%s\": %s", l->writes[i].file, l->writes[i].value,
			  strerror(-r));
	}
	return 0;
}

/* On request, a limit below what is in use is refused instead of leading to an OOM kill. */
static int check_usage(const struct cgroup *cg, const struct spec_memory *m, struct error *err)
{
	_cleanup_close_ int dirfd = -EBADF;
	uint64_t usage;

	if (!cg->is_v2 || !m || !m->check_before_update.value)
		return 0;
	dirfd = cgroup_dir_open(&cg->dirs[0], err);
	if (dirfd < 0)
		return dirfd;
	if (cgroup_read_u64(dirfd, "memory.current", &usage) < 0)
		return 0;
	if (m->swap.value > 0 && (uint64_t)m->swap.value <= usage)
		return error_set(err, EBUSY,
				 "rejecting memory+swap limit %" PRId64 " <= usage %" PRIu64,
				 m->swap.value, usage);
	if (m->limit.value > 0 && (uint64_t)m->limit.value <= usage)
		return error_set(err, EBUSY,
				 "rejecting memory limit %" PRId64 " <= usage %" PRIu64,
				 m->limit.value, usage);
	return 0;
}

int cgroup_fs_limits(const struct cgroup *cg, const struct spec_resources *r, struct error *err)
{
	_cleanup_(limits_done) struct limits l = {.cg = cg, .r = r};
	int status;

	status = check_usage(cg, r->memory, err);
	if (status < 0)
		return status;
	status = plan_cgroup(&l.writes, &l.n_writes, r,
			     cg->is_v2 ? PLAN_CGROUP_V2 : PLAN_CGROUP_V1, err);
	if (status < 0 || l.n_writes == 0)
		return status;
	l.status = xcalloc(l.n_writes, sizeof(*l.status));
	l.fds = xcalloc(cg->n_dirs, sizeof(*l.fds));
	for (size_t i = 0; i < l.n_writes; i++)
		l.status[i] = PENDING;
	for (size_t i = 0; i < cg->n_dirs; i++)
		l.fds[i] = -EBADF;
	status = limits_round(&l, false, err);
	return status < 0 ? status : limits_round(&l, true, err);
}

/* Inside a user namespace of somebody else's the kernel lets nobody set device rules. */
static bool in_user_namespace(void)
{
	_cleanup_free_ char *text = NULL;
	unsigned int inside, outside, size;

	if (file_read_line(AT_FDCWD, "/proc/self/uid_map", &text) < 0 ||
	    sscanf(text, "%u %u %u", &inside, &outside, &size) != 3)
		return false;
	return inside != 0 || outside != 0 || size != UINT32_MAX;
}

int cgroup_fs_devices(const struct cgroup *cg, const struct spec_resources *r,
		      struct error *err)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "devices");
	_cleanup_(cgroup_devices_done) struct cgroup_devices devices = {0};
	_cleanup_close_ int dirfd = -EBADF;
	int status;

	if (r->n_devices == 0)
		return 0;
	status = cgroup_devices_resolve(&devices, r, err);
	if (status < 0)
		return status;
	if (!d)
		return error_set(
			err, ENOENT,
			"cannot set devices limit: the cgroup v1 controller \"devices\" is "
			"not mounted");
	dirfd = cgroup_dir_open(d, err);
	if (dirfd < 0)
		return dirfd;
	status = cg->is_v2 ? cgroup_bpf_apply(dirfd, &devices, err)
			   : cgroup_devices_apply_v1(dirfd, &devices, err);
	if (status == -EPERM && in_user_namespace()) {
		log_debug("cgroup: no device rules from inside a user namespace: %s",
			  err->text);
		return 0;
	}
	return error_wrap(err, status, "%s", d->path);
}
