/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host directories as a container may see them: read-only, only what everybody may read, and
 * only the container's own CPUs, memory nodes and disks.
 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/error.h"

struct strbuf;
struct view;

/*
 * What the kernel may remember: a number for each name that was looked up, the same for all
 * workers, in memory that they share. They are names of host files, so their number is
 * limited.
 */
struct mirror_names;
int mirror_map(struct mirror_names **ret, struct error *err);
void mirror_unmap(struct mirror_names *n);

struct mirror {
	struct mirror_names *names;
	struct view *view;
	int sysctl_dirfd; /* stands for "proc/sys/" */
	int sysfs_dirfd;  /* for "sys/" */
};

/* Row number i of emul_files, of kind EMUL_MIRROR, as a node. Others are below 1 << 31. */
uint32_t mirror_row(size_t i);

/* All of these return -errno on failure; -ENOENT for what is hidden. */
int mirror_find(const struct mirror *m, uint32_t dir, const char *name, uint32_t *ret);
int mirror_stat(const struct mirror *m, uint32_t node, struct stat *ret);
int mirror_read(const struct mirror *m, uint32_t node, struct strbuf *out);
/* Returns the length; not NUL-terminated. */
ssize_t mirror_readlink(const struct mirror *m, uint32_t node, char *buf, size_t size);
/* Called with each visible name, until it returns something other than 0. */
typedef int (*mirror_list_fn)(const char *name, mode_t type, void *arg);
int mirror_list(const struct mirror *m, uint32_t dir, mirror_list_fn fn, void *arg);
