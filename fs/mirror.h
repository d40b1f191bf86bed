/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of the host as a container may see them: nothing to write, nothing that not
 * everybody may read, no CPU, no node of memory and no disk that is not the container's.
 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/error.h"

struct strbuf;
struct view;

/*
 * What the kernel may know: a number for each name that was looked up, the same for all
 * workers, in memory that they share. They are names of the host's files, so there are so many
 * and no more.
 */
struct mirror_names;
int mirror_map(struct mirror_names **ret, struct error *err);
void mirror_unmap(struct mirror_names *n);

struct mirror {
	struct mirror_names *names;
	struct view *view;
	int sysctl_dirfd; /* what stands for "proc/sys/" */
	int sysfs_dirfd;  /* for "sys/" */
};

/* Row number i of emul_files, of kind EMUL_MIRROR, as a node. Others are below 1 << 31. */
uint32_t mirror_row(size_t i);

/* All of these: -errno; -ENOENT for what is not to be seen. */
int mirror_find(const struct mirror *m, uint32_t dir, const char *name, uint32_t *ret);
int mirror_stat(const struct mirror *m, uint32_t node, struct stat *ret);
int mirror_read(const struct mirror *m, uint32_t node, struct strbuf *out);
/* The length; not NUL-terminated. */
ssize_t mirror_readlink(const struct mirror *m, uint32_t node, char *buf, size_t size);
/* Called with each name that is to be seen, until it returns other than 0. */
typedef int (*mirror_list_fn)(const char *name, mode_t type, void *arg);
int mirror_list(const struct mirror *m, uint32_t dir, mirror_list_fn fn, void *arg);
