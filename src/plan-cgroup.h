/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `linux.resources` as writes into cgroup files. Pure.
 *
 * Values that the kernel checks against each other (quota and period, memory and
 * memory+swap) have no order that is right for every update: whoever applies them repeats a
 * write that was refused with EINVAL after the others of its controller. Devices are not files
 * on v2 and are not here: src/cgroup-devices.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct spec_resources;

/* One write into a cgroup. */
struct plan_cgroup_write {
	char *controller; /* v1: "memory"; v2: "" */
	char *file;	  /* "memory.max" */
	char *value;
	/* a file that is absent, or a kernel that refuses: debug line, no error */
	bool optional;
	/* Instead of the write before, and only where that one's file is absent. */
	bool otherwise;
};

enum plan_cgroup_version {
	PLAN_CGROUP_V1,
	PLAN_CGROUP_V2,
};
/* In order; *ret is for plan_cgroup_free(). */
int plan_cgroup(struct plan_cgroup_write **ret, size_t *ret_n, const struct spec_resources *r,
		enum plan_cgroup_version version, struct error *err);
void plan_cgroup_free(struct plan_cgroup_write *w, size_t n);
