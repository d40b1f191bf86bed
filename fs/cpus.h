/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of CPUs as the kernel writes them: "0-3,8". Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct strbuf;

/* The kernel's own greatest NR_CPUS is 8192. */
#define CPUS_MAX 8192u

struct cpus {
	uint64_t bits[CPUS_MAX / 64];
};

/* -EINVAL: not a list; -ERANGE: a number above our limit. An empty list is valid. */
int cpus_parse(struct cpus *ret, const char *text);
/* Without a newline. */
void cpus_format(const struct cpus *c, struct strbuf *out);
void cpus_add(struct cpus *c, unsigned int cpu);
bool cpus_has(const struct cpus *c, unsigned int cpu);
unsigned int cpus_count(const struct cpus *c);
/* The first of the set from `from` on; CPUS_MAX: none. */
unsigned int cpus_next(const struct cpus *c, unsigned int from);
#define cpus_for_each(cpu, c)                                                                  \
	for (unsigned int cpu = cpus_next(c, 0); cpu < CPUS_MAX; cpu = cpus_next(c, cpu + 1))
/* Keep what is in both and return true; if that is nothing, leave c as it is. */
bool cpus_intersect(struct cpus *c, const struct cpus *with);
/* Keep the n lowest. */
void cpus_keep_first(struct cpus *c, unsigned int n);
/*
 * In a mask as returned by sched_getaffinity(2), its bytes in little-endian order: keep what is
 * in the set. Returns how many CPUs are left.
 */
unsigned int cpus_keep_in_mask(const struct cpus *c, unsigned char *mask, unsigned int size);
