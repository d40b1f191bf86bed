/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup may use and what it does use: limits as the minimum along its path, on v1, v2
 * and hybrid hosts, from files that stay open once they have been read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"

struct cpus;

/* Deeper paths lose the levels nearest the root, where nobody sets limits. */
#define CGROUP_READ_LEVELS 16
/* More than the number of controllers that we ask for. */
#define CGROUP_READ_CHAINS 8

enum cgroup_file {
	/* Read at every level. */
	CGROUP_MEMORY_LIMIT, /* v1: in the statistics, like the next */
	CGROUP_SWAP_LIMIT,
	CGROUP_CPU_QUOTA,
	CGROUP_CPU_PERIOD, /* v1; on v2 the quota file has both */
	CGROUP_CPUSET,
	CGROUP_MEMS,
	/* Read at the cgroup itself. */
	CGROUP_MEMORY_USAGE,
	CGROUP_SWAP_USAGE, /* v1: in the statistics */
	CGROUP_MEMORY_STAT,
	CGROUP_CPU_USAGE,
	CGROUP_IO_BYTES,
	CGROUP_IO_COUNT,
	CGROUP_N_FILES,
};

enum cgroup_version {
	CGROUP_V1 = 1,
	CGROUP_V2 = 2,
};

/* One hierarchy: the directories from the top to the cgroup. */
struct cgroup_chain {
	enum cgroup_version version;
	int dirfds[CGROUP_READ_LEVELS]; /* O_PATH, owned */
	size_t n_levels;
	/* To be opened when it is first read: this path below a borrowed descriptor. */
	char *unopened;
	int unopened_dirfd;
	/* For cgroups within. */
	char *controllers;
	char *path;	 /* as in /proc/PID/cgroup */
	size_t root_len; /* this much of it is not below base_fd */
	int base_fd;
};

struct cgroup_read {
	struct cgroup_chain chains[CGROUP_READ_CHAINS];
	size_t n_chains;
	struct cgroup_chain *chain_of[CGROUP_N_FILES]; /* NULL: no hierarchy has it */
	int fds[CGROUP_N_FILES][CGROUP_READ_LEVELS];   /* owned */
	unsigned int tried[CGROUP_N_FILES];	       /* a bit for each level */
	char *buf;				       /* for the texts */
	/* The minimum over the levels above the cgroup itself, once it has been read. */
	uint64_t above[CGROUP_N_FILES];
	unsigned int n_above; /* bits of enum cgroup_file */
};
struct cgroup_read *cgroup_read_new(void);
struct cgroup_read *cgroup_read_free(struct cgroup_read *c);
DEFINE_CLEANUP(struct cgroup_read *, cgroup_read_free)

/* One line of /proc/PID/cgroup, split in place; false: malformed. */
struct cgroup_line {
	const char *controllers; /* "" is v2 */
	const char *path;
};
bool cgroup_line_parse(char *line, struct cgroup_line *ret);

/*
 * The cgroups of a process, found through the mounts that this process sees. Hierarchies that
 * are not mounted are left out. Host root, in the host's cgroup namespace.
 */
int cgroup_read_open(struct cgroup_read *c, pid_t pid, struct error *err);
/*
 * Add one hierarchy with these controllers ("" is all that no other has yet), whose top is
 * base_dirfd and in which the cgroup is `path`. v1 before v2. -EINVAL: a path that leads
 * upwards.
 */
int cgroup_read_add(struct cgroup_read *c, enum cgroup_version version, const char *controllers,
		    int base_dirfd, const char *path);
/*
 * The cgroups of another process, by the hierarchies that `outer` knows, which must live as
 * long. `text` is its /proc/PID/cgroup; if a cgroup is gone, the levels above it are used.
 * Nothing is opened before it is read.
 */
void cgroup_read_within(struct cgroup_read *c, const struct cgroup_read *outer,
			const char *text);
/* Does `text` name no cgroups other than c's? */
bool cgroup_read_is_same(const struct cgroup_read *c, const char *text);
/* Does at least one of them still exist? */
bool cgroup_read_exists(const struct cgroup_read *c, const char *text);
/*
 * Read the limits above the cgroup itself again the next time; until this is called they stay
 * as they were.
 */
void cgroup_read_forget(struct cgroup_read *c);
/*
 * v1: what is written here, "0", moves the writing thread into the cgroup for memory. Owned;
 * -ENOTSUP: v2, or there is none.
 */
int cgroup_read_open_memory_tasks(const struct cgroup_read *c);
/*
 * Where memory is accounted on v2: the cgroup that `text`, a /proc/PID/cgroup, names, as an
 * owned path relative to *ret_dirfd (borrowed; the top is "."). NULL: v1, or it is not below
 * the top.
 */
char *cgroup_read_v2_path(const struct cgroup_read *c, const char *text, int *ret_dirfd);
/* Look again for files that were not there: a v2 controller may be enabled later. */
void cgroup_read_reopen(struct cgroup_read *c);

/* CPU time that the quota allows, in ns per second; PROCTEXT_UNLIMITED: no quota. */
uint64_t cgroup_read_cpu_rate(struct cgroup_read *c);
/*
 * Whole CPUs that the quota is worth, rounded up (as LXCFS shows them); at least 1.
 * UINT_MAX: no quota.
 */
unsigned int cgroup_read_cpu_quota(struct cgroup_read *c);
/* Narrow `cpus` to those the cgroup may use. */
void cgroup_read_cpuset(struct cgroup_read *c, struct cpus *cpus);
/* The same for memory nodes. */
void cgroup_read_mems(struct cgroup_read *c, struct cpus *nodes);

/* In bytes; 0 where unknown. */
struct cgroup_memory_stat {
	uint64_t file, anon, shmem, mapped, dirty, writeback, swap_cached, anon_thp;
	uint64_t active_anon, inactive_anon, active_file, inactive_file, unevictable;
	uint64_t slab_reclaimable, slab_unreclaimable, kernel_stack, page_tables;
	uint64_t pgfault, pgmajfault, pgpgin, pgpgout; /* events */
};
struct cgroup_memory {
	uint64_t limit, swap_limit; /* PROCTEXT_UNLIMITED: none */
	uint64_t used, swap_used;   /* caches included; swap alone */
	struct cgroup_memory_stat stat;
};
void cgroup_read_memory(struct cgroup_read *c, struct cgroup_memory *ret);

struct cgroup_cpu_time {
	uint64_t user_ns;
	uint64_t system_ns;
};
/*
 * All CPUs together in *ret. Where the kernel reports it (v1), that of each CPU n in
 * per_cpu[n]: then returns true.
 */
bool cgroup_read_cpu_usage(struct cgroup_read *c, struct cgroup_cpu_time *ret,
			   struct cgroup_cpu_time *per_cpu, size_t n);

struct cgroup_io {
	unsigned int major, minor;
	uint64_t read_bytes, write_bytes, reads, writes;
};
/* At most n devices; returns how many were stored. */
size_t cgroup_read_io(struct cgroup_read *c, struct cgroup_io *ret, size_t n);
