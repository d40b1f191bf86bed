/* SPDX-License-Identifier: Apache-2.0 */
/* The same figures for those who read no files: handlers of trapped calls. */
#include <linux/sysinfo.h>

#include "fs/view.h"

void view_sysinfo(struct view *v, struct sysinfo *ret)
{
	const struct view_memory *m = view_memory(v);

	*ret = (struct sysinfo){
		.uptime = view_uptime_ns(v) / (1000 * VIEW_MS_NS),
		.totalram = m->total,
		.freeram = m->free,
		.sharedram = m->cgroup.stat.shmem,
		.totalswap = m->swap_total,
		.freeswap = m->swap_free,
		.mem_unit = 1,
	};
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
