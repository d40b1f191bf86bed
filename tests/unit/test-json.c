/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "lib/json-scan.h"
#include "lib/json.h"
#include "lib/strbuf.h"

/* One struct with a member of every kind. */
struct leaf {
	char *key;
	uint32_t n;
};

struct all {
	char *string;
	char *required;
	bool boolean;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	struct maybe_bool maybe_bool;
	struct maybe_i64 maybe_i64;
	struct maybe_u64 maybe_u64;
	char **strv;
	uint32_t *u32s;
	size_t n_u32s;
	struct leaf embedded;
	struct leaf *pointer;
	struct leaf *array;
	size_t n_array;
	struct json_pair *pairs;
	size_t n_pairs;
	struct leaf *map;
	size_t n_map;
};

static const struct json_field leaf_fields[] = {
	JSON_FIELD(struct leaf, "n", U32, n, JSON_KEEP),
	{0},
};
static const struct json_type leaf_type = JSON_TYPE("leaf", struct leaf, leaf_fields);

static const struct json_field all_fields[] = {
	JSON_FIELD(struct all, "string", STRING, string, 0),
	JSON_FIELD(struct all, "required", STRING, required, JSON_REQUIRED),
	JSON_FIELD(struct all, "boolean", BOOL, boolean, 0),
	JSON_FIELD(struct all, "i32", I32, i32, 0),
	JSON_FIELD(struct all, "u32", U32, u32, 0),
	JSON_FIELD(struct all, "i64", I64, i64, 0),
	JSON_FIELD(struct all, "u64", U64, u64, 0),
	JSON_FIELD(struct all, "maybeBool", MAYBE_BOOL, maybe_bool, 0),
	JSON_FIELD(struct all, "maybeI64", MAYBE_I64, maybe_i64, 0),
	JSON_FIELD(struct all, "maybeU64", MAYBE_U64, maybe_u64, 0),
	JSON_FIELD(struct all, "strv", STRV, strv, 0),
	JSON_COUNTED(struct all, "u32s", U32S, u32s, n_u32s, NULL, 0),
	JSON_SUB(struct all, "embedded", STRUCT, embedded, &leaf_type, 0),
	JSON_SUB(struct all, "pointer", PTR, pointer, &leaf_type, 0),
	JSON_COUNTED(struct all, "array", ARRAY, array, n_array, &leaf_type, 0),
	JSON_COUNTED(struct all, "pairs", PAIRS, pairs, n_pairs, NULL, 0),
	JSON_COUNTED(struct all, "map", MAP, map, n_map, &leaf_type, 0),
	{0},
};
static const struct json_type all_type = JSON_TYPE("all", struct all, all_fields);

static void all_done(struct all *a)
{
	json_done(&all_type, a);
}

static int decode(struct all *ret, const char *text, struct error *err)
{
	return json_decode(&all_type, ret, text, strlen(text), "doc", err);
}

/* Refused with exactly this message, and nothing is left behind. */
static void assert_refused(const char *text, size_t len, int errnum, const char *message)
{
	struct all a = {0};
	const struct all zero = {0};
	struct error err = {0};
	int r = json_decode(&all_type, &a, text, len, "doc", &err);

	if (r != -errnum || strcmp(err.text, message) != 0)
		fail_msg("%.60s: %d \"%s\", but want %d \"%s\"", text, r, err.text, -errnum,
			 message);
	assert_int_equal(err.errnum, errnum);
	assert_memory_equal(&a, &zero, sizeof(a));
}

struct refusal {
	const char *text;
	int errnum;
	const char *message;
};

static void assert_all_refused(const struct refusal *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_refused(rows[i].text, strlen(rows[i].text), rows[i].errnum,
			       rows[i].message);
}

static const char full[] =
	"{\"string\":\"s\",\"required\":\"r\",\"boolean\":true,\"i32\":-2147483648,"
	"\"u32\":4294967295,\"i64\":-9223372036854775808,\"u64\":18446744073709551615,"
	"\"maybeBool\":false,\"maybeI64\":0,\"maybeU64\":9007199254740993,"
	"\"strv\":[\"a\",\"\",\"b\"],\"u32s\":[0,4294967295],\"embedded\":{\"n\":1},"
	"\"pointer\":{\"n\":2},\"array\":[{\"n\":3},{\"n\":0}],"
	"\"pairs\":{\"z\":\"1\",\"a\":\"\"},\"map\":{\"y\":{\"n\":4},\"b\":{\"n\":5}}}";

/* ---- decoding ---- */

static void json_decode__every_kind(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, full, &err), 0);
	assert_string_equal(a.string, "s");
	assert_true(a.boolean);
	assert_int_equal(a.i32, INT32_MIN);
	assert_int_equal(a.u32, UINT32_MAX);
	assert_true(a.i64 == INT64_MIN);
	assert_true(a.u64 == UINT64_MAX);
	assert_string_equal(a.strv[1], "");
	assert_string_equal(a.strv[2], "b");
	assert_null(a.strv[3]);
	assert_int_equal(a.n_u32s, 2);
	assert_int_equal(a.u32s[1], UINT32_MAX);
	assert_int_equal(a.embedded.n, 1);
	assert_int_equal(a.pointer->n, 2);
	assert_int_equal(a.n_array, 2);
	assert_int_equal(a.array[0].n, 3);
}

static void json_decode__zero_is_not_absent(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, full, &err), 0);
	assert_true(a.maybe_bool.present && !a.maybe_bool.value);
	assert_true(a.maybe_i64.present && a.maybe_i64.value == 0);
	assert_true(a.maybe_u64.present && a.maybe_u64.value == (1ull << 53) + 1);
}

static void json_decode__maps_keep_their_order(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, full, &err), 0);
	assert_int_equal(a.n_pairs, 2);
	assert_string_equal(a.pairs[0].key, "z");
	assert_string_equal(a.pairs[1].value, "");
	assert_int_equal(a.n_map, 2);
	assert_string_equal(a.map[0].key, "y");
	assert_int_equal(a.map[1].n, 5);
}

static void json_decode__null_is_absent(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(
		decode(&a,
		       "{\"required\":\"r\",\"string\":null,\"boolean\":null,\"i64\":null,"
		       "\"maybeU64\":null,\"strv\":null,\"u32s\":null,\"embedded\":null,"
		       "\"pointer\":null,\"array\":null,\"pairs\":null,\"map\":null}",
		       &err),
		0);
	assert_null(a.string);
	assert_false(a.maybe_u64.present);
	assert_null(a.strv);
	assert_null(a.pointer);
	assert_int_equal(a.n_array + a.n_u32s + a.n_pairs + a.n_map, 0);
}

static void json_decode__empty_string_is_absent(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, "{\"required\":\"\",\"string\":\"\"}", &err), 0);
	assert_null(a.string);
	assert_string_equal(a.required, "");
}

static void json_decode__empty_list_is_not_absent(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, "{\"required\":\"r\",\"strv\":[]}", &err), 0);
	assert_non_null(a.strv);
	assert_null(a.strv[0]);
}

static void json_decode__unknown_members_are_ignored(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(
		decode(&a, "{\"new\":[{\"x\":1.5e3}],\"required\":\"r\",\"New\":null}", &err),
		0);
	assert_string_equal(a.required, "r");
}

static void json_decode__last_duplicate_wins(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, "{\"required\":\"1\",\"required\":\"2\"}", &err), 0);
	assert_string_equal(a.required, "2");
}

static void json_decode__escapes(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, "{\"required\":\"\\u00e9\\ud83d\\ude00\\/\\\"\\n\"}", &err),
			 0);
	assert_string_equal(a.required, "\xc3\xa9\xf0\x9f\x98\x80/\"\n");
}

static void json_decode__wrong_types(void **state)
{
	static const struct refusal rows[] = {
		{"{\"required\":1}", EINVAL, "doc: required: must be a string, not an integer"},
		{"{\"required\":true}", EINVAL,
		 "doc: required: must be a string, not a boolean"},
		{"{\"required\":\"r\",\"boolean\":\"true\"}", EINVAL,
		 "doc: boolean: must be a boolean, not a string"},
		{"{\"required\":\"r\",\"boolean\":1}", EINVAL,
		 "doc: boolean: must be a boolean, not an integer"},
		{"{\"required\":\"r\",\"u32\":\"12\"}", EINVAL,
		 "doc: u32: must be an integer, not a string"},
		{"{\"required\":\"r\",\"u64\":true}", EINVAL,
		 "doc: u64: must be an integer, not a boolean"},
		{"{\"required\":\"r\",\"i64\":1.0}", EINVAL,
		 "doc: i64: must be an integer, not a fraction"},
		{"{\"required\":\"r\",\"maybeI64\":1e3}", EINVAL,
		 "doc: maybeI64: must be an integer, not a fraction"},
		{"{\"required\":\"r\",\"strv\":{}}", EINVAL,
		 "doc: strv: must be an array, not an object"},
		{"{\"required\":\"r\",\"pairs\":[]}", EINVAL,
		 "doc: pairs: must be an object, not an array"},
		{"[]", EINVAL, "doc: must be an object, not an array"},
		{"null", EINVAL, "doc: must be an object, not null"},
		{"12", EINVAL, "doc: must be an object, not an integer"},
	};

	(void)state;
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void json_decode__messages_say_where(void **state)
{
	static const struct refusal rows[] = {
		{"{}", EINVAL, "doc: required: is missing"},
		{"{\"required\":null}", EINVAL, "doc: required: is missing"},
		{"{\"required\":\"r\",\"strv\":[\"a\",null]}", EINVAL,
		 "doc: strv[1]: must be a string, not null"},
		{"{\"required\":\"r\",\"u32s\":[1,-1]}", ERANGE,
		 "doc: u32s[1]: -1 is out of range (0 to 4294967295)"},
		{"{\"required\":\"r\",\"array\":[{},{\"n\":\"x\"}]}", EINVAL,
		 "doc: array[1].n: must be an integer, not a string"},
		{"{\"required\":\"r\",\"pairs\":{\"a\\nb\":0}}", EINVAL,
		 "doc: pairs[\"a\\nb\"]: must be a string, not an integer"},
		{"{\"required\":\"r\",\"map\":{\"k\":{\"n\":[]}}}", EINVAL,
		 "doc: map[\"k\"].n: must be an integer, not an array"},
		{"{\"required\":\"r\",\"embedded\":{\"n\":false}}", EINVAL,
		 "doc: embedded.n: must be an integer, not a boolean"},
	};

	(void)state;
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void json_decode__ranges(void **state)
{
	static const struct refusal rows[] = {
		{"{\"required\":\"r\",\"u64\":-1}", ERANGE,
		 "doc: u64: -1 is out of range (0 to 18446744073709551615)"},
		{"{\"required\":\"r\",\"maybeU64\":-9223372036854775808}", ERANGE,
		 "doc: maybeU64: -9223372036854775808 is out of range (0 to "
		 "18446744073709551615)"},
		{"{\"required\":\"r\",\"u32\":4294967296}", ERANGE,
		 "doc: u32: 4294967296 is out of range (0 to 4294967295)"},
		{"{\"required\":\"r\",\"i32\":2147483648}", ERANGE,
		 "doc: i32: 2147483648 is out of range (-2147483648 to 2147483647)"},
		{"{\"required\":\"r\",\"i32\":-2147483649}", ERANGE,
		 "doc: i32: -2147483649 is out of range (-2147483648 to 2147483647)"},
		{"{\"required\":\"r\",\"i64\":9223372036854775808}", ERANGE,
		 "doc: i64: 9223372036854775808 is out of range "
		 "(-9223372036854775808 to 9223372036854775807)"},
		{"{\"required\":\"r\",\"u64\":18446744073709551616}", EINVAL,
		 "doc:1:23: number out of range"},
		{"{\"required\":\"r\",\"i64\":-9223372036854775809}", EINVAL,
		 "doc:1:23: number out of range"},
		{"{\"x\":99999999999999999999999999999}", EINVAL,
		 "doc:1:6: number out of range"},
	};

	(void)state;
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

/* Each of these json-c 0.16 takes, or takes for something else. */
static void json_decode__what_json_c_forgives(void **state)
{
	static const struct refusal rows[] = {
		{"{'required':\"r\"}", EINVAL, "doc:1:2: unexpected character"},
		{"{\"required\":'r'}", EINVAL, "doc:1:13: unexpected character"},
		{"{\"x\":NaN}", EINVAL, "doc:1:6: unexpected character"},
		{"{\"x\":-Infinity}", EINVAL, "doc:1:7: malformed number"},
		{"{\"x\":1.}", EINVAL, "doc:1:8: malformed number"},
		{"{\"x\":-01}", EINVAL, "doc:1:9: malformed number"},
		{"{\"x\":1e}", EINVAL, "doc:1:8: malformed number"},
		{"{\"x\":\"\x01\"}", EINVAL, "doc:1:7: control character in a string"},
		{"{\"x\":\"a\nb\"}", EINVAL, "doc:1:8: control character in a string"},
		{"{\"x\":\"\xff\"}", EINVAL, "doc:1:7: invalid UTF-8"},
		{"{\"x\":\"\xc0\x80\"}", EINVAL, "doc:1:7: invalid UTF-8"},
		{"{\"x\":\"\xed\xa0\x80\"}", EINVAL, "doc:1:7: invalid UTF-8"},
		{"{\"x\":\"\xf4\x90\x80\x80\"}", EINVAL, "doc:1:7: invalid UTF-8"},
		{"{\"x\":\"\xe2\x82\"}", EINVAL, "doc:1:7: invalid UTF-8"},
		{"{\"x\":\"a\\u0000b\"}", EINVAL, "doc:1:8: NUL in a string"},
		{"{\"required\\u0000x\":\"r\"}", EINVAL, "doc:1:11: NUL in a string"},
	};

	(void)state;
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

/* "\\u0000" is a backslash and "u0000", not a NUL. */
static void json_decode__escaped_backslash_before_u0000(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, "{\"required\":\"\\\\u0000\"}", &err), 0);
	assert_string_equal(a.required, "\\u0000");
}

static void json_decode__syntax(void **state)
{
	static const struct refusal rows[] = {
		{"", EINVAL, "doc:1:1: unexpected end"},
		{" \n", EINVAL, "doc:2:1: unexpected end"},
		{"{\"required\":\"r\"", EINVAL, "doc:1:16: unexpected end"},
		{"{\"required\":\"r", EINVAL, "doc:1:15: unterminated string"},
		{"{\"required\":\"r\\", EINVAL, "doc:1:16: unterminated string"},
		{"{\"required\":\"r\",}", EINVAL, "doc:1:17: unexpected character"},
		{"{\"required\":\"r\"}{}", EINVAL, "doc:1:17: unexpected character"},
		{"{\"required\":\"r\"}\n\n x", EINVAL, "doc:3:2: unexpected character"},
		{"// x\n{}", EINVAL, "doc:1:1: unexpected character"},
		{"{\"x\":\"\\x\"}", EINVAL, "doc:1:8: invalid string sequence"},
		{"{\"x\":\"\\u12g4\"}", EINVAL, "doc:1:11: invalid string sequence"},
		{"{\"\xc3\xa9\":\n\t tru}", EINVAL, "doc:2:3: unexpected character"},
	};

	(void)state;
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void json_decode__raw_nul(void **state)
{
	(void)state;
	assert_refused("{\"required\":\"r\"}\0", 17, EINVAL, "doc:1:17: unexpected character");
	assert_refused("{\"required\":\"r\0\"}", 17, EINVAL,
		       "doc:1:15: control character in a string");
}

static void json_decode__does_not_read_past_the_end(void **state)
{
	/* Nothing behind it: AddressSanitizer watches. */
	static const char text[] = "{\"required\":\"\\u000";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		_cleanup_free_ char *copy = xmalloc(len ? len : 1);
		struct all a = {0};
		struct error err;

		memcpy(copy, text, len);
		assert_int_equal(json_decode(&all_type, &a, copy, len, "doc", &err), -EINVAL);
	}
}

/* `open` n times, `close` n times. */
static char *nest(const char *open, const char *close, size_t n)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	strbuf_adds(&b, "{\"required\":\"r\",\"x\":");
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&b, open);
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&b, close);
	strbuf_adds(&b, "}");
	return strbuf_take(&b);
}

static void json_decode__depth(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	_cleanup_free_ char *deep = nest("[", "]", 31), *deeper = nest("[", "]", 32);
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, deep, &err), 0);
	assert_refused(deeper, strlen(deeper), EINVAL, "doc:1:52: nesting too deep");
}

/* A document `{"required":"r","NAME":[ITEM,ITEM,...]}` of n items. */
static char *list(const char *name, const char *item, size_t n)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	strbuf_addf(&b, "{\"required\":\"r\",\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "%s%s", i ? "," : "", item);
	strbuf_adds(&b, "]}");
	return strbuf_take(&b);
}

static void json_decode__too_many_elements(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	_cleanup_free_ char *most = list("u32s", "0", JSON_ITEMS_MAX);
	_cleanup_free_ char *more = list("u32s", "0", JSON_ITEMS_MAX + 1);
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, most, &err), 0);
	assert_int_equal(a.n_u32s, JSON_ITEMS_MAX);
	assert_refused(more, strlen(more), E2BIG, "doc: u32s: more than 65536 elements");
}

static void json_decode__too_many_objects(void **state)
{
	_cleanup_free_ char *text = list("x", "{}", JSON_OBJECTS_MAX);

	(void)state;
	assert_refused(text, strlen(text), E2BIG, "doc: more than 65536 objects");
}

static void json_decode__too_many_values(void **state)
{
	_cleanup_free_ char *text = list("x", "[]", JSON_VALUES_MAX);

	(void)state;
	assert_refused(text, strlen(text), E2BIG, "doc: more than 262144 values");
}

static void json_decode__too_long(void **state)
{
	_cleanup_free_ char *text = xmalloc(JSON_TEXT_MAX + 1);

	(void)state;
	memset(text, ' ', JSON_TEXT_MAX + 1);
	assert_refused(text, JSON_TEXT_MAX + 1, E2BIG, "doc: more than 16777216 bytes");
}

static void json_decode__long_keys_do_not_hide_the_reason(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	struct all a = {0};
	struct error err;

	(void)state;
	strbuf_adds(&b, "{\"required\":\"r\",\"pairs\":{\"");
	for (int i = 0; i < 2000; i++)
		strbuf_addc(&b, 'k');
	strbuf_adds(&b, "\":1}}");
	assert_int_equal(decode(&a, strbuf_str(&b), &err), -EINVAL);
	assert_non_null(strstr(err.text, ": must be a string, not an integer"));
}

/* ---- encoding ---- */

static char *encode(const struct all *a, enum json_style style)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	json_encode(&all_type, a, style, &b);
	return strbuf_take(&b);
}

static void json_encode__round_trip(void **state)
{
	_cleanup_(all_done) struct all a = {0};
	_cleanup_free_ char *text = NULL;
	struct error err;

	(void)state;
	assert_int_equal(decode(&a, full, &err), 0);
	text = encode(&a, JSON_COMPACT);
	assert_string_equal(text, full);
}

static void json_encode__leaves_out_what_is_empty(void **state)
{
	const struct all a = {0};
	_cleanup_free_ char *text = encode(&a, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"embedded\":{\"n\":0}}");
}

static void json_encode__pretty(void **state)
{
	struct leaf leaves[] = {{.n = 1}, {.n = 2}};
	char *none = NULL;
	const struct all a = {.array = leaves, .n_array = 2, .strv = &none};
	_cleanup_free_ char *text = encode(&a, JSON_PRETTY);

	(void)state;
	assert_string_equal(text, "{\n"
				  "\t\"strv\": [],\n"
				  "\t\"embedded\": {\n"
				  "\t\t\"n\": 0\n"
				  "\t},\n"
				  "\t\"array\": [\n"
				  "\t\t{\n"
				  "\t\t\t\"n\": 1\n"
				  "\t\t},\n"
				  "\t\t{\n"
				  "\t\t\t\"n\": 2\n"
				  "\t\t}\n"
				  "\t]\n"
				  "}");
}

static void assert_quoted(const char *s, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	json_quote(&b, s);
	assert_string_equal(strbuf_str(&b), want);
}

static void json_quote__escapes(void **state)
{
	(void)state;
	assert_quoted("", "\"\"");
	assert_quoted("a/b", "\"a/b\"");
	assert_quoted("\"\\\n\r\t\x01\x1f\x7f", "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f\x7f\"");
	assert_quoted("\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void json_quote__always_gives_utf8(void **state)
{
	(void)state;
	assert_quoted("a\xff", "\"a\xef\xbf\xbd\"");
	assert_quoted("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_quoted("\xc0\xaf.", "\"\xef\xbf\xbd\xef\xbf\xbd.\"");
}

static void json_pairs_get__finds(void **state)
{
	char k1[] = "a", v1[] = "1", k2[] = "b", v2[] = "2";
	const struct json_pair pairs[] = {{k1, v1}, {k2, v2}};

	(void)state;
	assert_string_equal(json_pairs_get(pairs, 2, "b"), "2");
	assert_null(json_pairs_get(pairs, 2, "c"));
	assert_null(json_pairs_get(NULL, 0, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_decode__every_kind),
		cmocka_unit_test(json_decode__zero_is_not_absent),
		cmocka_unit_test(json_decode__maps_keep_their_order),
		cmocka_unit_test(json_decode__null_is_absent),
		cmocka_unit_test(json_decode__empty_string_is_absent),
		cmocka_unit_test(json_decode__empty_list_is_not_absent),
		cmocka_unit_test(json_decode__unknown_members_are_ignored),
		cmocka_unit_test(json_decode__last_duplicate_wins),
		cmocka_unit_test(json_decode__escapes),
		cmocka_unit_test(json_decode__wrong_types),
		cmocka_unit_test(json_decode__messages_say_where),
		cmocka_unit_test(json_decode__ranges),
		cmocka_unit_test(json_decode__what_json_c_forgives),
		cmocka_unit_test(json_decode__escaped_backslash_before_u0000),
		cmocka_unit_test(json_decode__syntax),
		cmocka_unit_test(json_decode__raw_nul),
		cmocka_unit_test(json_decode__does_not_read_past_the_end),
		cmocka_unit_test(json_decode__depth),
		cmocka_unit_test(json_decode__too_many_elements),
		cmocka_unit_test(json_decode__too_many_objects),
		cmocka_unit_test(json_decode__too_many_values),
		cmocka_unit_test(json_decode__too_long),
		cmocka_unit_test(json_decode__long_keys_do_not_hide_the_reason),
		cmocka_unit_test(json_encode__round_trip),
		cmocka_unit_test(json_encode__leaves_out_what_is_empty),
		cmocka_unit_test(json_encode__pretty),
		cmocka_unit_test(json_quote__escapes),
		cmocka_unit_test(json_quote__always_gives_utf8),
		cmocka_unit_test(json_pairs_get__finds),
	};

	return RUN(tests);
}
