/* SPDX-License-Identifier: Apache-2.0 */
/* mount(2) of a fresh procfs or sysfs: the arguments, decoded. Pure. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/overmounts.h"
#include "lib/mount.h"

/* The arguments as read from the caller's memory. */
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
