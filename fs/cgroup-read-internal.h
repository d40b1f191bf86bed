/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by fs/cgroup-read*.c: the text of one file of the container's cgroups. */
#pragma once

#include "fs/cgroup-read.h"

/* NULL: there is no such file. Valid until the next text is read. */
const char *cgroup_read_text(struct cgroup_read *c, enum cgroup_file f, size_t level);
/* The text at the container's own level, the last. */
const char *cgroup_read_leaf(struct cgroup_read *c, enum cgroup_file f);
/* 0: no hierarchy has such a file. */
size_t cgroup_read_n_levels(const struct cgroup_read *c, enum cgroup_file f);
bool cgroup_read_is_v1(const struct cgroup_read *c, enum cgroup_file f);
