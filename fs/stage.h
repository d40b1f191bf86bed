/* SPDX-License-Identifier: Apache-2.0 */
/* Where the trapper lives: of the host, only procfs and sysfs are mounted there. */
#pragma once

#include "lib/error.h"

/* Paths in its root directory. */
#define STAGE_FAST  "/fast"
#define STAGE_PLAIN "/plain"

/*
 * Enter a new mount namespace whose root has the host's /proc and /sys, and these two mounts
 * (borrowed; attached). Host root.
 */
int stage_enter(int fast_mount, int plain_mount, struct error *err);
