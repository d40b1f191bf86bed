/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/strbuf.h"

static void strbuf_str__empty(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	(void)state;
	assert_string_equal(strbuf_str(&b), "");
}

static void strbuf_add__all_kinds(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	(void)state;
	strbuf_add(&b, "ab", 2);
	strbuf_adds(&b, "cd");
	strbuf_addc(&b, 'e');
	strbuf_addf(&b, "%d", 12);
	assert_string_equal(strbuf_str(&b), "abcde12");
	assert_int_equal(b.len, 7);
}

static void strbuf_addu__as_printf(void **state)
{
	static const uint64_t numbers[] = {0, 7, 10, 4711, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (unsigned int width = 0; width <= STRBUF_DIGITS; width++) {
			_cleanup_strbuf_ struct strbuf got = STRBUF_EMPTY, want = STRBUF_EMPTY;

			strbuf_addu(&got, numbers[i], width);
			strbuf_addf(&want, "%*llu", (int)width, (unsigned long long)numbers[i]);
			assert_string_equal(strbuf_str(&got), strbuf_str(&want));
		}
}

static void strbuf_addf__long_text(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	(void)state;
	strbuf_addf(&b, "%5000d", 1);
	assert_int_equal(b.len, 5000);
	assert_int_equal(strlen(b.s), 5000);
}

static void strbuf_add__limit_is_inclusive(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {.max = 4};

	(void)state;
	strbuf_adds(&b, "1234");
	assert_false(b.failed);
	strbuf_addc(&b, '5');
	assert_true(b.failed);
	assert_string_equal(strbuf_str(&b), "1234");
}

static void strbuf_add__nothing_after_failure(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {.max = 4};

	(void)state;
	strbuf_adds(&b, "12345");
	strbuf_addf(&b, "%d", 1);
	strbuf_adds(&b, "1");
	assert_true(b.failed);
	assert_string_equal(strbuf_str(&b), "");
}

static void strbuf_reset__makes_it_usable(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {.max = 4};

	(void)state;
	strbuf_adds(&b, "12345");
	strbuf_reset(&b);
	strbuf_adds(&b, "12");
	assert_false(b.failed);
	assert_string_equal(strbuf_str(&b), "12");
}

static void strbuf_take__gives_and_empties(void **state)
{
	struct strbuf b = STRBUF_EMPTY;
	_cleanup_free_ char *s = NULL, *none = NULL;

	(void)state;
	strbuf_adds(&b, "text");
	s = strbuf_take(&b);
	assert_string_equal(s, "text");
	assert_int_equal(b.len, 0);
	none = strbuf_take(&b);
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_str__empty),
		cmocka_unit_test(strbuf_add__all_kinds),
		cmocka_unit_test(strbuf_addu__as_printf),
		cmocka_unit_test(strbuf_addf__long_text),
		cmocka_unit_test(strbuf_add__limit_is_inclusive),
		cmocka_unit_test(strbuf_add__nothing_after_failure),
		cmocka_unit_test(strbuf_reset__makes_it_usable),
		cmocka_unit_test(strbuf_take__gives_and_empties),
	};

	return RUN(tests);
}
