/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.memory */
#include "src/plan-cgroup-internal.h"

#include <errno.h>
#include <inttypes.h>

/* -1 is "no limit": v1 takes it as it is, v2 has a word for it. */
static struct plan_cgroup_write *add_limit(struct plan_cgroup_writes *ws,
					   const char *controller, const char *file,
					   int64_t value)
{
	if (value < 0 && !plan_cgroup_is_v1(ws))
		return plan_cgroup_add(ws, controller, file, "max");
	return plan_cgroup_add(ws, controller, file, "%" PRId64, value);
}

static int memory_v1(struct plan_cgroup_writes *ws, const struct spec_memory *m,
		     struct error *err)
{
	bool unlimited = m->limit.present && m->limit.value == -1;

	if (is_set_i64(m->limit))
		add_limit(ws, "memory", "memory.limit_in_bytes", m->limit.value);
	if (is_set_i64(m->swap))
		add_limit(ws, "memory", "memory.memsw.limit_in_bytes", m->swap.value);
	else if (unlimited) /* memory+swap cannot stay below memory */
		plan_cgroup_add(ws, "memory", "memory.memsw.limit_in_bytes", "-1")->optional =
			true;
	if (is_set_i64(m->reservation))
		add_limit(ws, "memory", "memory.soft_limit_in_bytes", m->reservation.value);
	if (m->disable_oom_killer.present && m->disable_oom_killer.value)
		plan_cgroup_add(ws, "memory", "memory.oom_control", "1");
	if (!m->swappiness.present || m->swappiness.value == UINT64_MAX)
		return 0;
	if (m->swappiness.value > 100)
		return error_set(err, EINVAL,
				 "invalid memory swappiness value: %" PRIu64
				 " (valid range is 0-100)",
				 m->swappiness.value);
	plan_cgroup_add(ws, "memory", "memory.swappiness", "%" PRIu64, m->swappiness.value);
	return 0;
}

/*
 * v1 limits memory+swap, v2 swap alone. Returns whether there is something to
 * write; a swap of zero (both limits equal) is a real limit.
 */
static int swap_alone(const struct spec_memory *m, int64_t *ret, bool *ret_write,
		      struct error *err)
{
	int64_t memory = m->limit.present ? m->limit.value : 0;
	int64_t swap = m->swap.present ? m->swap.value : 0;

	*ret_write = true;
	if (swap == 0) {
		*ret_write = memory == -1;
		*ret = -1;
		return 0;
	}
	if (swap == -1 || memory == -1) {
		*ret = swap;
		return 0;
	}
	if (memory == 0)
		return error_set(err, EINVAL, "unable to set swap limit without memory limit");
	if (memory < 0)
		return error_set(err, EINVAL, "invalid memory value: %" PRId64, memory);
	if (swap < memory)
		return error_set(err, EINVAL, "memory+swap limit should be >= memory limit");
	*ret = swap - memory;
	return 0;
}

static int memory_v2(struct plan_cgroup_writes *ws, const struct spec_memory *m,
		     struct error *err)
{
	int64_t swap = 0;
	bool write = false;
	int r;

	r = swap_alone(m, &swap, &write, err);
	if (r < 0)
		return r;
	/*
	 * Without swap accounting the file is absent, and "none" and "all" make no difference.
	 */
	if (write)
		add_limit(ws, "memory", "memory.swap.max", swap)->optional = swap <= 0;
	if (is_set_i64(m->limit))
		add_limit(ws, "memory", "memory.max", m->limit.value);
	if (is_set_i64(m->reservation))
		add_limit(ws, "memory", "memory.low", m->reservation.value);
	return 0;
}

/* `kernel` and `kernel_tcp` are gone from the kernel: nothing to write. */
int plan_cgroup_memory(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		       struct error *err)
{
	if (!r->memory)
		return 0;
	return plan_cgroup_is_v1(ws) ? memory_v1(ws, r->memory, err)
				     : memory_v2(ws, r->memory, err);
}
