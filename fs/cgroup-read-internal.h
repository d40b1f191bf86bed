/* SPDX-License-Identifier: Apache-2.0 */
/* For fs/cgroup-read*.c: the files of cgroups that are kept open, and their texts. */
#pragma once

#include "fs/cgroup-read.h"

/* "cpu,cpuacct" */
bool cgroup_has_controller(const char *list, const char *name);
/* Is anything read from the hierarchy of these controllers? */
bool cgroup_is_read(const char *controllers);

/* A hierarchy without directories yet; what it opens is closed by cgroup_read_free(). */
struct cgroup_chain *cgroup_chain_add(struct cgroup_read *c, enum cgroup_version version,
				      const char *controllers, const char *path);
/*
 * Open the directories from the top to `path`, "/a/b": ".", "a", "a/b". -errno: not all are
 * there; those above are open.
 */
int cgroup_chain_open(struct cgroup_chain *chain, int base_dirfd, const char *path);
/* Read from here what no hierarchy before has. */
void cgroup_chain_claim(struct cgroup_read *c, struct cgroup_chain *chain);

/* NULL: there is no such file. Valid until the next text is read. */
const char *cgroup_read_text(struct cgroup_read *c, enum cgroup_file f, size_t level);
/* The text at the container's own level, the last. */
const char *cgroup_read_leaf(struct cgroup_read *c, enum cgroup_file f);
/* 0: no hierarchy has such a file. */
size_t cgroup_read_n_levels(struct cgroup_read *c, enum cgroup_file f);
bool cgroup_read_is_v1(const struct cgroup_read *c, enum cgroup_file f);
