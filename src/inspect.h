/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has on the host that no engine shows: stores, sizes, locks. */
#pragma once

#include "lib/error.h"
#include "src/state.h"

/*
 * As JSON; owned. Counts every file of the stores. Changes nothing; a running container may
 * change what is counted meanwhile.
 */
char *inspect_format(const struct state_dir *d, const struct state *s);
