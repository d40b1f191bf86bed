/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of spec_check() share; nobody else includes this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct spec;
struct spec_id_mapping;

/* A rule looks at one thing; the first that fails ends the check. */
typedef int (*spec_check_rule)(const struct spec *s, struct error *err);

/* The rules of `linux`, also where it is absent: then no namespace is there. */
int spec_check_linux(const struct spec *s, struct error *err);
/* Both maps or none, each sound; `where` is the JSON path of the object that has them. */
int spec_check_id_mappings(const struct spec_id_mapping *uids, size_t n_uids,
			   const struct spec_id_mapping *gids, size_t n_gids, const char *where,
			   struct error *err);
/* One of a NULL-terminated list of words? NULL is not. */
bool spec_check_is_word(const char *const *words, const char *word);
