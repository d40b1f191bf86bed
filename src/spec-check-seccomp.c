/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of `linux.seccomp`. Which system calls there are is not asked: libseccomp knows. */
#include <stdio.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec-check-words.h"
#include "src/spec.h"

/* A system call has six arguments; a filter returns 16 bits of data with its action. */
#define SECCOMP_ARG_MAX	 5
#define SECCOMP_DATA_MAX UINT16_MAX

static const char *const seccomp_actions[] = {
	"SCMP_ACT_KILL",	"SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
	"SCMP_ACT_ERRNO",	"SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW",	"SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",	NULL,
};
static const char *const seccomp_operators[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	    "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};
static const char *const seccomp_architectures[] = {
	"SCMP_ARCH_X86",	 "SCMP_ARCH_X86_64",  "SCMP_ARCH_X32",
	"SCMP_ARCH_ARM",	 "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",	 "SCMP_ARCH_MIPS",    "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32",	 "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64",
	"SCMP_ARCH_PPC",	 "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_RISCV64",	 "SCMP_ARCH_S390",    "SCMP_ARCH_S390X",
	"SCMP_ARCH_SH",		 "SCMP_ARCH_SHEB",    NULL,
};
static const char *const seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static int check_seccomp_words(char *const *list, const char *const *words, const char *name,
			       struct error *err)
{
	for (size_t i = 0; list && list[i]; i++)
		if (!spec_check_is_word(words, list[i]))
			return invalid(err, "linux.seccomp.%s[%zu]: unknown: \"%s\"", name, i,
				       list[i]);
	return 0;
}

/* config-linux.md: a return value is an error with an action that returns none. */
static int check_seccomp_action(const char *action, const struct maybe_u64 *ret,
				const char *where, struct error *err)
{
	if (!spec_check_is_word(seccomp_actions, action))
		return invalid(err, "%s: unknown action \"%s\"", where, str_or_empty(action));
	if (ret->present && !str_eq(action, "SCMP_ACT_ERRNO") &&
	    !str_eq(action, "SCMP_ACT_TRACE"))
		return invalid(err, "%s: %s returns no value to the caller", where, action);
	return spec_check_max(ret, SECCOMP_DATA_MAX, where, err);
}

static int check_seccomp_args(const struct spec_seccomp_rule *rule, size_t i, struct error *err)
{
	for (size_t j = 0; j < rule->n_args; j++) {
		const struct spec_seccomp_arg *a = &rule->args[j];

		if (a->index > SECCOMP_ARG_MAX)
			return invalid(err,
				       "linux.seccomp.syscalls[%zu].args[%zu].index: %u, but "
				       "calls have six arguments",
				       i, j, a->index);
		if (!spec_check_is_word(seccomp_operators, a->op))
			return invalid(err,
				       "linux.seccomp.syscalls[%zu].args[%zu].op: unknown "
				       "operator \"%s\"",
				       i, j, str_or_empty(a->op));
	}
	return 0;
}

static int check_seccomp_rule(const struct spec_seccomp_rule *rule, size_t i, struct error *err)
{
	char where[64];
	int r;

	if (!strv_len(rule->names))
		return invalid(err, "linux.seccomp.syscalls[%zu].names: must not be empty", i);
	snprintf(where, sizeof(where), "linux.seccomp.syscalls[%zu].action", i);
	r = check_seccomp_action(rule->action, &rule->errno_ret, where, err);
	if (r < 0)
		return r;
	/* The call by which the set-up tells that there is a listener to be asked. */
	if (str_eq(rule->action, "SCMP_ACT_NOTIFY") && strv_contains(rule->names, "write"))
		return invalid(err, "%s: SCMP_ACT_NOTIFY cannot be used for the write syscall",
			       where);
	return check_seccomp_args(rule, i, err);
}

/*
 * Somebody must answer; a filter that notifies by default would do so for our own steps, too.
 */
static int check_seccomp_listener(const struct spec_seccomp *f, struct error *err)
{
	bool notifies = false;

	for (size_t i = 0; i < f->n_rules; i++)
		notifies |= str_eq(f->rules[i].action, "SCMP_ACT_NOTIFY");
	if (str_eq(f->default_action, "SCMP_ACT_NOTIFY"))
		return invalid(
			err,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default");
	if (notifies && str_is_empty(f->listener_path))
		return invalid(
			err,
			"linux.seccomp.listenerPath: is missing, but SCMP_ACT_NOTIFY is used");
	if (!str_is_empty(f->listener_metadata) && str_is_empty(f->listener_path))
		return invalid(err, "linux.seccomp.listenerMetadata: needs a listenerPath");
	return 0;
}

int spec_seccomp_check(const struct spec_seccomp *f, struct error *err)
{
	int r;

	/* No action and no rule: none was meant, as runc reads it. */
	if (str_is_empty(f->default_action) && !f->n_rules)
		return 0;
	r = check_seccomp_action(f->default_action, &f->default_errno_ret,
				 "linux.seccomp.defaultAction", err);
	if (r < 0)
		return r;
	r = check_seccomp_words(f->architectures, seccomp_architectures, "architectures", err);
	if (r < 0)
		return r;
	r = check_seccomp_words(f->flags, seccomp_flags, "flags", err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n_rules; i++) {
		r = check_seccomp_rule(&f->rules[i], i, err);
		if (r < 0)
			return r;
	}
	return check_seccomp_listener(f, err);
}
