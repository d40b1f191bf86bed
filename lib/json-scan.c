/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * json-c 0.16 is a lenient parser, also with JSON_TOKENER_STRICT. Tried: it
 * takes single-quoted member names, NaN and Infinity, "1." and "-01", raw control
 * characters in strings, overlong UTF-8 and surrogates; it cuts a member name at
 * \u0000, so that "process\u0000x" would be read as "process"; and it turns every
 * integer beyond 64 bits into the largest one, with no sign of it afterwards.
 *
 * All of that can be seen in single tokens, without a grammar. So one pass over
 * the text looks at each token, and json-c is left with what it does well: how
 * tokens nest and follow one another. The pass also counts, because the memory
 * that json-c will need must be known before it is asked.
 */
#include "lib/json-scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/macro.h"

struct scan {
	const char *text;
	size_t len;
	size_t pos;
	size_t n_objects;
	size_t n_values;
	const char *why; /* set where the scan stops */
};

/* An empty read at the end gives 0, which no token accepts: NUL is refused wherever it stands.
 */
static unsigned char peek(const struct scan *s)
{
	return s->pos < s->len ? (unsigned char)s->text[s->pos] : 0;
}

static bool fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

size_t json_utf8_len(const char *str, size_t len)
{
	/* RFC 3629: the second byte is what tells overlong forms, surrogates and > U+10FFFF. */
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, len;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *s = (const unsigned char *)str;
	size_t i = 0;

	while (i < ARRAY_SIZE(forms) &&
	       !(s[0] >= forms[i].first_min && s[0] <= forms[i].first_max))
		i++;
	if (i == ARRAY_SIZE(forms) || forms[i].len > len)
		return 0;
	if (forms[i].len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
		return 0;
	for (size_t n = 2; n < forms[i].len; n++)
		if ((s[n] & 0xc0) != 0x80)
			return 0;
	return forms[i].len;
}

static bool scan_string(struct scan *s)
{
	size_t n;

	for (s->pos++; s->pos < s->len; s->pos += n) {
		if (peek(s) == '"') {
			s->pos++;
			return true;
		}
		if (s->len - s->pos >= 6 && !memcmp(s->text + s->pos, "\\u0000", 6))
			return fail(s, "NUL in a string");
		/* Whether there is such an escape is for json-c to say. */
		if (peek(s) == '\\' && ++s->pos == s->len)
			break;
		n = json_utf8_len(s->text + s->pos, s->len - s->pos);
		if (!n)
			return fail(s, "invalid UTF-8");
		if (peek(s) < ' ')
			return fail(s, "control character in a string");
	}
	return fail(s, "unterminated string");
}

static size_t scan_digits(struct scan *s)
{
	size_t start = s->pos;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->pos++;
	return s->pos - start;
}

/* The digits of an integer: at most 2^64-1, or 2^63 behind a minus sign. */
static bool fits_64_bits(const char *digits, size_t n, bool negative)
{
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t digit = (uint64_t)(digits[i] - '0');

		if (value > (limit - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	return true;
}

static bool scan_number(struct scan *s)
{
	bool negative = peek(s) == '-', integer = true;
	size_t start = s->pos + negative, n;

	s->pos = start;
	n = scan_digits(s);
	if (!n || (n > 1 && s->text[start] == '0'))
		return fail(s, "malformed number");
	if (peek(s) == '.') {
		s->pos++;
		integer = false;
		if (!scan_digits(s))
			return fail(s, "malformed number");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->pos++;
		integer = false;
		if (peek(s) == '+' || peek(s) == '-')
			s->pos++;
		if (!scan_digits(s))
			return fail(s, "malformed number");
	}
	if (integer && !fits_64_bits(s->text + start, n, negative)) {
		s->pos = start - negative;
		return fail(s, "number out of range");
	}
	return true;
}

static bool scan_word(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		if (s->len - s->pos >= n && !memcmp(s->text + s->pos, words[i], n)) {
			s->pos += n;
			return true;
		}
	}
	return fail(s, "unexpected character");
}

static bool scan_token(struct scan *s)
{
	switch (peek(s)) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
	case ':':
	case ',':
	case ']':
	case '}':
		s->pos++;
		return true;
	case '{':
		s->n_objects++;
		s->pos++;
		return true;
	case '[':
		s->pos++;
		return true;
	case '"':
		return scan_string(s);
	case '-':
	case '0' ... '9':
		return scan_number(s);
	default:
		return scan_word(s);
	}
}

/* Values and members alike are behind a comma or an opening bracket. */
static bool is_counted(unsigned char c)
{
	return c == ',' || c == '[' || c == '{';
}

int json_scan(const char *text, size_t len, const char *what, struct error *err)
{
	struct scan s = {.text = text, .len = len};

	while (s.pos < len) {
		s.n_values += is_counted(peek(&s));
		if (!scan_token(&s))
			return json_syntax_error(text, s.pos, what, s.why, err);
		if (s.n_objects > JSON_OBJECTS_MAX)
			return error_set(err, E2BIG, "%s: more than %u objects", what,
					 JSON_OBJECTS_MAX);
		if (s.n_values > JSON_VALUES_MAX)
			return error_set(err, E2BIG, "%s: more than %u values", what,
					 JSON_VALUES_MAX);
	}
	return 0;
}

int json_syntax_error(const char *text, size_t offset, const char *what, const char *why,
		      struct error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return error_set(err, EINVAL, "%s:%zu:%zu: %s", what, line, column, why);
}
