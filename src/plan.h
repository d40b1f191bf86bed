/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do: the rewritten specification resolved to kernel values, in flat
 * arrays of operations in their order of execution. Pure to make, const to use;
 * tests print it. launch, init and join execute a plan and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/caps.h"
#include "lib/error.h"
#include "lib/idmap.h"
#include "lib/macro.h"

struct host;
struct json_pair;
struct spec;
struct spec_process;
struct spec_seccomp;
struct syscont;

enum plan_mount_kind {
	/* A copy of a path of the host, id-mapped; opened by host root before the pivot. */
	PLAN_MOUNT_BIND,
	/* A file system made from inside the user namespace: tmpfs, mqueue, devpts, ... */
	PLAN_MOUNT_FS,
	/* procfs and sysfs: made by host root for the container's namespaces. */
	PLAN_MOUNT_PROC,
	PLAN_MOUNT_SYSFS,
	/* The tmpfs of /dev with real device nodes, made by host root. */
	PLAN_MOUNT_DEV,
	/*
	 * The container's view of the cgroup hierarchies: one v2 mount, or a tmpfs with
	 * one per v1 hierarchy.
	 */
	PLAN_MOUNT_CGROUP,
	/* Change what is mounted at the target already ("remount"). */
	PLAN_MOUNT_REMOUNT,
};

enum plan_mount_flags {
	PLAN_MOUNT_RECURSIVE = 1u << 0, /* rbind */
	PLAN_MOUNT_COPYUP = 1u << 1,	/* tmpcopyup: fill the tmpfs with what lies under it */
	PLAN_MOUNT_NO_IDMAP = 1u << 2,	/* SYSBOX_SKIP_UID_SHIFT, /dev/null and the like */
	PLAN_MOUNT_OWN_IDMAP = 1u << 3, /* `idmap` below, given by the specification */
	PLAN_MOUNT_REC_IDMAP = 1u << 4, /* "ridmap" */
	/* Added by us: a missing source or file system is skipped with a debug line. */
	PLAN_MOUNT_OPTIONAL = 1u << 5,
	/* The engine chose the ids, and may have shifted the source itself. */
	PLAN_MOUNT_MAYBE_SHIFTED = 1u << 6,
};

struct plan_mount {
	enum plan_mount_kind kind;
	unsigned int flags;
	char *source;
	char *target; /* absolute, cleaned, inside the container */
	char *fstype;
	char *data;	   /* options for the file system, comma-separated; NULL none */
	uint64_t sb_flags; /* MS_* of the superblock */
	uint64_t attr_set; /* MOUNT_ATTR_* of this mount */
	uint64_t attr_clear;
	uint64_t rec_attr_set; /* of the whole tree below ("rro") */
	uint64_t rec_attr_clear;
	uint64_t propagation; /* MS_PRIVATE.. [| MS_REC]; 0: private */
	struct idmap idmap;
};

struct plan_device {
	char *path;  /* "/dev/fuse" */
	mode_t mode; /* type and permissions */
	unsigned int major;
	unsigned int minor;
	uint32_t uid; /* container ids */
	uint32_t gid;
	bool optional; /* added by us: skipped where mknod(2) says no */
};

struct plan_namespace {
	uint64_t type; /* one CLONE_NEW* bit */
	char *path;
};

struct plan_rlimit {
	int resource;
	uint64_t soft;
	uint64_t hard;
};

/* As struct sched_attr of sched_setattr(2). */
struct plan_scheduler {
	bool present;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* One process to start: of create/run, or of exec. */
struct plan_process {
	char **args;
	char **env;
	char *cwd;
	uint32_t uid; /* container ids */
	uint32_t gid;
	uint32_t *gids;
	size_t n_gids;
	int umask; /* -1: 0022 */
	struct caps caps;
	struct plan_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privs;
	bool has_oom_score_adj;
	int oom_score_adj;
	struct plan_scheduler scheduler;
	int io_priority;   /* ioprio_set(2) value; -1 none */
	char *cpu_initial; /* cpu lists; NULL none */
	char *cpu_final;
	bool terminal;
	unsigned short rows, columns;
	char *apparmor; /* profile for exec; NULL none */
	char *selinux;
	int memory_mode; /* set_mempolicy(2); -1 none */
	char *memory_nodes;
	bool has_personality;
	unsigned long personality;
};

/* A seccomp profile with numbers for words, still independent of libseccomp. */
struct plan_seccomp_arg {
	unsigned int index;
	int op; /* enum scmp_compare */
	uint64_t value;
	uint64_t value_two;
};

struct plan_seccomp_rule {
	char *syscall;
	uint32_t action; /* SCMP_ACT_*, errno included */
	struct plan_seccomp_arg *args;
	size_t n_args;
};

struct plan_seccomp {
	uint32_t default_action;
	uint32_t *arches; /* SCMP_ARCH_*; the native one is always in */
	size_t n_arches;
	unsigned int filter_flags; /* SECCOMP_FILTER_FLAG_* */
	struct plan_seccomp_rule *rules;
	size_t n_rules;
	char *listener_path; /* non-NULL: a rule notifies, and this is who listens */
	char *listener_metadata;
	bool traps; /* our own rules notify, and the supervisor listens */
};

struct plan_timens {
	bool present;
	bool has_boottime, has_monotonic;
	struct timespec boottime; /* offsets */
	struct timespec monotonic;
	bool boottime_from_zero; /* our own default: the container's uptime starts at 0 */
};

struct plan {
	/*
	 * Namespaces to create (CLONE_NEW* bits, without CLONE_NEWUSER), and to join by
	 * path.
	 */
	uint64_t unshare;
	struct plan_namespace *joins; /* CLONE_NEWUSER may be among them */
	size_t n_joins;
	struct idmap idmap; /* of the user namespace; empty when it is joined */
	struct plan_timens timens;

	char *rootfs; /* on the host */
	bool rootfs_readonly;
	uint64_t rootfs_propagation; /* MS_*; 0: private */

	struct plan_mount *mounts;
	size_t n_mounts;
	struct plan_device *devices;
	size_t n_devices;
	unsigned int emulate; /* enum emul_group: which files are served by the supervisor */
	char **host_sysctls;  /* of those, what may be raised on the host */
	char **masked_paths;
	char **readonly_paths;
	struct json_pair *sysctl;
	size_t n_sysctl;
	char *hostname;
	char *domainname;
	struct json_pair *net_devices; /* host interface and its new name */
	size_t n_net_devices;

	struct plan_process process;
	struct plan_seccomp *seccomp; /* NULL: none */
};
struct plan *plan_free(struct plan *p);
DEFINE_CLEANUP(struct plan *, plan_free)

/* The whole plan of a container. Pure. */
int plan_make(struct plan **ret, const struct syscont *sc, struct error *err);

/* The parts that exec makes for its own process, too. */
int plan_process(struct plan_process *p, const struct spec_process *sp,
		 const struct syscont *sc, struct error *err);
void plan_process_done(struct plan_process *p);
int plan_seccomp(struct plan_seccomp **ret, const struct spec_seccomp *s, struct error *err);
struct plan_seccomp *plan_seccomp_free(struct plan_seccomp *s);
DEFINE_CLEANUP(struct plan_seccomp *, plan_seccomp_free)
/*
 * Add the system calls that the supervisor answers; *s is made when it is NULL. A profile
 * that has a listener of its own stays as it is: a process can have one only. with_chown: chown
 * and its like, too.
 */
enum {
	PLAN_TRAPS_E_TAKEN = 1
};
int plan_traps(struct plan_seccomp **s, bool with_chown);
