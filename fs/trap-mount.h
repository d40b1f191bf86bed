/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of mount(2), decoded; and what its kinds have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/overmounts.h"
#include "fs/trap-target.h"
#include "fs/trap.h"
#include "lib/mount.h"

/* By position. */
enum {
	TRAP_MOUNT_SOURCE,
	TRAP_MOUNT_TARGET,
	TRAP_MOUNT_FSTYPE,
	TRAP_MOUNT_FLAGS,
	TRAP_MOUNT_DATA,
};

/* MOUNT_ATTR_*, for mount_setattr(2). */
struct trap_attrs {
	uint64_t set, clear;
};
/* What mount(2) with MS_REMOUNT and MS_BIND does to a mount's attributes. */
struct trap_attrs trap_mount_attrs(uint64_t flags);

/* The arguments as read from the caller's memory, for a fresh procfs or sysfs. */
struct trap_mount_args {
	uint64_t flags;
	bool has_source;
	char fstype[8];
	char source[256];
	struct trap_target target; /* owned */
	char options[4096];
};

/*
 * Decodes the arguments of mount(2) as the kernel does; the result points into `a`.
 * -EOPNOTSUPP: what the new mount API cannot express, or expresses differently; nothing that
 * a working program would do.
 */
int trap_mount_decode(const struct trap_mount_args *a, struct mount_new *ret);

/*
 * What an agent returned that records a mount's id before it attaches it: one that was killed
 * may have finished all the same. Where the caller makes the call anew, and emulated files may
 * be missing on it, the mount is detached again.
 */
enum trap_verdict trap_mount_verdict(const struct tracee *t, const struct trap_job *job,
				     const struct trap_target *target, int r);
