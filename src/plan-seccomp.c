/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp profile as numbers, one rule for each system call. Names of calls
 * stay names: what number a call has, on which architecture, is asked when the
 * filter is built.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/plan.h"
#include "src/spec.h"

#define NAME(x)                                                                                \
	{                                                                                      \
#x, x                                                                          \
	}

static const struct flag_name actions[] = {
	NAME(SCMP_ACT_KILL),
	NAME(SCMP_ACT_KILL_PROCESS),
	NAME(SCMP_ACT_KILL_THREAD),
	NAME(SCMP_ACT_TRAP),
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	NAME(SCMP_ACT_ALLOW),
	NAME(SCMP_ACT_LOG),
	NAME(SCMP_ACT_NOTIFY),
	{NULL, 0},
};

static const struct flag_name operators[] = {
	NAME(SCMP_CMP_NE), NAME(SCMP_CMP_LT), NAME(SCMP_CMP_LE),	NAME(SCMP_CMP_EQ),
	NAME(SCMP_CMP_GE), NAME(SCMP_CMP_GT), NAME(SCMP_CMP_MASKED_EQ), {NULL, 0},
};

/* Others that the specification knows have no Linux port of ours. */
static const struct flag_name arches[] = {
	NAME(SCMP_ARCH_X86),	 NAME(SCMP_ARCH_X86_64),
	NAME(SCMP_ARCH_X32),	 NAME(SCMP_ARCH_ARM),
	NAME(SCMP_ARCH_AARCH64), NAME(SCMP_ARCH_PPC64LE),
	NAME(SCMP_ARCH_RISCV64), {NULL, 0},
};

/* TSYNC has no meaning: the process that loads the filter has one thread. */
static const struct flag_name filter_flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", 0},
	NAME(SECCOMP_FILTER_FLAG_LOG),
	NAME(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	NAME(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
	{NULL, 0},
};

static int action_of(const char *name, const struct maybe_u64 *data, uint32_t *ret,
		     struct error *err)
{
	const struct flag_name *f = name ? flag_find(actions, name) : NULL;
	uint64_t value = data->present ? data->value : EPERM;

	if (!f)
		return error_set(err, EINVAL, "linux.seccomp: unknown action %s",
				 name ? name : "(none)");
	*ret = (uint32_t)f->value;
	if (f->value == SCMP_ACT_ERRNO(0) || f->value == SCMP_ACT_TRACE(0))
		*ret |= (uint32_t)value & UINT16_MAX;
	return 0;
}

static int arg_of(const struct spec_seccomp_arg *sa, struct plan_seccomp_arg *ret,
		  struct error *err)
{
	const struct flag_name *f = flag_find(operators, sa->op);

	if (!f)
		return error_set(err, EINVAL, "linux.seccomp: unknown operator %s", sa->op);
	*ret = (struct plan_seccomp_arg){
		.index = sa->index,
		.op = (int)f->value,
		.value = sa->value,
		.value_two = sa->value_two,
	};
	return 0;
}

static int add_rule(struct plan_seccomp *s, const char *name, uint32_t action,
		    const struct spec_seccomp_arg *args, size_t n_args, struct error *err)
{
	struct plan_seccomp_rule *rule =
		array_add((void **)&s->rules, &s->n_rules, sizeof(*rule));

	rule->syscall = xstrdup(name);
	rule->action = action;
	for (size_t i = 0; i < n_args; i++) {
		struct plan_seccomp_arg *a =
			array_add((void **)&rule->args, &rule->n_args, sizeof(*a));
		int r = arg_of(&args[i], a, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_index_twice(const struct spec_seccomp_rule *sr)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < sr->n_args; i++) {
		unsigned int bit = 1u << (sr->args[i].index & 7);

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

/*
 * Conditions are combined by AND; two on one argument are alternatives. So Docker's
 * first profiles meant it and runc still reads them, whatever the specification
 * says.
 */
static int add_rules_for(struct plan_seccomp *s, const struct spec_seccomp_rule *sr,
			 const char *name, uint32_t action, struct error *err)
{
	if (!has_index_twice(sr))
		return add_rule(s, name, action, sr->args, sr->n_args, err);
	for (size_t i = 0; i < sr->n_args; i++) {
		int r = add_rule(s, name, action, &sr->args[i], 1, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_rules(struct plan_seccomp *s, const struct spec_seccomp *ss, struct error *err)
{
	for (size_t i = 0; i < ss->n_rules; i++) {
		const struct spec_seccomp_rule *sr = &ss->rules[i];
		uint32_t action;
		int r = action_of(sr->action, &sr->errno_ret, &action, err);

		for (size_t k = 0; r == 0 && k < strv_len(sr->names); k++)
			r = add_rules_for(s, sr, sr->names[k], action, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void plan_arches(struct plan_seccomp *s, const struct spec_seccomp *ss)
{
	for (size_t i = 0; ss->architectures && ss->architectures[i]; i++) {
		const struct flag_name *f = flag_find(arches, ss->architectures[i]);

		if (f)
			*(uint32_t *)array_add((void **)&s->arches, &s->n_arches,
					       sizeof(*s->arches)) = (uint32_t)f->value;
	}
}

static bool notifies(const struct plan_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == SCMP_ACT_NOTIFY)
			return true;
	return false;
}

static int plan_flags(struct plan_seccomp *s, const struct spec_seccomp *ss, struct error *err)
{
	/* Without a word, no mitigation that the profile did not ask for; as runc. */
	if (!strv_len(ss->flags))
		s->filter_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; ss->flags && ss->flags[i]; i++) {
		const struct flag_name *f = flag_find(filter_flags, ss->flags[i]);

		if (!f)
			return error_set(err, EINVAL, "linux.seccomp.flags: unknown flag %s",
					 ss->flags[i]);
		s->filter_flags |= (unsigned int)f->value;
	}
	if (notifies(s)) {
		s->filter_flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		s->listener_path = xstrdup(ss->listener_path);
		s->listener_metadata = xstrdup(ss->listener_metadata);
	} else {
		/* The kernel takes it with a listener only. */
		s->filter_flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
	return 0;
}

int plan_seccomp(struct plan_seccomp **ret, const struct spec_seccomp *ss, struct error *err)
{
	_cleanup_(plan_seccomp_freep) struct plan_seccomp *s = NULL;
	int r;

	*ret = NULL;
	/* Neither action nor rule: none was meant, as spec_check() reads it. */
	if (!ss || (str_is_empty(ss->default_action) && !ss->n_rules))
		return 0;
	s = xcalloc(1, sizeof(*s));
	r = action_of(ss->default_action, &ss->default_errno_ret, &s->default_action, err);
	if (r < 0)
		return r;
	r = plan_rules(s, ss, err);
	if (r < 0)
		return r;
	plan_arches(s, ss);
	r = plan_flags(s, ss, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&s);
	return 0;
}
