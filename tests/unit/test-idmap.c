/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/idmap.h"

static void assert_refused(const struct idmap_list *l, int errnum, const char *part)
{
	struct error err;

	assert_int_equal(idmap_check(l, "uidMappings", &err), -errnum);
	assert_non_null(strstr(err.text, part));
	assert_non_null(strstr(err.text, "uidMappings"));
}

static void idmap_to__both_ways(void **state)
{
	struct idmap m = IDMAP_EMPTY;

	(void)state;
	idmap_add(&m.uids, 0, 100000, 1000);
	idmap_add(&m.uids, 1000, 5, 1);
	assert_int_equal(idmap_to_outside(&m.uids, 0), 100000);
	assert_int_equal(idmap_to_outside(&m.uids, 999), 100999);
	assert_int_equal(idmap_to_outside(&m.uids, 1000), 5);
	assert_true(idmap_to_outside(&m.uids, 1001) == IDMAP_NONE);
	assert_int_equal(idmap_to_inside(&m.uids, 100999), 999);
	assert_int_equal(idmap_to_inside(&m.uids, 5), 1000);
	assert_true(idmap_to_inside(&m.uids, 101000) == IDMAP_NONE);
	assert_true(idmap_to_inside(&m.gids, 0) == IDMAP_NONE);
	idmap_done(&m);
}

static void idmap_to__the_whole_range(void **state)
{
	struct idmap_list l = {0};

	(void)state;
	idmap_add(&l, 0, 0, UINT32_MAX);
	assert_true(idmap_to_outside(&l, UINT32_MAX - 1) == UINT32_MAX - 1);
	assert_true(idmap_to_outside(&l, UINT32_MAX) == IDMAP_NONE);
	free(l.extents);
}

static void idmap_check__good(void **state)
{
	struct idmap_list l = {0};
	struct error err;

	(void)state;
	assert_int_equal(idmap_check(&l, "x", &err), 0);
	idmap_add(&l, 0, 100000, 65536);
	idmap_add(&l, 65536, 0, 1);
	idmap_add(&l, 65537, UINT32_MAX - 1, 1);
	assert_int_equal(idmap_check(&l, "x", &err), 0);
	free(l.extents);
}

static void idmap_check__empty_extent(void **state)
{
	struct idmap_extent e = {0, 1000, 0};

	(void)state;
	assert_refused(&(struct idmap_list){&e, 1}, EINVAL, "size is 0");
}

static void idmap_check__overflow(void **state)
{
	struct idmap_extent inside = {UINT32_MAX - 1, 0, 2}, outside = {0, UINT32_MAX, 1};

	(void)state;
	assert_refused(&(struct idmap_list){&inside, 1}, EINVAL, "beyond");
	assert_refused(&(struct idmap_list){&outside, 1}, EINVAL, "beyond");
}

static void idmap_check__overlap(void **state)
{
	struct idmap_extent inside[] = {{0, 1000, 10}, {9, 5000, 1}};
	struct idmap_extent outside[] = {{0, 1000, 10}, {10, 1009, 1}};
	struct idmap_extent around[] = {{5, 1000, 1}, {0, 5000, 10}};

	(void)state;
	assert_refused(&(struct idmap_list){inside, 2}, EINVAL, "overlaps");
	assert_refused(&(struct idmap_list){outside, 2}, EINVAL, "overlaps");
	assert_refused(&(struct idmap_list){around, 2}, EINVAL, "overlaps");
}

static void idmap_check__too_many(void **state)
{
	struct idmap_list l = {0};
	struct error err;

	(void)state;
	for (uint32_t i = 0; i < IDMAP_MAX_EXTENTS; i++)
		idmap_add(&l, i, i, 1);
	assert_int_equal(idmap_check(&l, "x", &err), 0);
	idmap_add(&l, 1000, 1000, 1);
	assert_refused(&l, E2BIG, "341");
	free(l.extents);
}

static void idmap_check__more_than_a_page(void **state)
{
	struct idmap_list l = {0};

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		idmap_add(&l, 1000000000 + i, 1000000000 + i, 1);
	assert_refused(&l, E2BIG, "page");
	free(l.extents);
}

static void idmap_format__parses_back(void **state)
{
	struct idmap_list l = {0}, back;
	_cleanup_free_ char *text = NULL, *again = NULL;

	(void)state;
	idmap_add(&l, 0, 100000, 65536);
	idmap_add(&l, 70000, 4294967294, 1);
	text = idmap_format(&l);
	assert_string_equal(text, "0 100000 65536\n70000 4294967294 1\n");
	assert_int_equal(idmap_parse(&back, text), 0);
	again = idmap_format(&back);
	assert_string_equal(again, text);
	free(l.extents);
	free(back.extents);
}

static void idmap_parse__as_the_kernel_shows_it(void **state)
{
	struct idmap_list l;

	(void)state;
	assert_int_equal(idmap_parse(&l, "         0          0 4294967295\n"), 0);
	assert_int_equal(l.n_extents, 1);
	assert_true(l.extents[0].size == UINT32_MAX);
	free(l.extents);
}

static void idmap_parse__bad(void **state)
{
	static const char *const bad[] = {"0 1", "0 1 2 3", "a b c", "0 1 -1", "0\n1\n2"};
	struct idmap_list l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(idmap_parse(&l, bad[i]), -EINVAL);
	assert_int_equal(idmap_parse(&l, "0 0 1\n0 0 4294967296"), -ERANGE);
}

static void idmap_equal__order_does_not_count(void **state)
{
	struct idmap a = IDMAP_EMPTY, b = IDMAP_EMPTY, c = IDMAP_EMPTY;

	(void)state;
	idmap_add(&a.uids, 0, 1000, 1);
	idmap_add(&a.uids, 1, 5000, 1);
	idmap_add(&b.uids, 1, 5000, 1);
	idmap_add(&b.uids, 0, 1000, 1);
	assert_true(idmap_equal(&a, &b));
	idmap_copy(&c, &a);
	assert_true(idmap_equal(&a, &c));
	idmap_add(&c.gids, 0, 1, 1);
	assert_false(idmap_equal(&a, &c));
	assert_true(idmap_is_empty(&(struct idmap)IDMAP_EMPTY));
	assert_false(idmap_is_empty(&a));
	idmap_done(&a);
	idmap_done(&b);
	idmap_done(&c);
	assert_true(idmap_is_empty(&c));
}

static void idmap_read__own(void **state)
{
	struct idmap m;

	(void)state;
	assert_int_equal(idmap_read(&m, getpid()), 0);
	assert_true(m.uids.n_extents > 0);
	assert_true(idmap_to_inside(&m.uids, getuid()) != IDMAP_NONE);
	idmap_done(&m);
	assert_int_equal(idmap_read(&m, 0x7ffffff0), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idmap_to__both_ways),
		cmocka_unit_test(idmap_to__the_whole_range),
		cmocka_unit_test(idmap_check__good),
		cmocka_unit_test(idmap_check__empty_extent),
		cmocka_unit_test(idmap_check__overflow),
		cmocka_unit_test(idmap_check__overlap),
		cmocka_unit_test(idmap_check__too_many),
		cmocka_unit_test(idmap_check__more_than_a_page),
		cmocka_unit_test(idmap_format__parses_back),
		cmocka_unit_test(idmap_parse__as_the_kernel_shows_it),
		cmocka_unit_test(idmap_parse__bad),
		cmocka_unit_test(idmap_equal__order_does_not_count),
		cmocka_unit_test(idmap_read__own),
	};

	return RUN(tests);
}
