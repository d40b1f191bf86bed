/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of mount(2), decoded. Pure. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/overmounts.h"
#include "lib/mount.h"

/* By position. */
enum {
	TRAP_MOUNT_SOURCE,
	TRAP_MOUNT_TARGET,
	TRAP_MOUNT_FSTYPE,
	TRAP_MOUNT_FLAGS,
	TRAP_MOUNT_DATA,
};

/* MOUNT_ATTR_* for these MS_* flags, apart from access times. */
uint64_t trap_mount_attrs(uint64_t flags);

/* The arguments as read from the caller's memory, for a fresh procfs or sysfs. */
struct trap_mount_args {
	uint64_t flags;
	bool has_source;
	char fstype[8];
	char source[256];
	char target[PATH_MAX];
	char options[4096];
};

/* Which of the two is it? Other types are not handled here. */
enum overmount_kind trap_mount_kind(const char *fstype);
/*
 * Decodes the arguments of mount(2) as the kernel does; the result points into `a`.
 * -EOPNOTSUPP: what the new mount API cannot express, or expresses differently; nothing that
 * a working program would do.
 */
int trap_mount_decode(const struct trap_mount_args *a, struct mount_new *ret);
