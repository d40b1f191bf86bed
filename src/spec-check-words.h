/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by src/spec-check*.c; nobody else includes this. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/str.h"

struct maybe_u64;
struct spec;
struct spec_id_mapping;

/* How a broken rule ends. */
#define invalid(err, ...) error_set((err), EINVAL, __VA_ARGS__)

/* A rule looks at one thing; the first that fails ends the check. */
typedef int (*spec_check_rule)(const struct spec *s, struct error *err);

/* The rules of `linux`, also where it is absent: then no namespace is there. */
int spec_check_linux(const struct spec *s, struct error *err);
/* Both maps or none, each sound; `where` is the JSON path of the object that has them. */
int spec_check_id_mappings(const struct spec_id_mapping *uids, size_t n_uids,
			   const struct spec_id_mapping *gids, size_t n_gids, const char *where,
			   struct error *err);
/* The rules of the parts of `linux` that have files of their own. */
int spec_check_seccomp(const struct spec *s, struct error *err);

/* src/spec-check-words.c: what a value may look like; `where` is its JSON path. */

/* A value, where there is one, from 0 to max. */
int spec_check_max(const struct maybe_u64 *v, uint64_t max, const char *where,
		   struct error *err);
int spec_check_absolute(const char *path, const char *where, struct error *err);
/* Not empty, no blanks and no control characters: fit for a line of words. */
bool spec_check_is_one_word(const char *s);
/* One of a NULL-terminated list of words? NULL is not. */
bool spec_check_is_word(const char *const *words, const char *word);
/* "0-3,7" */
bool spec_check_is_number_list(const char *s);
/* What follows a number of at most nine digits; NULL: `s` begins with none. */
const char *spec_check_skip_number(const char *s);
