/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "fs/proctext.h"

static void proctext_u64__bounds(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
		const char *rest;
	} cases[] = {
		{"0", 0, ""},
		{"  17 kB", 17, " kB"},
		{"18446744073709551615x", UINT64_MAX, "x"},
		{"18446744073709551616\n", UINT64_MAX, "\n"},
		{"99999999999999999999999 1", UINT64_MAX, " 1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *s = cases[i].text;
		uint64_t n = 5;

		assert_true(proctext_u64(&s, &n));
		assert_true(n == cases[i].want);
		assert_string_equal(s, cases[i].rest);
	}
}

static void proctext_u64__no_number(void **state)
{
	const char *s = " -1";
	uint64_t n = 5;

	(void)state;
	assert_false(proctext_u64(&s, &n));
	assert_string_equal(s, " -1");
	assert_int_equal(n, 5);
	assert_true(proctext_limit(&s, &n));
	assert_true(n == PROCTEXT_UNLIMITED);
	s = "max 100000\n";
	assert_true(proctext_limit(&s, &n));
	assert_string_equal(s, " 100000\n");
}

struct pair {
	uint64_t a, b;
};
static const struct proctext_field fields[] = {
	{"a", offsetof(struct pair, a)},
	{"long name", offsetof(struct pair, b)},
};

static void proctext_fields__keys_are_whole_words(void **state)
{
	struct pair p = {1, 2};

	(void)state;
	proctext_fields("ab 7\naa: 8\n\nlong name:   9 kB\na 10", fields, ARRAY_SIZE(fields),
			&p);
	assert_int_equal(p.a, 10);
	assert_int_equal(p.b, 9 * 1024);
}

static void proctext_fields__absent_stays(void **state)
{
	struct pair p = {1, 2};

	(void)state;
	proctext_fields("", fields, ARRAY_SIZE(fields), &p);
	proctext_fields("a none\n", fields, ARRAY_SIZE(fields), &p);
	assert_int_equal(p.a, 1);
	assert_int_equal(p.b, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proctext_u64__bounds),
		cmocka_unit_test(proctext_u64__no_number),
		cmocka_unit_test(proctext_fields__keys_are_whole_words),
		cmocka_unit_test(proctext_fields__absent_stays),
	};

	return RUN(tests);
}
