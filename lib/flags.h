/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two-way tables between names and kernel values: the words of config.json,
 * of the command line and of `features`, each in one const table.
 */
#pragma once

#include <stdint.h>

struct flag_name {
	const char *name;
	uint64_t value;
};

/* Tables end with name == NULL. */
const struct flag_name *flag_find(const struct flag_name *table, const char *name);
const char *flag_name(const struct flag_name *table, uint64_t value);

/* OCI namespace types ("pid", "network", "mount", ...) and CLONE_NEW* bits. */
extern const struct flag_name flags_namespaces[];
/* /proc/PID/ns/ file of a CLONE_NEW* bit: "pid", "net", "mnt", ... */
const char *flags_ns_file(uint64_t clone_flag);
/* RLIMIT_* by "RLIMIT_NOFILE". */
extern const struct flag_name flags_rlimits[];
/* "SIGTERM"; flags_signal() also takes "TERM", "term", "15", "RTMIN+3". -EINVAL: unknown. */
extern const struct flag_name flags_signals[];
int flags_signal(const char *text);
/* SCHED_* policies and SCHED_FLAG_* by OCI name; IOPRIO_CLASS_* by OCI name. */
extern const struct flag_name flags_sched_policies[];
extern const struct flag_name flags_sched_flags[];
extern const struct flag_name flags_io_classes[];
/* "MPOL_BIND" and so on; set_mempolicy(2). */
extern const struct flag_name flags_memory_modes[];
extern const struct flag_name flags_memory_flags[];
/* "LINUX", "LINUX32" and personality(2) values. */
extern const struct flag_name flags_personalities[];

/*
 * Mount options of the specification (runtime-spec config.md, "Linux mount
 * options"). Each word sets or clears attributes, alone or recursively, sets
 * the propagation, or is one of the special words; what is not in the table is
 * data for the file system.
 */
enum mount_option_kind {
	MOUNT_OPTION_ATTR,     /* set / clear: MOUNT_ATTR_* of this mount */
	MOUNT_OPTION_REC_ATTR, /* the same, recursively ("rro") */
	MOUNT_OPTION_SB,       /* MS_* of the superblock: sync, dirsync, mand, lazytime ... */
	MOUNT_OPTION_PROP,     /* propagation: set is MS_SHARED.. [| MS_REC] */
	MOUNT_OPTION_BIND,     /* set is MS_BIND [| MS_REC] */
	MOUNT_OPTION_REMOUNT,
	MOUNT_OPTION_TMPCOPYUP,
	MOUNT_OPTION_IDMAP,  /* "idmap" */
	MOUNT_OPTION_RIDMAP, /* "ridmap" */
	MOUNT_OPTION_NONE,   /* accepted and without effect: "defaults" */
};
struct mount_option {
	const char *name;
	enum mount_option_kind kind;
	uint64_t set;
	uint64_t clear;
};
extern const struct mount_option flags_mount_options[];
const struct mount_option *flags_mount_option(const char *name);
