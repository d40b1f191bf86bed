/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI configuration (runtime-spec 1.3, config.md and config-linux.md) as
 * plain structs: what the engine asked for, in its own words. Names stay names
 * here ("CAP_SYS_ADMIN", "rprivate"); src/plan.h holds what they mean.
 *
 * Every pointer is owned by the spec; NULL or a count of zero means "absent".
 * Not honoured, and therefore not here: all that belongs to other operating systems.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/json.h"
#include "lib/macro.h"

#define SPEC_VERSION	 "1.3.0"
#define SPEC_VERSION_MIN "1.0.0"
/* config.json above this is refused. */
#define SPEC_TEXT_MAX (8u << 20)

struct spec_user {
	uint32_t uid;
	uint32_t gid;
	struct maybe_u64 umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct spec_console_size {
	uint32_t height;
	uint32_t width;
};

struct spec_caps {
	char **bounding;
	char **effective;
	char **inheritable;
	char **permitted;
	char **ambient;
};

struct spec_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t hard;
	uint64_t soft;
};

struct spec_scheduler {
	char *policy; /* "SCHED_OTHER" */
	int32_t nice;
	int32_t priority;
	char **flags;
	uint64_t runtime; /* ns, as the two below */
	uint64_t deadline;
	uint64_t period;
};

struct spec_io_priority {
	char *class; /* "IOPRIO_CLASS_BE" */
	int32_t priority;
};

struct spec_cpu_affinity {
	char *initial; /* cpu list, "0-3,7" */
	char *final;
};

struct spec_process {
	bool terminal;
	struct spec_console_size *console_size;
	struct spec_user user;
	char **args;
	char **env;
	char *cwd;
	struct spec_caps *capabilities;
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	struct maybe_i64 oom_score_adj;
	struct spec_scheduler *scheduler;
	char *selinux_label;
	struct spec_io_priority *io_priority;
	struct spec_cpu_affinity *exec_cpu_affinity;
};

struct spec_root {
	char *path;
	bool readonly;
};

struct spec_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct spec_mount {
	char *destination;
	char *type;
	char *source;
	char **options;
	struct spec_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct spec_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	bool optional; /* not of config.json: added by a pass, and may be missing */
};

struct spec_hook {
	char *path;
	char **args;
	char **env;
	struct maybe_i64 timeout; /* seconds, > 0 */
};

struct spec_hooks {
	struct spec_hook *prestart;
	size_t n_prestart;
	struct spec_hook *create_runtime;
	size_t n_create_runtime;
	struct spec_hook *create_container;
	size_t n_create_container;
	struct spec_hook *start_container;
	size_t n_start_container;
	struct spec_hook *poststart;
	size_t n_poststart;
	struct spec_hook *poststop;
	size_t n_poststop;
};

struct spec_namespace {
	char *type; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
	char *path; /* NULL: a new one */
};

struct spec_device {
	char *path;
	char *type; /* "c", "b", "u", "p" */
	int64_t major;
	int64_t minor;
	struct maybe_u64 file_mode;
	struct maybe_u64 uid;
	struct maybe_u64 gid;
	bool optional; /* as in struct spec_mount */
};

struct spec_device_rule {
	bool allow;
	char *type; /* "a", "c", "b"; NULL is "a" */
	struct maybe_i64 major;
	struct maybe_i64 minor;
	char *access; /* of "rwm" */
};

struct spec_memory {
	struct maybe_i64 limit; /* bytes; -1 is unlimited; so are the next ones */
	struct maybe_i64 reservation;
	struct maybe_i64 swap; /* memory + swap, as cgroup v1 counts */
	struct maybe_i64 kernel;
	struct maybe_i64 kernel_tcp;
	struct maybe_u64 swappiness;
	struct maybe_bool disable_oom_killer;
	struct maybe_bool use_hierarchy;
	struct maybe_bool check_before_update;
};

struct spec_cpu {
	struct maybe_u64 shares;
	struct maybe_i64 quota; /* us */
	struct maybe_u64 burst;
	struct maybe_u64 period;
	struct maybe_i64 realtime_runtime;
	struct maybe_u64 realtime_period;
	char *cpus;
	char *mems;
	struct maybe_i64 idle;
};

struct spec_weight_device {
	int64_t major;
	int64_t minor;
	struct maybe_u64 weight;
	struct maybe_u64 leaf_weight;
};

struct spec_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate;
};

struct spec_block_io {
	struct maybe_u64 weight;
	struct maybe_u64 leaf_weight;
	struct spec_weight_device *weight_device;
	size_t n_weight_device;
	struct spec_throttle_device *read_bps;
	size_t n_read_bps;
	struct spec_throttle_device *write_bps;
	size_t n_write_bps;
	struct spec_throttle_device *read_iops;
	size_t n_read_iops;
	struct spec_throttle_device *write_iops;
	size_t n_write_iops;
};

struct spec_hugepage_limit {
	char *page_size;
	uint64_t limit;
};

struct spec_net_priority {
	char *name;
	uint32_t priority;
};

struct spec_network {
	struct maybe_u64 class_id;
	struct spec_net_priority *priorities;
	size_t n_priorities;
};

struct spec_rdma {
	char *device; /* the map's key */
	struct maybe_u64 hca_handles;
	struct maybe_u64 hca_objects;
};

struct spec_pids {
	struct maybe_i64 limit;
};

struct spec_resources {
	struct spec_device_rule *devices;
	size_t n_devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	struct spec_pids *pids;
	struct spec_block_io *block_io;
	struct spec_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct spec_network *network;
	struct spec_rdma *rdma;
	size_t n_rdma;
	struct json_pair *unified; /* cgroup v2 file and value */
	size_t n_unified;
};

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op; /* "SCMP_CMP_MASKED_EQ" */
};

struct spec_seccomp_rule {
	char **names;
	char *action; /* "SCMP_ACT_ERRNO" */
	struct maybe_u64 errno_ret;
	struct spec_seccomp_arg *args;
	size_t n_args;
};

struct spec_seccomp {
	char *default_action;
	struct maybe_u64 default_errno_ret;
	char **architectures;
	char **flags;
	char *listener_path;
	char *listener_metadata;
	struct spec_seccomp_rule *rules;
	size_t n_rules;
};

struct spec_personality {
	char *domain; /* "LINUX", "LINUX32" */
	char **flags;
};

struct spec_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_time_offsets {
	struct spec_time_offset *monotonic;
	struct spec_time_offset *boottime;
};

struct spec_intel_rdt {
	char *clos_id;
};

struct spec_net_device {
	char *name; /* the map's key: on the host */
	char *new_name;
};

struct spec_memory_policy {
	char *mode;  /* "MPOL_BIND" */
	char *nodes; /* list, "0-3,7" */
	char **flags;
};

struct spec_linux {
	struct spec_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct spec_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct json_pair *sysctl;
	size_t n_sysctl;
	struct spec_resources *resources;
	char *cgroups_path;
	struct spec_namespace *namespaces;
	size_t n_namespaces;
	struct spec_device *devices;
	size_t n_devices;
	struct spec_seccomp *seccomp;
	char *rootfs_propagation;
	char **masked_paths;
	char **readonly_paths;
	char *mount_label;
	struct spec_personality *personality;
	struct spec_time_offsets *time_offsets;
	struct spec_net_device *net_devices;
	size_t n_net_devices;
	struct spec_memory_policy *memory_policy;
	struct spec_intel_rdt *intel_rdt; /* only whether it is there: it is refused */
};

struct spec {
	char *oci_version;
	struct spec_process *process;
	struct spec_root *root;
	char *hostname;
	char *domainname;
	struct spec_mount *mounts;
	size_t n_mounts;
	struct spec_hooks *hooks;
	struct json_pair *annotations;
	size_t n_annotations;
	struct spec_linux *linux_; /* `linux` is a macro of gnu17 compilers */
};

extern const struct json_type spec_type;
extern const struct json_type spec_process_type;
extern const struct json_type spec_resources_type;
extern const struct json_type spec_hooks_type;
extern const struct json_type spec_linux_type;
extern const struct json_type spec_id_mapping_type;
extern const struct json_type spec_mount_type;
extern const struct json_type spec_device_type;
extern const struct json_type spec_seccomp_rule_type;

/* Decode config.json; `what` names it in messages. Syntax and types only: see spec_check(). */
int spec_parse(struct spec **ret, const char *text, size_t len, const char *what,
	       struct error *err);
/* Decode a process.json (of exec). */
int spec_process_parse(struct spec_process **ret, const char *text, size_t len,
		       const char *what, struct error *err);
/* Decode a resources.json (of update). */
int spec_resources_parse(struct spec_resources **ret, const char *text, size_t len,
			 const char *what, struct error *err);
/* config.json again, pretty, with a final newline: for `spec`, tests, the state. Owned. */
char *spec_format(const struct spec *s);
struct spec *spec_free(struct spec *s);
DEFINE_CLEANUP(struct spec *, spec_free)
struct spec_process *spec_process_free(struct spec_process *p);
DEFINE_CLEANUP(struct spec_process *, spec_process_free)
struct spec_resources *spec_resources_free(struct spec_resources *r);
DEFINE_CLEANUP(struct spec_resources *, spec_resources_free)

/* Small questions that several stages ask. */
struct spec_namespace *spec_find_namespace(const struct spec *s, const char *type);
struct spec_mount *spec_find_mount(const struct spec *s, const char *destination);
/* As runc: by its type, or by an option whatever the type says. */
bool spec_mount_is_bind(const struct spec_mount *m);
/* The path below /proc/sys of "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/mtu". Owned. */
char *spec_sysctl_path(const char *key);
/* The namespace that keeps a sysctl, by its path, from being the host's; NULL: unknown. */
const char *spec_sysctl_namespace(const char *path);

/*
 * Does the configuration make sense? The error names the JSON path and what is wrong. Pure.
 * spec_check() asks the others, too; exec asks for its process alone, update for resources.
 */
int spec_check(const struct spec *s, struct error *err);
int spec_process_check(const struct spec_process *p, struct error *err);
int spec_resources_check(const struct spec_resources *r, struct error *err);
int spec_seccomp_check(const struct spec_seccomp *s, struct error *err);
/*
 * For `update`: take over into `saved` what `update` sets, so that the next update knows it;
 * zero and empty mean "leave it" where they do so at create. Then complete `update` from
 * `saved` with the other half of what the kernel takes as one, or checks together: quota and
 * period, memory and memory+swap. Device rules and what does not change in a running container
 * stay as they are.
 */
void spec_resources_merge(struct spec_resources *saved, struct spec_resources *update);

/* The configuration that `sysbox-runc spec` writes: a system container with a shell. */
struct spec *spec_example(void);
