/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/proctext.h"

#include <string.h>

const char *proctext_next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool proctext_u64(const char **s, uint64_t *ret)
{
	const char *p = skip_blanks(*s);
	bool is_too_large = false;
	uint64_t n = 0;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++)
		is_too_large |= __builtin_mul_overflow(n, 10, &n) ||
				__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	*s = p;
	*ret = is_too_large ? UINT64_MAX : n;
	return true;
}

bool proctext_limit(const char **s, uint64_t *ret)
{
	static const char *const words[] = {"max", "-1"};
	const char *p = skip_blanks(*s);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strncmp(p, words[i], strlen(words[i])) != 0)
			continue;
		*s = p + strlen(words[i]);
		*ret = PROCTEXT_UNLIMITED;
		return true;
	}
	return proctext_u64(s, ret);
}

const char *proctext_after(const char *line, const char *word)
{
	for (; *word; word++, line++)
		if (*line != *word)
			return NULL;
	if (*line == ':')
		return line + 1;
	return *line == ' ' || *line == '\t' ? line : NULL;
}

/* Most texts are in the order of the table: look after the last hit first. */
static const struct proctext_field *find(const char *line, const struct proctext_field *fields,
					 size_t n_fields, size_t *next, const char **ret_value)
{
	for (size_t i = 0; i < n_fields; i++) {
		const struct proctext_field *f = &fields[(*next + i) % n_fields];

		*ret_value = proctext_after(line, f->key);
		if (!*ret_value)
			continue;
		*next = (size_t)(f - fields) + 1;
		return f;
	}
	return NULL;
}

void proctext_fields(const char *text, const struct proctext_field *fields, size_t n_fields,
		     void *ret)
{
	size_t next = 0, n_left = n_fields;

	for (const char *line = text; line && *line && n_left > 0;
	     line = proctext_next_line(line)) {
		const char *value;
		const struct proctext_field *f = find(line, fields, n_fields, &next, &value);
		uint64_t n;

		if (!f || !proctext_u64(&value, &n))
			continue;
		n_left--;
		if (strncmp(value, " kB", 3) == 0 && __builtin_mul_overflow(n, 1024, &n))
			n = UINT64_MAX;
		memcpy((char *)ret + f->offset, &n, sizeof(n));
	}
}

/* The row of a line: the same as last time, if it still fits. */
size_t proctext_row(struct proctext_lines *lines, size_t line, const char *text,
		    const struct proctext_keys *keys)
{
	bool is_known = line < lines->n;
	size_t row = is_known ? lines->rows[line] : keys->n;

	if (is_known && (row == keys->n || proctext_after(text, keys->key_of(row))))
		return row;
	for (row = 0; row < keys->n; row++)
		if (proctext_after(text, keys->key_of(row)))
			break;
	if (line == lines->n && line < PROCTEXT_LINES_MAX)
		lines->rows[lines->n++] = (uint16_t)row;
	return row;
}
