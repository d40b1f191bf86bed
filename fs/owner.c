/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process number is less than 2^22 (PID_MAX_LIMIT); the bits above it hold the start time,
 * in clock ticks since boot. A number is not reused while a group has it, so the group of a
 * live leader is that leader's.
 */
#include "fs/owner.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/proc.h"

#define PID_BITS 22

uint64_t owner_self(void)
{
	struct proc_stat st;

	(void)setpgid(0, 0);
	if (proc_stat_read(getpid(), &st) < 0)
		return OWNER_NONE;
	return st.start_time << PID_BITS | (uint64_t)getpid();
}

pid_t owner_pid(uint64_t owner)
{
	return (pid_t)(owner & ((UINT64_C(1) << PID_BITS) - 1));
}

int owner_pidfd(uint64_t owner)
{
	return proc_pidfd_open(owner_pid(owner), owner >> PID_BITS);
}

void owner_kill(uint64_t owner)
{
	_cleanup_close_ int fd = owner_pidfd(owner);

	if (fd >= 0)
		(void)kill(-owner_pid(owner), SIGKILL);
}

bool owner_has_group(uint64_t owner)
{
	return owner != OWNER_NONE && kill(-owner_pid(owner), 0) == 0;
}
