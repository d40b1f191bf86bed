/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process across the reuse of its number, in one word: so it can be exchanged at once. It
 * leads a process group, in which are all whom it has sent in its turn.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OWNER_NONE 0

/* The calling process, which becomes the leader of a group. OWNER_NONE: not to be had. */
uint64_t owner_self(void);
pid_t owner_pid(uint64_t owner);
/* Owned; -ESRCH: it has ended. */
int owner_pidfd(uint64_t owner);
/* It, while it is alive, and its group. */
void owner_kill(uint64_t owner);
/* Is it or one of its group alive? True also for another group that has got the number. */
bool owner_has_group(uint64_t owner);
