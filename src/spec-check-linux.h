/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of `linux`, for src/spec-check.c. */
#pragma once

#include <stddef.h>

#include "lib/error.h"

struct spec;
struct spec_id_mapping;

/* All of them, also where it is absent: then no namespace is there. */
int spec_check_linux(const struct spec *s, struct error *err);
/* Both maps or none, each sound; `where` is the JSON path of the object that has them. */
int spec_check_id_mappings(const struct spec_id_mapping *uids, size_t n_uids,
			   const struct spec_id_mapping *gids, size_t n_gids, const char *where,
			   struct error *err);
