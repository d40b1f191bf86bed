/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about the machine, read once at the start of a command and const from
 * then on. What depends on the very object it is used on (can this mount be
 * id-mapped?) is not a fact of the host and is tried where it is used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/macro.h"

enum host_cgroup_mode {
	HOST_CGROUP_NONE,
	HOST_CGROUP_V1,	    /* controllers in v1 hierarchies only */
	HOST_CGROUP_HYBRID, /* v1 controllers, and a v2 tree without any beside them */
	HOST_CGROUP_V2,
};

/* One mounted cgroup hierarchy. */
struct host_hierarchy {
	/*
	 * v1: its mount options that name it, comma-separated: "cpu,cpuacct",
	 * "name=systemd"; v2: ""
	 */
	char *controllers;
	char *path; /* mount point: "/sys/fs/cgroup/memory" */
};

struct host {
	char *kernel_release; /* uname -r */
	enum host_cgroup_mode cgroup_mode;
	struct host_hierarchy *hierarchies;
	size_t n_hierarchies;
	char **v2_controllers; /* of the v2 root's cgroup.controllers */
	uint64_t namespaces;   /* CLONE_NEW* bits that the kernel knows */
	uint64_t caps;	       /* capabilities in our own bounding and effective sets */
	bool has_systemd;      /* systemd is pid 1 (sd_booted(3)) */
	bool has_apparmor;
	bool has_selinux;
	bool has_seccomp;
	bool has_traps; /* seccomp listeners whose callers wait undisturbed (5.19) */
	bool has_fuse;	/* /dev/fuse opens */
	bool has_tun;	/* the kernel has tun (misc minor 200) */
	uint64_t max_user_namespaces;
};

int host_probe(struct host *ret, struct error *err);
void host_done(struct host *h);
/* What a system container cannot do without; the error says what to fix. Pure. */
int host_check(const struct host *h, struct error *err);
