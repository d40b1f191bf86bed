/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcmp(s + len - n, suffix) == 0;
}

void str_make_plain(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p; p++) {
		bool is_c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		if (*p < ' ' || *p == 0x7f || is_c1)
			*p = ' ';
		if (is_c1)
			*++p = ' ';
	}
}

/* strtoull(3) takes blanks, signs and empty strings: all refused here. */
static int parse_digits(const char *s, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0;
	const char *p;

	for (p = s; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	if (p == s)
		return -EINVAL;
	*ret = v;
	*ret_end = p;
	return 0;
}

static int parse_whole(const char *s, uint64_t max, uint64_t *ret)
{
	const char *end;
	uint64_t v;
	int r = parse_digits(s, &v, &end);

	/* "99999999999999999999x" is no number at all rather than a large one. */
	if (r == -ERANGE && s[strspn(s, "0123456789")])
		return -EINVAL;
	if (r < 0)
		return r;
	if (*end)
		return -EINVAL;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_to_u64(const char *s, uint64_t *ret)
{
	return parse_whole(s, UINT64_MAX, ret);
}

int str_to_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int r = parse_whole(s + negative, (uint64_t)INT64_MAX + negative, &v);

	if (r < 0)
		return r;
	/* Unsigned negation, as -INT64_MIN does not exist. */
	*ret = (int64_t)(negative ? 0 - v : v);
	return 0;
}

int str_to_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = parse_whole(s, UINT32_MAX, &v);

	if (r < 0)
		return r;
	*ret = (uint32_t)v;
	return 0;
}

int str_to_int(const char *s, int *ret)
{
	int64_t v;
	int r = str_to_i64(s, &v);

	if (r < 0)
		return r;
	if (v < INT_MIN || v > INT_MAX)
		return -ERANGE;
	*ret = (int)v;
	return 0;
}

/* The power of 1024 of a suffix that is complete ("", "m", "mb", "mib"), or -EINVAL. */
static int size_exponent(const char *suffix)
{
	static const char letters[] = "bkmgtp";
	const char *letter;

	if (!*suffix)
		return 0;
	letter = strchr(letters, tolower((unsigned char)*suffix));
	if (!letter)
		return -EINVAL;
	suffix++;
	if (letter == letters)
		return *suffix ? -EINVAL : 0;
	if (*suffix && strcasecmp(suffix, "b") != 0 && strcasecmp(suffix, "ib") != 0)
		return -EINVAL;
	return (int)(letter - letters);
}

int str_to_size(const char *s, int64_t *ret)
{
	const char *end;
	uint64_t v;
	int r;

	/* The one negative size: "no limit". */
	if (strcmp(s, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	r = parse_digits(s, &v, &end);
	if (r < 0)
		return r;
	r = size_exponent(end);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(v, UINT64_C(1) << (10 * r), &v) || v > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}
