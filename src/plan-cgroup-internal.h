/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of plan_cgroup(), one function for each member; for src/plan-cgroup*.c only. */
#pragma once

#include "lib/error.h"
#include "lib/macro.h"
#include "src/plan-cgroup.h"
#include "src/spec.h"

/* What is to be written, in order. */
struct plan_cgroup_writes {
	struct plan_cgroup_write *w;
	size_t n;
	enum plan_cgroup_version version;
};

static inline bool plan_cgroup_is_v1(const struct plan_cgroup_writes *ws)
{
	return ws->version == PLAN_CGROUP_V1;
}

/* Engines send zeros for what their users did not set. */
static inline bool is_set_u64(struct maybe_u64 v)
{
	return v.present && v.value != 0;
}

static inline bool is_set_i64(struct maybe_i64 v)
{
	return v.present && v.value != 0;
}

/* One more; the caller may set its flags, until the next. */
struct plan_cgroup_write *plan_cgroup_add(struct plan_cgroup_writes *ws, const char *controller,
					  const char *file, const char *fmt, ...)
	_printf_(4, 5);

int plan_cgroup_memory(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		       struct error *err);
int plan_cgroup_cpu(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		    struct error *err);
int plan_cgroup_io(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		   struct error *err);
