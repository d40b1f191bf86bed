/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree.h"

#include <errno.h>
#include <string.h>

#include "lib/macro.h"

static const struct {
	const char *path;
	handler_fn format;
} handlers[] = {
	{"proc/cpuinfo", node_cpuinfo},
	{"proc/stat", node_stat},
	{"sys/devices/system/cpu/online", node_cpu_list},
	{"sys/devices/system/cpu/possible", node_cpu_list},
	{"sys/devices/system/cpu/present", node_cpu_list},
	{"proc/meminfo", node_meminfo},
	{"proc/swaps", node_swaps},
	{"proc/vmstat", node_vmstat},
	{"proc/loadavg", node_loadavg},
	{"proc/uptime", node_uptime},
	{"proc/diskstats", node_diskstats},
	{"proc/partitions", node_partitions},
	{"proc/slabinfo", node_slabinfo},
	{"proc/sys/kernel/random/boot_id", node_boot_id},
	{"sys/devices/virtual/dmi/id/product_uuid", node_product_uuid},
};

handler_fn tree_format(const struct emul_file *f)
{
	for (size_t h = 0; h < ARRAY_SIZE(handlers); h++)
		if (strcmp(handlers[h].path, f->path) == 0)
			return handlers[h].format;
	return NULL;
}

int tree_find(enum emul_conn conn, const char *name)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		char own[EMUL_NAME_MAX];

		emul_name(&emul_files[i], own);
		if (emul_is_on(&emul_files[i], conn) && strcmp(own, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}
