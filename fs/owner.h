/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifies a process beyond the reuse of its number, in one word, so that it can be
 * exchanged atomically. The process leads a process group, which holds all that it has
 * forked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OWNER_NONE 0

/* The calling process, which becomes the leader of a group. OWNER_NONE: not possible. */
uint64_t owner_self(void);
pid_t owner_pid(uint64_t owner);
/* Owned; -ESRCH: it has ended. */
int owner_pidfd(uint64_t owner);
/* Kill it, while it is alive, together with its group. */
void owner_kill(uint64_t owner);
/* Is it or a member of its group alive? Also true for a later group with the same number. */
bool owner_has_group(uint64_t owner);
