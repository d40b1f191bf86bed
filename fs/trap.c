/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trap.h"

#include <linux/audit.h>
#include <stddef.h>
#include <sys/mount.h>

#include "fs/agent.h"
#include "fs/notify.h"
#include "lib/clock.h"
#include "lib/macro.h"

#define X32_BIT 0x40000000u

/* We do not fill in a struct of another word size: that call is left to the kernel. */
#define NOT_TRAPPED UINT32_MAX

/* The columns of the table below. */
static const struct trap *const trapped[] = {
	&trap_mount, &trap_umount, &trap_sysinfo, &trap_affinity,
	&trap_chown, &trap_lchown, &trap_fchown,  &trap_fchownat,
};

/*
 * Call numbers of the architectures with tables of their own; all later ones share one table.
 */
#define NONE NOT_TRAPPED
static const struct {
	uint32_t arch;
	uint32_t nr[ARRAY_SIZE(trapped)];
} numbers[] = {
	{AUDIT_ARCH_X86_64, {165, 166, 99, 204, 92, 94, 93, 260}},
	{AUDIT_ARCH_I386, {21, 52, NONE, NONE, NONE, NONE, NONE, NONE}},
	{AUDIT_ARCH_AARCH64, {40, 39, 179, 123, NONE, NONE, 55, 54}},
	{AUDIT_ARCH_ARM, {21, 52, NONE, NONE, NONE, NONE, NONE, NONE}},
	{AUDIT_ARCH_PPC64LE, {21, 52, 116, 223, 181, 16, 95, 289}},
	{AUDIT_ARCH_RISCV64, {40, 39, 179, 123, NONE, NONE, 55, 54}},
};
#undef NONE
#define ARG_MOUNT_FLAGS 3 /* as src/plan-traps.c has it */
/* The same everywhere, like all calls since 5.1. */
#define NR_MOVE_MOUNT	 429
#define NR_MOUNT_SETATTR 442

bool trap_is_valid(const struct trap_context *c, const struct trap_job *job)
{
	return notify_is_valid(c->listener_fd, job->notif.id);
}

enum trap_verdict trap_verdict_of(int agent_result)
{
	if (agent_result == AGENT_FROZEN)
		return TRAP_AGAIN;
	return agent_result == 0 ? TRAP_DONE : TRAP_NATIVE;
}

void trap_guard(const struct trap_context *c)
{
	if (c->watchdog_fd >= 0)
		clock_set_timer(c->watchdog_fd, TRAP_STALL_MS);
}

void trap_unguard(const struct trap_context *c)
{
	if (c->watchdog_fd >= 0)
		clock_set_timer(c->watchdog_fd, 0);
}

static const struct trap *of_row(const uint32_t *row, uint32_t nr)
{
	if (nr == NR_MOVE_MOUNT)
		return &trap_move_mount;
	if (nr == NR_MOUNT_SETATTR)
		return &trap_remount;
	for (size_t i = 0; i < ARRAY_SIZE(trapped); i++)
		if (row[i] == nr)
			return trapped[i];
	return NULL;
}

const struct trap *trap_find(uint32_t arch, uint32_t nr)
{
	if (nr == NOT_TRAPPED)
		return NULL;
	if (arch == AUDIT_ARCH_X86_64)
		nr &= ~X32_BIT;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].arch == arch)
			return of_row(numbers[i].nr, nr);
	return NULL;
}

/* In the kernel's order (path_mount()). */
static const struct trap *of_mount(uint64_t flags)
{
	if (!(flags & MS_BIND))
		return &trap_mount;
	return flags & MS_REMOUNT ? &trap_remount : &trap_bind;
}

const struct trap *trap_of(const struct seccomp_data *d)
{
	const struct trap *t = trap_find(d->arch, (uint32_t)d->nr);

	return t == &trap_mount ? of_mount(d->args[ARG_MOUNT_FLAGS]) : t;
}

bool trap_is_setattr(const struct seccomp_data *d)
{
	uint32_t nr = (uint32_t)d->nr;

	return (d->arch == AUDIT_ARCH_X86_64 ? nr & ~X32_BIT : nr) == NR_MOUNT_SETATTR;
}
