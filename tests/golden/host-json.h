/* SPDX-License-Identifier: Apache-2.0 */
/* The facts about a machine (src/host.h) as JSON: words where the struct has bits. */
#pragma once

#include <stddef.h>

#include "lib/error.h"

struct host;

int host_parse(struct host *ret, const char *text, size_t len, const char *what,
	       struct error *err);
/* Owned. */
char *host_format(const struct host *h);
