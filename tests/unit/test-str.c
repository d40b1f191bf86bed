/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/str.h"
#include "lib/strv.h"

static void assert_vector(char *const *v, const char *joined)
{
	_cleanup_free_ char *s = strv_join(v, ",");

	assert_string_equal(s, joined);
}

static void str_eq__nulls(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq("", NULL));
	assert_false(str_eq(NULL, "a"));
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "b"));
}

static void str_has_prefix_and_suffix(void **state)
{
	(void)state;
	assert_true(str_has_prefix("abc", "ab"));
	assert_false(str_has_prefix("a", "ab"));
	assert_true(str_has_suffix("abc", "bc"));
	assert_false(str_has_suffix("c", "bc"));
	assert_true(str_has_suffix("c", ""));
}

static void strv__null_is_empty(void **state)
{
	(void)state;
	assert_int_equal(strv_len(NULL), 0);
	assert_false(strv_contains(NULL, "a"));
	assert_null(strv_copy(NULL));
	assert_int_equal(strv_remove(NULL, "a"), 0);
	assert_null(strv_env_get(NULL, "A"));
	strv_free(NULL);
	assert_vector(NULL, "");
}

static void strv_add__copies(void **state)
{
	_cleanup_(strv_freep) char **v = NULL;
	char text[] = "one";

	(void)state;
	strv_add(&v, text);
	text[0] = 'X';
	strv_take(&v, xstrdup("two"));
	assert_int_equal(strv_len(v), 2);
	assert_vector(v, "one,two");
	assert_true(strv_contains(v, "two"));
	assert_false(strv_contains(v, "tw"));
}

static void strv_copy__is_independent(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split("a b", " "), **w = strv_copy(v);

	(void)state;
	v[0][0] = 'X';
	assert_vector(w, "a,b");
}

static void strv_remove__all_equal(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split("a b a c a", " ");

	(void)state;
	assert_int_equal(strv_remove(v, "a"), 3);
	assert_vector(v, "b,c");
	assert_int_equal(strv_remove(v, "x"), 0);
}

/* It took a minute and a half when each word was looked for the end of all before it. */
static void strv_split__many(void **state)
{
	enum {
		N = 1000000
	};
	_cleanup_free_ char *text = xmalloc(2 * N + 1);
	_cleanup_(strv_freep) char **v = NULL;

	(void)state;
	for (size_t i = 0; i < N; i++)
		memcpy(text + 2 * i, "a\n", 2);
	text[2 * N] = '\0';
	(void)alarm(20);
	v = strv_split(text, "\n");
	(void)alarm(0);
	assert_int_equal(strv_len(v), N);
}

static void strv_split__drops_empty_fields(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split(",,a;b,", ",;");

	(void)state;
	assert_vector(v, "a,b");
	assert_null(strv_split("", ","));
	assert_null(strv_split(",,", ","));
}

static void strv_env_get__last_counts(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split("A=1 AB=2 A=3 C", " ");

	(void)state;
	assert_string_equal(strv_env_get(v, "A"), "3");
	assert_string_equal(strv_env_get(v, "AB"), "2");
	assert_null(strv_env_get(v, "C"));
	assert_null(strv_env_get(v, "B"));
}

static void strv_env_dedup__last_stays_in_its_place(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split("A=1 B=2 A=3 AB=4 A=5 B=", " ");

	(void)state;
	strv_env_dedup(v);
	assert_vector(v, "AB=4,A=5,B=");
	strv_env_dedup(v);
	assert_vector(v, "AB=4,A=5,B=");
	strv_env_dedup(NULL);
}

static void strv_env_set__replaces_in_place(void **state)
{
	_cleanup_(strv_freep) char **v = strv_split("A=1 B=2 A=3", " ");

	(void)state;
	strv_env_set(&v, "A", "x=y");
	assert_vector(v, "A=x=y,B=2");
	strv_env_set(&v, "C", "");
	assert_vector(v, "A=x=y,B=2,C=");
}

static void str_to_i64__limits(void **state)
{
	int64_t v = 77;

	(void)state;
	assert_int_equal(str_to_i64("-9223372036854775808", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(str_to_i64("9223372036854775807", &v), 0);
	assert_true(v == INT64_MAX);
	v = 77;
	assert_int_equal(str_to_i64("9223372036854775808", &v), -ERANGE);
	assert_int_equal(str_to_i64("-9223372036854775809", &v), -ERANGE);
	assert_true(v == 77);
}

static void str_to_u64__strict(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1.0", "1k", "a"};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(str_to_u64(bad[i], &v), -EINVAL);
	assert_int_equal(str_to_u64("18446744073709551616", &v), -ERANGE);
	assert_int_equal(str_to_u64("184467440737095516160x", &v), -EINVAL);
	assert_true(v == 77);
	assert_int_equal(str_to_u64("18446744073709551615", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_to_u64("007", &v), 0);
	assert_true(v == 7);
}

static void str_to_u32_and_int__limits(void **state)
{
	uint32_t u;
	int i;

	(void)state;
	assert_int_equal(str_to_u32("4294967295", &u), 0);
	assert_true(u == UINT32_MAX);
	assert_int_equal(str_to_u32("4294967296", &u), -ERANGE);
	assert_int_equal(str_to_int("-2147483648", &i), 0);
	assert_int_equal(i, INT32_MIN);
	assert_int_equal(str_to_int("2147483648", &i), -ERANGE);
	assert_int_equal(str_to_int("--1", &i), -EINVAL);
}

static void str_to_size__suffixes(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"1024", 1024},
		{"-1", -1},
		{"10b", 10},
		{"512m", 512 << 20},
		{"2G", INT64_C(2) << 30},
		{"1kb", 1024},
		{"1KiB", 1024},
		{"3t", INT64_C(3) << 40},
		{"1p", INT64_C(1) << 50},
	};
	static const char *const bad[] = {"",	"m",   "1x",  "1mm", "1.5g",
					  "-2", "1 m", "1bb", "1ki"};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(str_to_size(good[i].text, &v), 0);
		assert_true(v == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(str_to_size(bad[i], &v), -EINVAL);
	assert_int_equal(str_to_size("9000p", &v), -ERANGE);
}

static void str_make_plain__no_control_characters(void **state)
{
	char text[] = "a\x1b[2J\a\r\n\x7f\xc2\x9b\xc2\xa0\xc3\x9b\xc2";

	(void)state;
	str_make_plain(text);
	assert_string_equal(text, "a [2J      \xc2\xa0\xc3\x9b\xc2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_eq__nulls),
		cmocka_unit_test(str_has_prefix_and_suffix),
		cmocka_unit_test(strv__null_is_empty),
		cmocka_unit_test(strv_add__copies),
		cmocka_unit_test(strv_copy__is_independent),
		cmocka_unit_test(strv_remove__all_equal),
		cmocka_unit_test(strv_split__many),
		cmocka_unit_test(strv_split__drops_empty_fields),
		cmocka_unit_test(strv_env_get__last_counts),
		cmocka_unit_test(strv_env_dedup__last_stays_in_its_place),
		cmocka_unit_test(strv_env_set__replaces_in_place),
		cmocka_unit_test(str_to_i64__limits),
		cmocka_unit_test(str_to_u64__strict),
		cmocka_unit_test(str_to_u32_and_int__limits),
		cmocka_unit_test(str_make_plain__no_control_characters),
		cmocka_unit_test(str_to_size__suffixes),
	};

	return RUN(tests);
}
