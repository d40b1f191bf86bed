/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls a process of the supervisor, and everything it forks, may make at all. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * Allow these, and the few that a loop and the C library need; all others fail with ENOSYS.
 * Also sets no_new_privs. On a kernel without seccomp nothing happens.
 */
int calls_limit(const uint32_t *numbers, size_t n, struct error *err);
