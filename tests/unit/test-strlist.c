/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

#include "lib/strlist.h"
#include "lib/strv.h"

#define MANY 200000

static void strlist_take__terminated_after_each(void **state)
{
	_cleanup_strlist_ struct strlist l = {0};

	(void)state;
	assert_null(l.v);
	for (size_t i = 0; i < 9; i++) {
		strlist_take(&l, xasprintf("%zu", i));
		assert_int_equal(l.n, i + 1);
		assert_int_equal(strv_len(l.v), i + 1);
	}
	assert_string_equal(l.v[8], "8");
}

static void strlist_split__fields(void **state)
{
	_cleanup_strlist_ struct strlist l = {0}, none = {0};

	(void)state;
	strlist_split(&l, "\nb\na\n\n", "\n");
	assert_int_equal(l.n, 2);
	strlist_take(&l, xstrdup("c"));
	assert_int_equal(strv_len(l.v), 3);
	strlist_split(&none, "\n", "\n");
	assert_int_equal(none.n, 0);
	strlist_take(&none, xstrdup("x"));
	assert_int_equal(strv_len(none.v), 1);
}

static void strlist_has__of_a_sorted_one(void **state)
{
	_cleanup_strlist_ struct strlist l = {0}, none = {0};

	(void)state;
	strlist_split(&l, "b d a c", " ");
	strlist_sort(&l);
	assert_string_equal(l.v[0], "a");
	assert_true(strlist_has(&l, "d"));
	assert_false(strlist_has(&l, "dd"));
	strlist_sort(&none);
	assert_false(strlist_has(&none, ""));
}

static void strlist_steal__leaves_an_empty_one(void **state)
{
	_cleanup_(strv_freep) char **v = NULL;
	struct strlist l = {0};

	(void)state;
	assert_null(strlist_steal(&l));
	strlist_take(&l, xstrdup("a"));
	v = strlist_steal(&l);
	assert_int_equal(strv_len(v), 1);
	assert_null(l.v);
	assert_int_equal(l.n, 0);
}

/* A walk along the list for each element would take minutes. */
static void strlist__many(void **state)
{
	_cleanup_strlist_ struct strlist l = {0};
	const clock_t begin = clock();
	char key[16];

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		strlist_take(&l, xasprintf("%zu", MANY - i));
	strlist_sort(&l);
	for (size_t i = 1; i <= MANY; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		assert_true(strlist_has(&l, key));
	}
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strlist_take__terminated_after_each),
		cmocka_unit_test(strlist_split__fields),
		cmocka_unit_test(strlist_has__of_a_sorted_one),
		cmocka_unit_test(strlist_steal__leaves_an_empty_one),
		cmocka_unit_test(strlist__many),
	};

	return RUN(tests);
}
