/* SPDX-License-Identifier: Apache-2.0 */
/* The same figures for those who read no files: handlers of trapped calls. */
#include <linux/sysinfo.h>

#include "fs/view.h"

/* linux/sysinfo.h: SI_LOAD_SHIFT is 16. */
#define LOAD_ONE 65536.0

void view_sysinfo(struct view *v, struct sysinfo *ret)
{
	const struct view_memory *m = view_memory(v);
	const struct view_load *l = view_load(v);

	*ret = (struct sysinfo){
		.uptime = view_uptime_ns(v) / (1000 * VIEW_MS_NS),
		.totalram = m->total,
		.freeram = m->free,
		.sharedram = m->cgroup.stat.shmem,
		.totalswap = m->swap_total,
		.freeswap = m->swap_free,
		.procs = (unsigned short)(l->total < UINT16_MAX ? l->total : UINT16_MAX),
		.mem_unit = 1,
	};
	for (size_t i = 0; i < VIEW_LOADS; i++)
		ret->loads[i] = (unsigned long)(l->avg[i] * LOAD_ONE);
}

unsigned int view_affinity(struct view *v, unsigned char *mask, unsigned int size)
{
	const struct cpus *cpus = view_cpus(v);
	unsigned int n = 0;

	for (unsigned int i = 0; i < size; i++) {
		unsigned int keep = 0;

		for (unsigned int bit = 0; bit < 8; bit++)
			keep |= (unsigned int)cpus_has(cpus, i * 8 + bit) << bit;
		n += (unsigned int)__builtin_popcount(mask[i] & keep);
		mask[i] &= (unsigned char)keep;
	}
	return n;
}
