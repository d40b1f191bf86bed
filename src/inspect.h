/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has on the host that no engine tells: stores, sizes, locks. */
#pragma once

#include "lib/error.h"
#include "src/state.h"

/*
 * As JSON; owned. Counts every file of the stores. Nothing is changed, and a container that
 * runs may change it meanwhile.
 */
char *inspect_format(const struct state_dir *d, const struct state *s);
