/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets as 64-bit masks, over libcap. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct caps {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

#define CAPS_BIT(cap) (UINT64_C(1) << (cap))

/* "CAP_SYS_ADMIN" (any case, prefix optional) to its number; -EINVAL: not in this kernel. */
int caps_number(const char *name);
/* The bits of a list that ends with NULL; NULL: 0. Names unknown to this kernel add nothing. */
uint64_t caps_bits(char *const *names);
/* "CAP_..." in a static buffer of libcap's spelling, or NULL. */
const char *caps_name(int number);
/* All capabilities that the running kernel knows. */
uint64_t caps_all(void);
/* The calling thread's own sets. */
int caps_get(struct caps *ret);
/*
 * Apply in the order that the kernel demands. Before a uid change: bounding and
 * keep-caps (caps_apply_bounding); after it: the rest (caps_apply). Bits that the
 * caller's bounding or permitted set lacks are left out silently: the host
 * withholds them (a CI machine without CAP_SYS_RESOURCE).
 */
int caps_apply_bounding(uint64_t bounding);
int caps_apply(const struct caps *caps);
/* The effective set becomes what is permitted of these bits; nothing else changes. */
int caps_set_effective(uint64_t bits);
/* Raise in the effective set what is permitted of these bits (after a setfsuid()). */
int caps_raise(uint64_t bits);
/* Remove from the effective and the permitted set; no system call where nothing changes. */
int caps_drop(uint64_t effective, uint64_t permitted);
