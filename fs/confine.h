/* SPDX-License-Identifier: Apache-2.0 */
/* How a worker gives up what it does not need, in two stages. Nothing of it can be undone. */
#pragma once

#include <stdint.h>

#include "lib/error.h"

/*
 * First: no file of the host can be named any more. Root and current directory
 * become this process's own /proc/self/fd, in which "5" is what descriptor 5 stands
 * on. Must: the capabilities for open_tree(2) and chroot(2).
 */
int confine_files(struct error *err);
/*
 * Last: only these capabilities, no new privileges, no supplementary groups, limits,
 * and only the system calls of the table in fs/confine.c; others fail with ENOSYS.
 * Must not: open a device, mount, fork, signal, trace after it.
 */
int confine_rights(uint64_t caps, struct error *err);
