/* SPDX-License-Identifier: Apache-2.0 */
/* How a worker gives up what it does not need, in two stages. Neither can be undone. */
#pragma once

#include <stdint.h>

#include "lib/error.h"

/*
 * First: files of the host can no longer be named. Root and current directory become this
 * process's own /proc/self/fd, in which "5" is whatever descriptor 5 refers to. Needs the
 * capabilities for open_tree(2) and chroot(2).
 */
int confine_files(struct error *err);
/*
 * Last: only these capabilities, no new privileges, no supplementary groups, resource limits,
 * and only the system calls of the table in fs/confine.c; others fail with ENOSYS. Nothing
 * after it may open a device, mount, fork, signal or trace.
 */
int confine_rights(uint64_t caps, struct error *err);
