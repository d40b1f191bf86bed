/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by src/cgroup*.c; everybody else includes src/cgroup.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"
#include "src/cgroup.h"

struct spec_resources;

/* Directories (src/cgroup-dir.c) */

/* Has this v1 directory the controller? */
bool cgroup_dir_has(const struct cgroup_dir *d, const char *controller);
/* The directory of a v1 controller; on v2 the only one. NULL: there is none. */
const struct cgroup_dir *cgroup_dir_find(const struct cgroup *cg, const char *controller);
/* The v2 directory, also that of the hybrid layout. NULL: there is none. */
const struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cg);
/* O_PATH, owned. */
int cgroup_dir_open(const struct cgroup_dir *d, struct error *err);
/* Whose is it? By the mark on the directory. */
enum cgroup_owner {
	CGROUP_GONE, /* no such directory */
	CGROUP_OURS,
	CGROUP_OTHERS,
};
enum cgroup_owner cgroup_dir_owner(const struct cgroup *cg, const struct cgroup_dir *d);
/* Of the cgroup as a whole: ours as soon as one of its directories is. */
enum cgroup_owner cgroup_owner(const struct cgroup *cg);
int cgroup_dir_mark(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err);
/* As cgroup_dir_open(), -EBUSY when it is not ours. */
int cgroup_dir_open_ours(const struct cgroup *cg, const struct cgroup_dir *d,
			 struct error *err);
/* The value behind "key " in a flat-keyed file, or -errno; -ENODATA: no such key. */
int cgroup_read_key(int dirfd, const char *file, const char *key, uint64_t *ret);
/*
 * Whose processes are the container's; NULL: it has no cgroup. Any hierarchy will do: a
 * process that left our directory in one would need write access above it. With hybrid
 * systemd, controllers' hierarchies are the ones that the engine looks at too.
 */
const struct cgroup_dir *cgroup_pids_dir(const struct cgroup *cg);
/* All pids in the directory and below; owned array. */
int cgroup_dir_pids(const struct cgroup_dir *d, pid_t **ret, size_t *ret_n, struct error *err);
/* Write the pid into every hierarchy. */
int cgroup_fs_enter(const struct cgroup *cg, pid_t pid, struct error *err);
/* A file of one number; "max" is UINT64_MAX. */
int cgroup_read_u64(int dirfd, const char *file, uint64_t *ret);

/*
 * Visit a directory and all below it. Either function may be NULL. The tree is
 * the container's: deep, wide, and changing meanwhile.
 */
struct cgroup_visitor {
	/* Before what lies below. A negative errno ends the walk. */
	int (*enter)(int dirfd, void *arg);
	/* After what lies below; not for the top. A negative errno ends the walk. */
	int (*leave)(int parent_dirfd, const char *name, void *arg);
	void *arg;
};
int cgroup_walk(int dirfd, const struct cgroup_visitor *v);

/* Where a process that joins `init_pid` belongs in the v2 directory (src/cgroup-leaf.c). */
int cgroup_place(const struct cgroup *cg, const struct cgroup_dir *d, pid_t init_pid,
		 char **ret, struct error *err);

/* Device rules (src/cgroup-devices.c) */

struct cgroup_device_rule {
	bool allow;
	char type;	     /* 'b', 'c' */
	int64_t major;	     /* -1: any */
	int64_t minor;	     /* -1: any */
	unsigned int access; /* BPF_DEVCG_ACC_* */
};

/* In order; the last rule that matches decides, for each kind of access. */
struct cgroup_devices {
	bool allow_all; /* where no rule matches */
	struct cgroup_device_rule *rules;
	size_t n_rules;
};
void cgroup_devices_done(struct cgroup_devices *d);
/* Rules of the specification, with the nodes that every container has. Pure. */
int cgroup_devices_resolve(struct cgroup_devices *ret, const struct spec_resources *r,
			   struct error *err);
/* To the files of a v1 group that has no children. */
int cgroup_devices_apply_v1(int dirfd, const struct cgroup_devices *d, struct error *err);

/* v2 (src/cgroup-bpf.c): a program; one that we attached before is replaced. */
struct bpf_insn;
/* The instructions, counted and owned. Pure. */
size_t cgroup_bpf_program(const struct cgroup_devices *d, struct bpf_insn **ret);
int cgroup_bpf_apply(int dirfd, const struct cgroup_devices *d, struct error *err);

/* The cgroupfs driver (src/cgroup-fs.c), also used behind systemd's back */

/* Which directories cgroup_fs_make() made itself. */
struct cgroup_made {
	bool *dirs; /* n_dirs of the cgroup */
};
void cgroup_made_done(struct cgroup_made *m);
/* Directories, ready for a process (cpusets filled, controllers enabled). */
int cgroup_fs_make(const struct cgroup *cg, struct cgroup_made *ret, struct error *err);
/* Remove what cgroup_fs_make() made. */
void cgroup_fs_unmake(const struct cgroup *cg, const struct cgroup_made *m);
/* Take over those that were there before: -EBUSY when one holds a process or is frozen. */
int cgroup_fs_take(const struct cgroup *cg, const struct cgroup_made *m, struct error *err);
/* The last step before a process enters; after the limits, which may fill the cpuset. */
int cgroup_fs_ready(const struct cgroup *cg, struct error *err);
int cgroup_fs_destroy(const struct cgroup *cg, struct error *err);

/* v1: cpus and memory nodes of a group, where it has none, are those of its parent. */
int cgroup_cpuset_fill(const char *dir, struct error *err);
/* The same for a container's group, and for the groups that will be made in it. */
int cgroup_cpuset_prepare(const char *dir, struct error *err);

/*
 * v2: enable what there is in every group from the root of the hierarchy to the parent. What
 * could not be enabled is missed only by a limit that needs it, and that reports it.
 */
void cgroup_controllers_hand_down(const char *dir);
/* A group that has handed controllers down, and shall hold processes, takes them back. */
void cgroup_controllers_withdraw(const char *dir);

/* Limits (src/cgroup-limits.c) */
int cgroup_fs_limits(const struct cgroup *cg, const struct spec_resources *r,
		     struct error *err);
/* Nothing when the specification has no device rules. */
int cgroup_fs_devices(const struct cgroup *cg, const struct spec_resources *r,
		      struct error *err);

/* The systemd driver (src/cgroup-systemd.c) */

/* Start the scope with the process in it, and wait until it is active. */
int cgroup_systemd_start(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
			 const struct cgroup_property *properties, size_t n_properties,
			 struct error *err);
int cgroup_systemd_update(const struct cgroup *cg, const struct spec_resources *r,
			  struct error *err);
int cgroup_systemd_stop(const struct cgroup *cg, struct error *err);
/* Forget a scope that has failed, so that its name is free again. */
void cgroup_systemd_forget(const struct cgroup *cg);
