/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by src/cgroup-stats*.c: one function for each member of the statistics, and how they
 * read files. Absent files read as nothing, since a controller may be missing; a negative
 * descriptor stands for a directory without files.
 */
#pragma once

#include <stdint.h>

#include "lib/json-out.h"

struct cgroup;

/* O_PATH of the group's directory with that controller, owned; negative where it has none. */
int stats_open(const struct cgroup *cg, const char *controller);
/* NULL: absent. The caller's. */
char *stats_text(int dirfd, const char *file);
/* 0: absent. "max" is UINT64_MAX. */
uint64_t stats_number(int dirfd, const char *file);
/* Behind `key` in a file of such lines; 0: absent. */
uint64_t stats_value(int dirfd, const char *file, const char *key);
/* A member "psi" of a pressure file, if there is one. */
void stats_add_pressure(struct json_out *o, int dirfd, const char *file);

void stats_add_cpu(struct json_out *o, const struct cgroup *cg);
void stats_add_cpuset(struct json_out *o, const struct cgroup *cg);
void stats_add_memory(struct json_out *o, const struct cgroup *cg);
void stats_add_blkio(struct json_out *o, const struct cgroup *cg);
/* One entry for each page size that the group has files of. */
void stats_add_hugetlb(struct json_out *o, const struct cgroup *cg);
