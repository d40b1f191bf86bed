/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexical fence in front of json-c: what JSON's grammar (RFC 8259) forbids
 * inside one token, and how much a document may hold. lib/json*.c only.
 */
#pragma once

#include <stddef.h>

#include "lib/error.h"

/*
 * json-c spends about 0.75 KiB on an empty object and 60 bytes on a number, so
 * that a short text could ask for gigabytes. A large real config.json has 2000
 * values in 200 objects.
 */
#define JSON_OBJECTS_MAX (1u << 16)
#define JSON_VALUES_MAX	 (1u << 18)

/*
 * Is every token of the text well formed, in range, valid UTF-8 and free of NUL?
 * Says nothing about how the tokens follow one another.
 */
int json_scan(const char *text, size_t len, const char *what, struct error *err);
/* A syntax error at a byte offset, as "WHAT:LINE:COLUMN: why"; columns count characters. */
int json_syntax_error(const char *text, size_t offset, const char *what, const char *why,
		      struct error *err);
/* Length in bytes of the character at s (1 to 4), or 0 where it is not valid UTF-8. */
size_t json_utf8_len(const char *s, size_t len);
