/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which calls the supervisor answers: those that attach a file system or a copy of one without
 * what is mounted on it, those that take one off, and those that change the flags of a single
 * one. The filter tests what can be told from the arguments, so that recursive binds, moves,
 * propagation and lazy unmounts, the larger part of them, cost nothing.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mount.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "src/plan.h"

#define NO_NEW_MOUNT                                                                           \
	(MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* Trapped where (argument `index` & mask) == value. fs/trap.c handles the same calls. */
static const struct trap {
	const char *syscall;
	unsigned int index;
	uint64_t mask, value;
} traps[] = {
	{"mount", 3, NO_NEW_MOUNT, 0},
	{"mount", 3, MS_BIND | MS_REC | MS_REMOUNT, MS_BIND},
	{"mount", 3, MS_REMOUNT | MS_BIND, MS_REMOUNT | MS_BIND},
	/* With AT_RECURSIVE nothing is left to do. */
	{"mount_setattr", 2, AT_RECURSIVE, 0},
	{"move_mount", 4, MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_F_EMPTY_PATH},
	{"umount2", 1, MNT_DETACH, 0},
	{"sysinfo", 0, 0, 0},
	{"sched_getaffinity", 0, 0, 0},
};

/* All of them, since a filter cannot see whose file it is: only on demand. */
static const struct trap chowns[] = {
	{"chown", 0, 0, 0},
	{"lchown", 0, 0, 0},
	{"fchown", 0, 0, 0},
	{"fchownat", 0, 0, 0},
};

/* A call of an architecture that a filter does not know ends the thread: none is forgotten. */
static const uint32_t arches[] = {
	SCMP_ARCH_X86_64, SCMP_ARCH_X86,     SCMP_ARCH_X32,	SCMP_ARCH_AARCH64,
	SCMP_ARCH_ARM,	  SCMP_ARCH_PPC64LE, SCMP_ARCH_RISCV64,
};

static struct plan_seccomp *no_profile(void)
{
	struct plan_seccomp *s = xcalloc(1, sizeof(*s));

	s->default_action = SCMP_ACT_ALLOW;
	s->filter_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < ARRAY_SIZE(arches); i++)
		*(uint32_t *)array_add((void **)&s->arches, &s->n_arches, sizeof(*s->arches)) =
			arches[i];
	return s;
}

/* What the profile does not let pass must not pass by being asked about. */
static bool passes(const struct plan_seccomp *s, const char *syscall)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (!s->rules[i].n_args && str_eq(s->rules[i].syscall, syscall))
			return s->rules[i].action == SCMP_ACT_ALLOW;
	return s->default_action == SCMP_ACT_ALLOW;
}

static void add_trap(struct plan_seccomp *s, const struct trap *t)
{
	struct plan_seccomp_rule *rule =
		array_add((void **)&s->rules, &s->n_rules, sizeof(*rule));

	rule->syscall = xstrdup(t->syscall);
	rule->action = SCMP_ACT_NOTIFY;
	*(struct plan_seccomp_arg *)array_add((void **)&rule->args, &rule->n_args,
					      sizeof(*rule->args)) = (struct plan_seccomp_arg){
		.index = t->index,
		.op = SCMP_CMP_MASKED_EQ,
		.value = t->mask,
		.value_two = t->value,
	};
}

static void add_traps(struct plan_seccomp *s, const struct trap *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!passes(s, t[i].syscall))
			continue;
		add_trap(s, &t[i]);
		s->traps = true;
	}
}

int plan_traps(struct plan_seccomp **s, bool with_chown)
{
	if (*s && ((*s)->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return PLAN_TRAPS_E_TAKEN;
	if (!*s)
		*s = no_profile();
	add_traps(*s, traps, ARRAY_SIZE(traps));
	if (with_chown)
		add_traps(*s, chowns, ARRAY_SIZE(chowns));
	if (!(*s)->traps)
		return 0;
	(*s)->filter_flags |=
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return 0;
}
