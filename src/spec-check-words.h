/* SPDX-License-Identifier: Apache-2.0 */
/* What a value may look like, whichever rule asks; `where` is its JSON path. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/str.h"

struct maybe_u64;

/* How a broken rule ends. */
#define invalid(err, ...) error_set((err), EINVAL, __VA_ARGS__)

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
