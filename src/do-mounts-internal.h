/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a plan, row by row: for src/do-mounts*.c only. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

struct do_mounts;
struct idmap;
struct plan_mount;
struct stat;

/* One plan row of its kind: src/do-mounts-cgroup.c, src/do-mounts-copyup.c. */
int do_mounts_cgroup(const struct do_mounts *m, const struct plan_mount *pm, struct error *err);
int do_mounts_copyup(const struct do_mounts *m, const struct plan_mount *pm, struct error *err);
/*
 * A bind of a file that cannot be id-mapped, as a copy: src/do-mounts-copy.c. Owned
 * detached mount.
 */
#define DO_MOUNTS_COPY_MAX (1u << 20)
int do_mounts_copy_file(const struct plan_mount *m, const struct stat *st,
			const struct idmap *map, struct error *err);

/* src/do-mounts-row.c: what all parts need of one row; any process. */

/* MOUNT_CLONE_*: the bind alone, or what is mounted below it. */
unsigned int do_mounts_clone_flags(const struct plan_mount *pm);
/* The attributes that the row sets and clears, on a detached or attached mount. */
int do_mounts_set_attrs(const struct plan_mount *pm, int fd, struct error *err);

/* src/do-mounts-mask.c */

/*
 * A file system on which later mounts need their mount points: attached writable, whatever
 * the plan says, and made read-only by do_mounts_mask().
 */
bool do_mounts_is_readonly_late(const struct plan_mount *pm);
