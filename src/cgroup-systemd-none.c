/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd driver of a build without libsystemd. */
#include <errno.h>

#include "src/cgroup-internal.h"

static int not_built(struct error *err)
{
	return error_set(err, ENOTSUP,
			 "this sysbox-runc was built without the systemd cgroup "
			 "driver; leave --systemd-cgroup away");
}

int cgroup_systemd_start(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			 const struct cgroup_property *properties, size_t n_properties,
			 struct error *err)
{
	(void)cg;
	(void)r;
	(void)pid;
	(void)properties;
	(void)n_properties;
	return not_built(err);
}

int cgroup_systemd_update(const struct cgroup *cg, const struct spec_resources *r,
			  struct error *err)
{
	(void)cg;
	(void)r;
	return not_built(err);
}

int cgroup_systemd_stop(const struct cgroup *cg, struct error *err)
{
	(void)cg;
	return not_built(err);
}

void cgroup_systemd_forget(const struct cgroup *cg)
{
	(void)cg;
}
