/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/resource.h>

#include "lib/spawn.h"

static void xmalloc__zero_bytes(void **state)
{
	_cleanup_free_ void *p = xmalloc(0);

	(void)state;
	assert_non_null(p);
}

static void xcalloc__is_zeroed(void **state)
{
	_cleanup_free_ char *p = xcalloc(10, 10);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
}

static void xstrdup__null(void **state)
{
	(void)state;
	assert_null(xstrdup(NULL));
}

static void xstrndup__stops_at_nul(void **state)
{
	_cleanup_free_ char *s = xstrndup("ab", 10), *t = xstrndup("abcdef", 3);

	(void)state;
	assert_string_equal(s, "ab");
	assert_string_equal(t, "abc");
}

static void xasprintf__formats(void **state)
{
	_cleanup_free_ char *s = xasprintf("%d-%s", 7, "x");

	(void)state;
	assert_string_equal(s, "7-x");
}

static void array_add__keeps_elements(void **state)
{
	int *a = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int *slot = array_add((void **)&a, &n, sizeof(*a));

		assert_int_equal(*slot, 0);
		*slot = i;
	}
	assert_int_equal(n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(a[i], i);
	free(a);
}

static void array_add__zeroes_reused_slots(void **state)
{
	int *a = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		*(int *)array_add((void **)&a, &n, sizeof(*a)) = 9;
	n = 2;
	assert_int_equal(*(int *)array_add((void **)&a, &n, sizeof(*a)), 0);
	free(a);
}

static int overflow(void *arg)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	close(STDERR_FILENO);
	free(xrealloc(NULL, SIZE_MAX / 2, *(size_t *)arg));
	return 0;
}

static void xrealloc__overflow_aborts(void **state)
{
	size_t four = 4;

	(void)state;
	/* The child died: of SIGABRT, or with ASan's word about the size. */
	assert_true(spawn_call(overflow, &four) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xmalloc__zero_bytes),
		cmocka_unit_test(xcalloc__is_zeroed),
		cmocka_unit_test(xstrdup__null),
		cmocka_unit_test(xstrndup__stops_at_nul),
		cmocka_unit_test(xasprintf__formats),
		cmocka_unit_test(array_add__keeps_elements),
		cmocka_unit_test(array_add__zeroes_reused_slots),
		cmocka_unit_test(xrealloc__overflow_aborts),
	};

	return RUN(tests);
}
