/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of fs/cgroup-read*.c: the text of one file of the container's cgroups. */
#pragma once

#include "fs/cgroup-read.h"

/* NULL: it is not there. Good until the next text. */
const char *cgroup_read_text(struct cgroup_read *c, enum cgroup_file f, size_t level);
/* Of the container's own level, the last. */
const char *cgroup_read_leaf(struct cgroup_read *c, enum cgroup_file f);
/* 0: nobody has such a file. */
size_t cgroup_read_n_levels(const struct cgroup_read *c, enum cgroup_file f);
bool cgroup_read_is_v1(const struct cgroup_read *c, enum cgroup_file f);
