/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trap.h"

#include <linux/audit.h>
#include <stddef.h>

#include "fs/notify.h"
#include "lib/clock.h"
#include "lib/macro.h"

#define X32_BIT 0x40000000u

/* A struct of another word size is not ours to fill in: that call is the kernel's. */
#define NOT_TRAPPED UINT32_MAX

/* The numbers of those who numbered by themselves; all later ones share a table. */
static const struct {
	uint32_t arch;
	uint32_t mount, umount2, sysinfo, getaffinity;
} numbers[] = {
	{AUDIT_ARCH_X86_64, 165, 166, 99, 204},
	{AUDIT_ARCH_I386, 21, 52, NOT_TRAPPED, NOT_TRAPPED},
	{AUDIT_ARCH_AARCH64, 40, 39, 179, 123},
	{AUDIT_ARCH_ARM, 21, 52, NOT_TRAPPED, NOT_TRAPPED},
	{AUDIT_ARCH_PPC64LE, 21, 52, 116, 223},
	{AUDIT_ARCH_RISCV64, 40, 39, 179, 123},
};
#define NR_MOVE_MOUNT 429 /* everywhere, as all calls since 5.1 */

bool trap_is_valid(const struct trap_context *c, const struct trap_job *job)
{
	return notify_is_valid(c->listener_fd, job->notif.id);
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

const struct trap *trap_find(uint32_t arch, uint32_t nr)
{
	if (nr == NOT_TRAPPED)
		return NULL;
	if (arch == AUDIT_ARCH_X86_64)
		nr &= ~X32_BIT;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].arch != arch)
			continue;
		if (nr == numbers[i].mount)
			return &trap_mount;
		if (nr == numbers[i].umount2)
			return &trap_umount;
		if (nr == NR_MOVE_MOUNT)
			return &trap_move_mount;
		if (nr == numbers[i].sysinfo)
			return &trap_sysinfo;
		if (nr == numbers[i].getaffinity)
			return &trap_affinity;
	}
	return NULL;
}
