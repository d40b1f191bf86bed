/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls of the container's namespaces. Those of a network of its own are written by init: the
 * kernel refuses what is not the container's. Those of its ipc and uts namespaces belong, by
 * kernel and by sysctl, to the root of these namespaces or to the host's: a helper within them
 * tries as the one, then as the other, and only what is known to be of these namespaces.
 * Likewise those of a network namespace that it was given, which the engine may have made for
 * the host's root (a Kubernetes pod without hostUsers: false, Podman); there the kernel shows
 * no file that is not that network's, or not writable.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "src/do.h"
#include "src/plan.h"
#include "src/spec.h"

static bool is_outside(const struct plan *p, const struct json_pair *s)
{
	_cleanup_free_ char *path = spec_sysctl_path(s->key);
	const char *ns = spec_sysctl_namespace(path);

	return str_eq(ns, "ipc") || str_eq(ns, "uts") ||
	       (str_eq(ns, "network") && !(p->unshare & CLONE_NEWNET));
}

static int set(int proc_fd, const struct json_pair *s, struct error *err)
{
	_cleanup_free_ char *name = spec_sysctl_path(s->key), *path = xasprintf("sys/%s", name);
	int r = file_write(proc_fd, path, s->value);

	return r < 0 ? error_errno(err, -r, "set the sysctl %s to \"%s\"", s->key, s->value)
		     : 0;
}

int do_sysctl_inside(const struct plan *p, int proc_fd, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_sysctl; i++)
		if (!is_outside(p, &p->sysctl[i]))
			r = set(proc_fd, &p->sysctl[i], err);
	return r;
}

struct outside {
	const struct plan *plan;
	int init_pidfd;
	struct error *err; /* shared memory */
};

struct one {
	const struct outside *outside;
	const struct json_pair *row;
	int proc_fd;
};

static int set_as_containers_root(void *arg)
{
	const struct one *one = arg;
	struct error *err = one->outside->err;
	int r;

	if (setns(one->outside->init_pidfd, CLONE_NEWUSER) < 0)
		return error_errno(err, errno, "enter the container's user namespace");
	r = do_root_ids(err);
	return r < 0 ? r : set(one->proc_fd, one->row, err);
}

static int set_one(const struct outside *o, const struct json_pair *row, int proc_fd)
{
	struct one one = {.outside = o, .row = row, .proc_fd = proc_fd};
	int r = set(proc_fd, row, o->err);

	return r == -EACCES || r == -EPERM ? spawn_call(set_as_containers_root, &one) : r;
}

static int set_outside(void *arg)
{
	const struct outside *o = arg;
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (proc < 0)
		return error_errno(o->err, errno, "open /proc");
	if (setns(o->init_pidfd, CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) < 0)
		return error_errno(o->err, errno, "enter the container's namespaces");
	for (size_t i = 0; r == 0 && i < o->plan->n_sysctl; i++)
		if (is_outside(o->plan, &o->plan->sysctl[i]))
			r = set_one(o, &o->plan->sysctl[i], proc);
	return r;
}

static bool has_outside(const struct plan *p)
{
	for (size_t i = 0; i < p->n_sysctl; i++)
		if (is_outside(p, &p->sysctl[i]))
			return true;
	return false;
}

int do_sysctl_outside(const struct plan *p, int init_pidfd, struct error *err)
{
	struct outside o = {.plan = p, .init_pidfd = init_pidfd};
	int r;

	if (!has_outside(p))
		return 0;
	o.err = mmap(NULL, sizeof(*o.err), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (o.err == MAP_FAILED)
		return error_errno(err, errno, "map memory for the helper");
	r = spawn_call(set_outside, &o);
	if (r < 0 && o.err->errnum)
		*err = *o.err;
	else if (r < 0)
		r = error_errno(err, -r, "run the helper that sets sysctls");
	munmap(o.err, sizeof(*o.err));
	return r;
}
