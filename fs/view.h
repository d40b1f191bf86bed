/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource view: the machine that one container appears to have. One snapshot feeds every
 * emulated file, so that they cannot disagree with each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/cgroup-read.h"
#include "fs/cpus.h"
#include "fs/proctext.h"
#include "lib/error.h"
#include "lib/macro.h"

#define VIEW_MS_NS (INT64_C(1000) * 1000)
/* How long a snapshot is valid. */
#define VIEW_VALID_NS (10 * VIEW_MS_NS)
/*
 * The same for what is not the cgroup's own: the host's counters and the limits above the
 * cgroup, and what hardly ever changes.
 */
#define VIEW_COUNTERS_NS (100 * VIEW_MS_NS)
#define VIEW_RARE_NS	 (1000 * VIEW_MS_NS)

/* Host files whose text is used; kept open and read again. */
enum view_text {
	VIEW_MEMINFO,
	VIEW_CPUINFO,
	VIEW_STAT,
	VIEW_VMSTAT,
	VIEW_DISKSTATS,
	VIEW_PARTITIONS,
	VIEW_ONLINE,
	VIEW_NODES,
	VIEW_N_TEXTS,
};

/* Bytes. */
struct view_memory {
	bool is_limited; /* else the container shows the host's figures */
	uint64_t total, free, available, swap_total, swap_free;
	struct cgroup_memory cgroup;
};

/* One entry for each CPU of the set, in its order. */
struct view_cpu_time {
	uint64_t user_ns, system_ns, idle_ns;
};

#define VIEW_LOADS 3
/* Must outlive a worker: in memory shared with its successor. */
struct view_load {
	double avg[VIEW_LOADS];
	int64_t at_ns;	    /* of these averages */
	uint64_t cpu_ns;    /* the CPU time used by the cgroup at that time */
	int64_t counted_ns; /* when the tasks were counted */
	int64_t count_again_ns;
	unsigned int running, blocked, total, last_pid;
};

/* Length of a UUID as the kernel writes it, with NUL. */
#define VIEW_UUID_MAX 37
struct view_identity {
	char boot_id[VIEW_UUID_MAX];
	char machine_uuid[VIEW_UUID_MAX];
};

/* What /proc/stat has that is not kept per cgroup. */
struct view_counters {
	uint64_t intr, ctxt, processes, softirq; /* sums */
	uint64_t boot_s;			 /* seconds of CLOCK_REALTIME; 0: unknown */
};

struct view {
	int text_fds[VIEW_N_TEXTS];
	bool is_within; /* they belong to another view */
	int tasks_fd;	/* the container's procfs */
	struct cgroup_read *cgroup;
	int64_t start_ns; /* the host's CLOCK_BOOTTIME when the container's is 0 */
	struct view_load *load;
	struct view_counters begin; /* the host's sums when the view was made */
	struct view_identity identity;

	/* The snapshot. */
	int64_t now_ns;	   /* CLOCK_BOOTTIME of the host */
	int64_t limits_ns; /* when those above the cgroup were read */
	int64_t reopened_ns;
	unsigned int parts; /* those that have been filled */
	char *texts[VIEW_N_TEXTS];
	size_t text_caps[VIEW_N_TEXTS];
	int64_t text_ns[VIEW_N_TEXTS]; /* when it was read */
	struct proctext_lines lines[VIEW_N_TEXTS];
	struct view_counters counters; /* in the text ... */
	int64_t counters_ns;	       /* ... of this time */
	struct cpus cpus;
	unsigned int n_cpus;
	struct cpus nodes;
	struct cgroup_cpu_time cpu_usage;
	struct view_cpu_time *cpu_times; /* n_cpus */
	struct cgroup_cpu_time *per_cpu; /* CPUS_MAX */
	bool is_per_cpu;		 /* ... known */
	struct view_memory memory;
};

/*
 * host_dirfd contains "proc" and "sys" of the host. TAKES cgroup and tasks_fd (-EBADF: no
 * tasks are counted), also on failure. A text that the host lacks is empty.
 */
int view_new(struct view **ret, int host_dirfd, struct cgroup_read *cgroup, int tasks_fd,
	     int64_t start_ns, struct error *err);
/*
 * A view of other cgroups, with the texts and the time of `outer`, which must live as long.
 * TAKES cgroup, also on failure.
 */
int view_new_within(struct view **ret, const struct view *outer, struct cgroup_read *cgroup,
		    struct error *err);
struct view *view_free(struct view *v);
DEFINE_CLEANUP(struct view *, view_free)

/*
 * To be called before each request: drops a snapshot that is too old; true when a new one
 * begins. All answers belong to the view and are valid until the next call.
 */
bool view_begin(struct view *v, int64_t now_ns);
/* The host's clock. */
int64_t view_clock(void);

int64_t view_uptime_ns(const struct view *v);
const char *view_text(struct view *v, enum view_text t);
/*
 * The host's sums since the view began, so that rates over the uptime are right; when the
 * container's clock began.
 */
struct view_counters view_counters(struct view *v);

/* fs/view-cpus.c */
const struct cpus *view_cpus(struct view *v);
/* Those that other cgroups on the same host may use. */
void view_cpus_of(struct view *v, struct cgroup_read *cgroup, struct cpus *ret);
unsigned int view_n_cpus(struct view *v);
/* Memory nodes; at least one. */
const struct cpus *view_nodes(struct view *v);
/* One for each of the view_n_cpus() CPUs. */
const struct view_cpu_time *view_cpu_times(struct view *v);
uint64_t view_cpu_usage_ns(struct view *v);

/* fs/view-memory.c */
const struct view_memory *view_memory(struct view *v);

/* fs/view-load.c: up to date as of the snapshot. */
const struct view_load *view_load(struct view *v);
