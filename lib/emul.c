/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/emul.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/macro.h"

#define TEXT(path_, group_, conn_)                                                             \
	{                                                                                      \
		.path = (path_), .group = (group_), .conn = (conn_), .mode = 0444              \
	}
#define GROUP_SYSCTL(group_, path_, ...)                                                       \
	{                                                                                      \
		.path = "proc/sys/" path_, .group = (group_), .conn = EMUL_PLAIN,              \
		.kind = EMUL_VALUE, .mode = 0644, .value = {                                   \
			__VA_ARGS__                                                            \
		}                                                                              \
	}
#define SYSCTL(path, ...) GROUP_SYSCTL(EMUL_SYSCTL, path, __VA_ARGS__)
#define NEIGH(name)                                                                            \
	GROUP_SYSCTL(EMUL_NEIGH, "net/ipv4/neigh/default/" name, .check = EMUL_INT,            \
		     .count = 1, .min = INT_MIN, .max = INT_MAX)
#define NUMBER(check_, path_, min_, max_, ...)                                                 \
	SYSCTL(path_, .check = (check_), .count = 1, .min = (min_), .max = (max_), __VA_ARGS__)
#define INT(path, min, max)	NUMBER(EMUL_INT, path, min, max, .flags = 0)
#define UINT(path, min, max)	NUMBER(EMUL_UINT, path, min, max, .flags = 0)
#define ULONG(path, min, max)	NUMBER(EMUL_ULONG, path, min, max, .flags = 0)
#define STAYING(path, min, max) NUMBER(EMUL_INT, path, min, max, .flags = EMUL_STAYS_AT_MAX)
#define INTS(path_, n)                                                                         \
	SYSCTL(path_, .check = EMUL_INT, .count = (n), .min = INT_MIN, .max = INT_MAX)
#define STRING(path_, len)  SYSCTL(path_, .check = EMUL_STRING, .max = (len))
#define WORD(path_, words_) SYSCTL(path_, .check = EMUL_WORD, .words = (words_))

#define FIXED(path_, mode_, text_)                                                             \
	{                                                                                      \
		.path = (path_), .group = EMUL_IDENTITY, .conn = EMUL_PLAIN,                   \
		.kind = EMUL_FIXED, .mode = (mode_), .text = (text_)                           \
	}
#define DMI(name, mode, text) FIXED("sys/devices/virtual/dmi/id/" name, mode, text)
#define PRESSURE(name)                                                                         \
	{                                                                                      \
		.path = "proc/pressure/" name, .group = EMUL_LOAD, .conn = EMUL_PLAIN,         \
		.kind = EMUL_PRESSURE, .mode = 0666, .text = name ".pressure"                  \
	}
#define DIR(kind_, path_, group_)                                                              \
	{                                                                                      \
		.path = (path_), .group = (group_), .conn = EMUL_PLAIN, .kind = (kind_),       \
		.mode = 0555                                                                   \
	}

static const char *const on_off_ratelimit[] = {"on", "off", "ratelimit", NULL};

/*
 * A directory comes before what is in it. Bounds of values are those of the kernel's own
 * tables.
 */
const struct emul_file emul_files[] = {
	DIR(EMUL_MIRROR, "sys/devices/system/cpu", EMUL_CPU),
	DIR(EMUL_MIRROR, "sys/devices/system/memory", EMUL_MEMORY),
	DIR(EMUL_MIRROR, "sys/devices/system/node", EMUL_CPU),
	DIR(EMUL_MIRROR, "sys/block", EMUL_DISK),
	DIR(EMUL_MIRROR, "sys/class/block", EMUL_DISK),
	DIR(EMUL_MIRROR, "proc/sys/vm", EMUL_SYSCTL),
	DIR(EMUL_MIRROR, "proc/sys/kernel/keys", EMUL_SYSCTL),
	DIR(EMUL_MIRROR, "proc/sys/fs/inotify", EMUL_SYSCTL),
	DIR(EMUL_DIRECTORY, "proc/sys/net/ipv4/neigh", EMUL_NEIGH),
	DIR(EMUL_DIRECTORY, "proc/sys/net/ipv4/neigh/default", EMUL_NEIGH),
	DIR(EMUL_DIRECTORY, "sys/devices/virtual/dmi/id", EMUL_IDENTITY),
	TEXT("proc/cpuinfo", EMUL_CPU, EMUL_BOTH),
	TEXT("proc/stat", EMUL_CPU, EMUL_BOTH),
	TEXT("sys/devices/system/cpu/online", EMUL_CPU, EMUL_FAST),
	TEXT("sys/devices/system/cpu/possible", EMUL_CPU, EMUL_FAST),
	TEXT("sys/devices/system/cpu/present", EMUL_CPU, EMUL_FAST),
	TEXT("proc/meminfo", EMUL_MEMORY, EMUL_FAST),
	TEXT("proc/swaps", EMUL_MEMORY, EMUL_FAST),
	TEXT("proc/vmstat", EMUL_MEMORY, EMUL_BOTH),
	TEXT("proc/loadavg", EMUL_LOAD, EMUL_FAST),
	TEXT("proc/uptime", EMUL_LOAD, EMUL_FAST),
	TEXT("proc/diskstats", EMUL_DISK, EMUL_BOTH),
	TEXT("proc/partitions", EMUL_DISK, EMUL_BOTH),
	TEXT("proc/slabinfo", EMUL_MEMORY, EMUL_PLAIN),
	PRESSURE("cpu"),
	PRESSURE("io"),
	PRESSURE("memory"),
	{.path = "dev/kmsg",
	 .group = EMUL_KMSG,
	 .conn = EMUL_PLAIN,
	 .kind = EMUL_LOG,
	 .mode = 0644},
	TEXT("proc/sys/kernel/random/boot_id", EMUL_IDENTITY, EMUL_PLAIN),
	DMI("bios_date", 0444, "01/01/1970\n"),
	DMI("bios_vendor", 0444, "\n"),
	DMI("bios_version", 0444, "\n"),
	DMI("board_name", 0444, "\n"),
	DMI("board_serial", 0400, "\n"),
	DMI("board_vendor", 0444, "\n"),
	DMI("chassis_serial", 0400, "\n"),
	DMI("chassis_type", 0444, "1\n"), /* other */
	DMI("chassis_vendor", 0444, "\n"),
	DMI("modalias", 0444, "dmi:\n"),
	DMI("product_name", 0444, "system container\n"),
	DMI("product_serial", 0400, "\n"),
	{.path = "sys/devices/virtual/dmi/id/product_uuid",
	 .group = EMUL_IDENTITY,
	 .conn = EMUL_PLAIN,
	 .mode = 0400},
	DMI("product_version", 0444, "\n"),
	DMI("sys_vendor", 0444, "Sysbox\n"),
	DMI("uevent", 0444, "MODALIAS=dmi:\n"),
	/* systemd 258 and newer opens what stands here; the host's console is not here */
	FIXED("sys/devices/virtual/tty/console/active", 0444, "console\n"),
	/* addresses of the host's kernel */
	FIXED("sys/kernel/boot_params/data", 0444, ""),
	FIXED("sys/kernel/notes", 0444, ""),
	FIXED("sys/kernel/vmcoreinfo", 0444, ""),
	FIXED(EMUL_NOWHERE, 0444, ""),
	/* kubelet insists on these, and fails where it can neither read nor write them */
	INT("kernel/panic", INT_MIN, INT_MAX),
	INT("kernel/panic_on_oops", INT_MIN, INT_MAX),
	INT("kernel/keys/root_maxkeys", 1, INT_MAX),
	INT("kernel/keys/root_maxbytes", 1, INT_MAX),
	INT("vm/overcommit_memory", 0, 2),
	INT("vm/panic_on_oom", 0, 2),
	/* kube-proxy */
	INT("net/netfilter/nf_conntrack_max", 0, INT_MAX),
	INT("net/netfilter/nf_conntrack_expect_max", 0, INT_MAX),
	INT("net/netfilter/nf_conntrack_buckets", 0, INT_MAX),
	{.path = "sys/module/nf_conntrack/parameters/hashsize",
	 .group = EMUL_SYSCTL,
	 .conn = EMUL_PLAIN,
	 .kind = EMUL_VALUE,
	 .mode = 0600,
	 .value = {.check = EMUL_UINT,
		   .count = 1,
		   .max = INT_MAX,
		   .host = "net/netfilter/nf_conntrack_buckets"}},
	/* sysctl.d of systemd and of distributions */
	STRING("kernel/core_pattern", 127),
	UINT("kernel/core_pipe_limit", 0, UINT_MAX),
	INT("kernel/core_uses_pid", INT_MIN, INT_MAX),
	INT("kernel/ctrl-alt-del", INT_MIN, INT_MAX),
	INT("kernel/dmesg_restrict", 0, 1),
	INT("kernel/hung_task_panic", 0, 1),
	ULONG("kernel/hung_task_timeout_secs", 0, LONG_MAX / 1000),
	INT("kernel/io_uring_disabled", 0, 2),
	STAYING("kernel/kexec_load_disabled", 0, 1),
	INT("kernel/keys/maxbytes", 1, INT_MAX),
	INT("kernel/keys/maxkeys", 1, INT_MAX),
	INT("kernel/kptr_restrict", 0, 2),
	INT("kernel/nmi_watchdog", 0, 1),
	INT("kernel/panic_on_warn", 0, 1),
	INT("kernel/perf_event_paranoid", INT_MIN, INT_MAX),
	INT("kernel/pid_max", 301, 4194304),
	INTS("kernel/printk", 4),
	WORD("kernel/printk_devkmsg", on_off_ratelimit),
	INT("kernel/randomize_va_space", INT_MIN, INT_MAX),
	INT("kernel/soft_watchdog", 0, 1),
	INT("kernel/softlockup_panic", 0, 1),
	INT("kernel/sysrq", INT_MIN, INT_MAX),
	INT("kernel/unprivileged_bpf_disabled", 0, 2),
	INT("kernel/unprivileged_userns_clone", 0, 1),
	INT("kernel/watchdog", 0, 1),
	INT("kernel/watchdog_thresh", 0, 60),
	STAYING("kernel/yama/ptrace_scope", 0, 3),
	INT("dev/tty/ldisc_autoload", 0, 1),
	INT("fs/protected_fifos", 0, 2),
	INT("fs/protected_hardlinks", 0, 1),
	INT("fs/protected_regular", 0, 2),
	INT("fs/protected_symlinks", 0, 1),
	INT("fs/suid_dumpable", 0, 2),
	/* databases and search engines */
	ULONG("fs/aio-max-nr", 0, LONG_MAX),
	ULONG("fs/epoll/max_user_watches", 0, LONG_MAX),
	ULONG("fs/file-max", 0, LONG_MAX),
	INT("fs/inotify/max_queued_events", 0, INT_MAX),
	INT("fs/inotify/max_user_instances", 0, INT_MAX),
	INT("fs/inotify/max_user_watches", 0, INT_MAX),
	INT("fs/leases-enable", 0, 1),
	UINT("fs/mount-max", 1, INT_MAX),
	UINT("fs/nr_open", 64, 2147483584),
	ULONG("fs/pipe-user-pages-hard", 0, LONG_MAX),
	ULONG("fs/pipe-user-pages-soft", 0, LONG_MAX),
	INT("kernel/numa_balancing", 0, 4),
	UINT("kernel/sched_autogroup_enabled", 0, 1),
	INT("kernel/sched_rt_period_us", 1, INT_MAX),
	INT("kernel/sched_rt_runtime_us", -1, INT_MAX),
	INT("kernel/threads-max", 1, INT_MAX),
	INT("vm/compaction_proactiveness", 0, 100),
	ULONG("vm/dirty_background_bytes", 1, LONG_MAX),
	INT("vm/dirty_background_ratio", 0, 100),
	ULONG("vm/dirty_bytes", 8192, LONG_MAX),
	INT("vm/dirty_expire_centisecs", 0, INT_MAX),
	INT("vm/dirty_ratio", 0, 100),
	INT("vm/dirty_writeback_centisecs", INT_MIN, INT_MAX),
	INT("vm/hugetlb_shm_group", INT_MIN, INT_MAX),
	INT("vm/max_map_count", 0, INT_MAX),
	INT("vm/min_free_kbytes", 0, INT_MAX),
	ULONG("vm/mmap_min_addr", 0, LONG_MAX),
	ULONG("vm/nr_hugepages", 0, LONG_MAX),
	ULONG("vm/nr_overcommit_hugepages", 0, LONG_MAX),
	INT("vm/oom_dump_tasks", INT_MIN, INT_MAX),
	INT("vm/oom_kill_allocating_task", INT_MIN, INT_MAX),
	ULONG("vm/overcommit_kbytes", 0, LONG_MAX),
	INT("vm/overcommit_ratio", INT_MIN, INT_MAX),
	INT("vm/page-cluster", 0, 31),
	INT("vm/stat_interval", INT_MIN, INT_MAX),
	INT("vm/swappiness", 0, 200),
	INT("vm/vfs_cache_pressure", 0, INT_MAX),
	INT("vm/watermark_boost_factor", 0, INT_MAX),
	INT("vm/watermark_scale_factor", 1, 3000),
	INT("vm/zone_reclaim_mode", 0, INT_MAX),
	/* kept for each namespace of IPC, but writable for its owner only since 6.9 */
	INT("kernel/msgmax", 0, INT_MAX),
	INT("kernel/msgmnb", 0, INT_MAX),
	INT("kernel/msgmni", 0, 32768),
	INTS("kernel/sem", 4),
	ULONG("kernel/shmall", 0, LONG_MAX),
	ULONG("kernel/shmmax", 0, LONG_MAX),
	INT("kernel/shmmni", 0, 32768),
	/* kept for each namespace of the network, and not to be written there */
	INT("net/core/rmem_default", 2304, INT_MAX),
	INT("net/core/rmem_max", 2304, INT_MAX),
	INT("net/core/wmem_default", 4608, INT_MAX),
	INT("net/core/wmem_max", 4608, INT_MAX),
	NEIGH("gc_thresh1"),
	NEIGH("gc_thresh2"),
	NEIGH("gc_thresh3"),
};
const size_t n_emul_files = ARRAY_SIZE(emul_files);

/*
 * Serial numbers of disks and machines that everybody may read. Disks by their numbers, as
 * /sys/block shows not all of them.
 */
const char *const emul_hidden[] = {
	"sys/dev/block/*/serial",
	"sys/dev/block/*/wwid",
	"sys/dev/block/*/device/serial",
	"sys/dev/block/*/device/wwid",
	"sys/dev/block/*/device/vpd_pg80",
	"sys/dev/block/*/device/vpd_pg83",
	"sys/class/nvme/*/serial",
	"sys/class/nvme/*/subsysnqn",
	"sys/class/power_supply/*/serial_number",
	"sys/bus/usb/devices/*/serial",
	"sys/hypervisor/uuid",
	"sys/devices/soc0/serial_number",
	"proc/device-tree/serial-number",
	NULL,
};

static const struct {
	const char *name;
	enum emul_group group;
} groups[] = {
	{"cpu", EMUL_CPU},   {"memory", EMUL_MEMORY}, {"load", EMUL_LOAD},
	{"disk", EMUL_DISK}, {"sysctl", EMUL_SYSCTL}, {"identity", EMUL_IDENTITY},
	{"kmsg", EMUL_KMSG}, {"nested", EMUL_NESTED}, {"neigh", EMUL_NEIGH},
};

static bool is_directory(const struct emul_file *f)
{
	return f->kind == EMUL_DIRECTORY || f->kind == EMUL_MIRROR;
}

/* The name of `path` in the directory `dir`, or NULL: not directly in it. */
static const char *name_in(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0 || path[len] != '/')
		return NULL;
	return strchr(path + len + 1, '/') ? NULL : path + len + 1;
}

bool emul_is_on(const struct emul_file *f, enum emul_conn conn)
{
	return f->conn == conn || f->conn == EMUL_BOTH;
}

const struct emul_file *emul_parent(const struct emul_file *f)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *dir = &emul_files[i];

		if (is_directory(dir) && dir->conn == f->conn && name_in(dir->path, f->path))
			return dir;
	}
	return NULL;
}

static bool is_child(const struct emul_file *f, const struct emul_file *dir, const char *name)
{
	const char *own = name_in(dir->path, f->path);

	return own && strcmp(own, name) == 0;
}

int emul_child(const struct emul_file *dir, const char *name)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (emul_files[i].conn == dir->conn && is_child(&emul_files[i], dir, name))
			return (int)i;
	return -ENOENT;
}

bool emul_has_child(const struct emul_file *dir, const char *name)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (is_child(&emul_files[i], dir, name))
			return true;
	return false;
}

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
