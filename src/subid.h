/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclusive id ranges: every container has its own 65536 uids and gids of the host.
 * Taken ranges are recorded in /run/sysbox/subid under a lock that the kernel
 * releases when its holder dies; a reboot forgets them with the containers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define SUBID_RANGE 65536u

/*
 * Reserve a range of `size` ids (a multiple of SUBID_RANGE) for the container
 * whose state directory is `owner`; asking again gives the same range. A range
 * whose owner's state directory is gone is free again (a runtime that was killed).
 * Ranges of /etc/subuid and /etc/subgid are avoided, except those of the user
 * "sysbox", which, when present, are the pool.
 * -ENOSPC: all taken; the error says how many and how to enlarge the pool.
 */
int subid_reserve(const char *owner, uint32_t size, uint32_t *ret_base, struct error *err);
/* May such a range contain this id? */
bool subid_is_pool(uint32_t id);
/* Give it back; unknown owners are success. */
int subid_release(const char *owner, struct error *err);
