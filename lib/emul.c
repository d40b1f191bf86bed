/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/emul.h"

#include <string.h>

#include "lib/macro.h"

#define SYSCTL(path)                                                                           \
	{                                                                                      \
		"proc/sys/" path, EMUL_SYSCTL, EMUL_PLAIN                                      \
	}

const struct emul_file emul_files[] = {
	{"proc/cpuinfo", EMUL_CPU, EMUL_PLAIN},
	{"proc/stat", EMUL_CPU, EMUL_PLAIN},
	{"sys/devices/system/cpu/online", EMUL_CPU, EMUL_FAST},
	{"sys/devices/system/cpu/possible", EMUL_CPU, EMUL_FAST},
	{"sys/devices/system/cpu/present", EMUL_CPU, EMUL_FAST},
	{"proc/meminfo", EMUL_MEMORY, EMUL_FAST},
	{"proc/swaps", EMUL_MEMORY, EMUL_FAST},
	{"proc/vmstat", EMUL_MEMORY, EMUL_PLAIN},
	{"proc/loadavg", EMUL_LOAD, EMUL_FAST},
	{"proc/uptime", EMUL_LOAD, EMUL_FAST},
	{"proc/diskstats", EMUL_DISK, EMUL_PLAIN},
	{"proc/partitions", EMUL_DISK, EMUL_PLAIN},
	SYSCTL("kernel/panic"),
	SYSCTL("kernel/panic_on_oops"),
	SYSCTL("kernel/keys/root_maxkeys"),
	SYSCTL("kernel/keys/root_maxbytes"),
	SYSCTL("vm/overcommit_memory"),
	SYSCTL("vm/panic_on_oom"),
	SYSCTL("kernel/core_pattern"),
	SYSCTL("kernel/core_uses_pid"),
	SYSCTL("kernel/dmesg_restrict"),
	SYSCTL("kernel/kptr_restrict"),
	SYSCTL("kernel/pid_max"),
	SYSCTL("kernel/printk"),
	SYSCTL("kernel/sysrq"),
	SYSCTL("kernel/yama/ptrace_scope"),
	SYSCTL("fs/protected_hardlinks"),
	SYSCTL("fs/protected_symlinks"),
	SYSCTL("fs/protected_fifos"),
	SYSCTL("fs/protected_regular"),
	SYSCTL("fs/suid_dumpable"),
	SYSCTL("fs/aio-max-nr"),
	SYSCTL("fs/file-max"),
	SYSCTL("fs/nr_open"),
	SYSCTL("fs/inotify/max_user_instances"),
	SYSCTL("fs/inotify/max_user_watches"),
	SYSCTL("vm/dirty_background_ratio"),
	SYSCTL("vm/dirty_ratio"),
	SYSCTL("vm/max_map_count"),
	SYSCTL("vm/mmap_min_addr"),
	SYSCTL("vm/nr_hugepages"),
	SYSCTL("vm/overcommit_ratio"),
	SYSCTL("vm/swappiness"),
	SYSCTL("vm/vfs_cache_pressure"),
};
const size_t n_emul_files = ARRAY_SIZE(emul_files);

static const struct {
	const char *name;
	enum emul_group group;
} groups[] = {
	{"cpu", EMUL_CPU},   {"memory", EMUL_MEMORY}, {"load", EMUL_LOAD},
	{"disk", EMUL_DISK}, {"sysctl", EMUL_SYSCTL},
};

void emul_name(const struct emul_file *f, char ret[EMUL_NAME_MAX])
{
	size_t i;

	for (i = 0; f->path[i] && i < EMUL_NAME_MAX - 1; i++)
		ret[i] = f->path[i] == '/' ? '!' : f->path[i];
	ret[i] = '\0';
}

unsigned int emul_group_parse(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (strcmp(groups[i].name, word) == 0)
			return groups[i].group;
	return 0;
}

const char *emul_group_name(enum emul_group g)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i].group == g)
			return groups[i].name;
	return "";
}
