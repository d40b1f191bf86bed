/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the text of procfs and cgroupfs. Pure; no text can make it fail or read on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No limit: "max", "-1", and what v1 shows in its place. */
#define PROCTEXT_UNLIMITED UINT64_MAX

/* The line behind this one; NULL at the end. */
const char *proctext_next_line(const char *line);
/*
 * A decimal number behind blanks; *s then stands behind it. False when there is
 * none (nothing changes). Too large a number is UINT64_MAX.
 */
bool proctext_u64(const char **s, uint64_t *ret);
/* As proctext_u64(), with "max" and "-1" for PROCTEXT_UNLIMITED. */
bool proctext_limit(const char **s, uint64_t *ret);
/* What follows this word at the begin of the line, and a blank or ':' behind it; or NULL. */
const char *proctext_after(const char *line, const char *word);

/* Lines "key value" or "Key:   value kB" into the uint64_t members of a struct. */
struct proctext_field {
	const char *key;
	size_t offset;
};
/*
 * Members whose key is absent stay as they are; of a key that stands twice, the first counts.
 * Fastest in the order of the text.
 */
void proctext_fields(const char *text, const struct proctext_field *fields, size_t n_fields,
		     void *ret);

/*
 * Which row of a table each line of a text belongs to. A kernel does not change the keys of
 * /proc/vmstat while it runs, so they are looked for once.
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
/* Line number `line`, which begins at `text`: its row; keys->n: none. */
size_t proctext_row(struct proctext_lines *lines, size_t line, const char *text,
		    const struct proctext_keys *keys);
