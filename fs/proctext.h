/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing the text of procfs and cgroupfs. Pure; no text can make it fail or read past the
 * end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No limit: "max", "-1", and what v1 shows instead. */
#define PROCTEXT_UNLIMITED UINT64_MAX

/* The line after this one; NULL at the end. */
const char *proctext_next_line(const char *line);
/*
 * A decimal number after blanks; *s then points after it. False when there is none (nothing
 * changes). Too large a number becomes UINT64_MAX.
 */
bool proctext_u64(const char **s, uint64_t *ret);
/* As proctext_u64(), with "max" and "-1" for PROCTEXT_UNLIMITED. */
bool proctext_limit(const char **s, uint64_t *ret);
/* What follows this word at the start of the line, and a blank or ':' after it; or NULL. */
const char *proctext_after(const char *line, const char *word);

/* Lines "key value" or "Key:   value kB" into the uint64_t members of a struct. */
struct proctext_field {
	const char *key;
	size_t offset;
};
/*
 * Members whose key is absent stay as they are; if a key appears twice, the first counts.
 * Fastest in the order of the text.
 */
void proctext_fields(const char *text, const struct proctext_field *fields, size_t n_fields,
		     void *ret);

/*
 * Which row of a table each line of a text belongs to. A running kernel does not change the
 * keys of /proc/vmstat, so they are looked up once.
 */
#define PROCTEXT_LINES_MAX 512
struct proctext_lines {
	size_t n;
	uint16_t rows[PROCTEXT_LINES_MAX];
};
struct proctext_keys {
	const char *(*key_of)(size_t row);
	size_t n;
};
/* The row of line number `line`, which begins at `text`; keys->n: none. */
size_t proctext_row(struct proctext_lines *lines, size_t line, const char *text,
		    const struct proctext_keys *keys);
