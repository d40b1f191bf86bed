/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of the caller's for a process of the container, from 3 on: first the sockets of
 * systemd's socket activation (sd_listen_fds(3)), then those of --preserve-fds.
 */
#pragma once

#include "lib/error.h"

struct spec_process;

/* How many sockets were passed to us; the process finds them by LISTEN_FDS, as pid 1. */
int passed_fds_activate(struct spec_process *p);
/* Are there n of them? A number that is none of the caller's may be one of our own. */
int passed_fds_check(int n, struct error *err);
