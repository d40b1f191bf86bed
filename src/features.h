/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this runtime supports (runtime-spec, features.md), out of the tables that it works
 * with.
 */
#pragma once

#include "lib/error.h"

struct strbuf;

int features_format(struct strbuf *out, struct error *err);
