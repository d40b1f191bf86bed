/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, and the numbers in them, parsed strictly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/macro.h"

bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
/* NULL is as good as "": engines leave out what is empty, or do not. */
static inline bool str_is_empty(const char *s)
{
	return !s || !*s;
}
static inline const char *str_or_empty(const char *s)
{
	return s ? s : "";
}
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
/* Control characters (C0, DEL, and C1 in UTF-8) become blanks: for a terminal. In place. */
void str_make_plain(char *s);

/* Whole string, base 10, no blanks, in range; else -EINVAL or -ERANGE. */
int str_to_i64(const char *s, int64_t *ret);
int str_to_u64(const char *s, uint64_t *ret);
int str_to_u32(const char *s, uint32_t *ret);
int str_to_int(const char *s, int *ret);
/* "512m", "2g", "1024", "-1": binary suffixes b k m g t p in any case, optional "b" or "ib". */
int str_to_size(const char *s, int64_t *ret);
