/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "fs/cpus.h"
#include "lib/strbuf.h"

static void assert_format(const struct cpus *c, const char *text)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	cpus_format(c, &b);
	assert_string_equal(strbuf_str(&b), text);
}

static void cpus_parse__round_trip(void **state)
{
	static const char *const lists[] = {"",	   "0",	      "0-3",	   "0,2",
					    "1-2", "0-1,4-7", "63-64,100", "8191"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct cpus c;

		assert_int_equal(cpus_parse(&c, lists[i]), 0);
		assert_format(&c, lists[i]);
	}
}

static void cpus_parse__refuses(void **state)
{
	struct cpus c;

	(void)state;
	assert_int_equal(cpus_parse(&c, "a"), -EINVAL);
	assert_int_equal(cpus_parse(&c, "3-1"), -EINVAL);
	assert_int_equal(cpus_parse(&c, "0-"), -EINVAL);
	assert_int_equal(cpus_parse(&c, "0 1"), -EINVAL);
	assert_int_equal(cpus_parse(&c, "8192"), -ERANGE);
	assert_int_equal(cpus_parse(&c, "0-99999999999999999999"), -ERANGE);
}

static void cpus_keep_first__lowest(void **state)
{
	struct cpus c;

	(void)state;
	assert_int_equal(cpus_parse(&c, "2-3,70,90\n"), 0);
	assert_int_equal(cpus_count(&c), 4);
	cpus_keep_first(&c, 3);
	assert_format(&c, "2-3,70");
	cpus_keep_first(&c, 99);
	assert_format(&c, "2-3,70");
}

static void cpus_intersect__never_to_nothing(void **state)
{
	struct cpus c, with;

	(void)state;
	assert_int_equal(cpus_parse(&c, "0-3"), 0);
	assert_int_equal(cpus_parse(&with, "2-9"), 0);
	assert_true(cpus_intersect(&c, &with));
	assert_format(&c, "2-3");
	assert_int_equal(cpus_parse(&with, "7"), 0);
	assert_false(cpus_intersect(&c, &with));
	assert_format(&c, "2-3");
}

static void cpus_keep_in_mask__those_of_the_set(void **state)
{
	unsigned char mask[] = {0x0f, 0x80}, other[] = {0xf8};
	struct cpus c;

	(void)state;
	assert_int_equal(cpus_parse(&c, "1-2,14"), 0);
	assert_int_equal(cpus_keep_in_mask(&c, mask, sizeof(mask)), 2);
	assert_int_equal(mask[0], 0x06);
	assert_int_equal(mask[1], 0);
	assert_int_equal(cpus_keep_in_mask(&c, other, sizeof(other)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_parse__round_trip),
		cmocka_unit_test(cpus_parse__refuses),
		cmocka_unit_test(cpus_keep_first__lowest),
		cmocka_unit_test(cpus_intersect__never_to_nothing),
		cmocka_unit_test(cpus_keep_in_mask__those_of_the_set),
	};

	return RUN(tests);
}
