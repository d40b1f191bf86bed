/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seccomp filter program from rules by number. Small and fast: the program of an
 * engine's profile has a third of the instructions that a chain of comparisons
 * needs, and is made in a fraction of the time that libseccomp takes for it.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* (argument `index`) op value; MASKED_EQ: (argument & value) == value_two. */
enum sysfilter_op {
	SYSFILTER_NE,
	SYSFILTER_LT,
	SYSFILTER_LE,
	SYSFILTER_EQ,
	SYSFILTER_GE,
	SYSFILTER_GT,
	SYSFILTER_MASKED_EQ,
};

struct sysfilter_arg {
	unsigned int index; /* 0 to 5 */
	enum sysfilter_op op;
	uint64_t value;
	uint64_t value_two;
};

/*
 * A set of numbers with one meaning. Two may share an architecture, apart by their
 * numbers: x86_64 and x32. A call of no listed set ends the thread.
 */
struct sysfilter_abi {
	uint32_t arch; /* AUDIT_ARCH_*, as in struct seccomp_data */
	uint32_t first;
	uint32_t last;
	bool is_64bit; /* arguments are compared whole; else their low halves */
};

/*
 * All arguments hold together. For one call the first rule without arguments
 * decides, as with libseccomp; if it lets the call pass, those with arguments are
 * tried before it, in their order. Without such a rule: those with arguments, then
 * the default.
 */
struct sysfilter_rule {
	unsigned int abi; /* index */
	uint32_t nr;
	uint32_t action; /* SECCOMP_RET_* with data */
	const struct sysfilter_arg *args;
	size_t n_args;
};

struct sysfilter {
	const struct sysfilter_abi *abis;
	size_t n_abis;
	struct sysfilter_rule *rules; /* compiling sorts them */
	size_t n_rules;
	uint32_t default_action;
	/* For numbers above the highest that a rule of the same ABI names: newer calls. */
	uint32_t newer_action;
};

/* The program, owned, in the form that seccomp(2) wants. -E2BIG: more than BPF_MAXINSNS. */
int sysfilter_compile(struct sysfilter *f, struct sock_filter **ret, size_t *ret_n);
