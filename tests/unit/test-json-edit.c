/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/json-edit.h"
#include "lib/strbuf.h"

static const char *const path_program[] = {"runtimes", "sysbox-runc", "path", NULL};
static const char *const path_runtime[] = {"runtimes", "sysbox-runc", NULL};

static struct json_doc *doc(const char *text)
{
	struct json_doc *d = NULL;
	struct error err = {0};

	assert_int_equal(json_doc_parse(text, strlen(text), "daemon.json", &d, &err), 0);
	return d;
}

static void assert_text(const struct json_doc *d, const char *text)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_EMPTY;

	json_doc_print(d, &out);
	assert_string_equal(strbuf_str(&out), text);
}

static void set__makes_what_is_missing(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d = doc("");
	struct error err = {0};

	assert_true(json_doc_is_empty(d));
	assert_int_equal(json_doc_set(d, path_program, "/usr/bin/x", &err), 0);
	assert_string_equal(json_doc_get(d, path_program), "/usr/bin/x");
	assert_text(d, "{\n  \"runtimes\": {\n    \"sysbox-runc\": {\n"
		       "      \"path\": \"/usr/bin/x\"\n    }\n  }\n}\n");
}

static void set__keeps_all_else_in_its_order(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d =
		doc("{\"z\": 18446744073709551615, \"runtimes\": {\"b\": {\"path\": \"b\"}},"
		    " \"a\": 1.50, \"u\": \"\\u00e9/\", \"n\": null}");
	struct error err = {0};

	assert_int_equal(json_doc_set(d, path_program, "p", &err), 0);
	assert_text(d, "{\n  \"z\": 18446744073709551615,\n  \"runtimes\": {\n    \"b\": {\n"
		       "      \"path\": \"b\"\n    },\n    \"sysbox-runc\": {\n"
		       "      \"path\": \"p\"\n    }\n  },\n  \"a\": 1.50,\n  \"u\": \"é/\",\n"
		       "  \"n\": null\n}\n");
}

static void set__refuses_a_barred_way(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d = doc("{\"runtimes\": [1]}");
	struct error err = {0};

	assert_int_equal(json_doc_set(d, path_program, "p", &err), -EINVAL);
	assert_string_equal(err.text, "daemon.json: runtimes: must be an object");
	assert_text(d, "{\n  \"runtimes\": [\n    1\n  ]\n}\n");
}

static void remove__takes_emptied_objects_along(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d =
		doc("{\"runtimes\": {\"sysbox-runc\": {\"path\": \"p\"}}}");

	assert_true(json_doc_remove(d, path_runtime, JSON_DOC_PRUNE));
	assert_true(json_doc_is_empty(d));
	assert_false(json_doc_remove(d, path_runtime, JSON_DOC_PRUNE));
}

static void remove__keeps_neighbours(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d =
		doc("{\"runtimes\": {\"b\": 1, \"sysbox-runc\": {}}, \"x\": 2}");

	assert_true(json_doc_remove(d, path_runtime, JSON_DOC_PRUNE));
	assert_text(d, "{\n  \"runtimes\": {\n    \"b\": 1\n  },\n  \"x\": 2\n}\n");
}

static void remove__may_leave_an_empty_object(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d =
		doc("{\"runtimes\": {\"sysbox-runc\": {\"path\": \"p\"}}}");
	static const char *const runtimes[] = {"runtimes", NULL};

	assert_true(json_doc_remove(d, path_runtime, 0));
	assert_false(json_doc_has(d, path_runtime));
	assert_true(json_doc_has(d, runtimes));
}

static void get__is_null_where_there_is_no_string(void **state _unused_)
{
	_cleanup_(json_doc_freep) struct json_doc *d =
		doc("{\"runtimes\": {\"sysbox-runc\": {\"path\": 7}}}");
	static const char *const beyond[] = {"runtimes", "sysbox-runc", "path", "x", NULL};

	assert_null(json_doc_get(d, path_program));
	assert_true(json_doc_has(d, path_program));
	assert_false(json_doc_has(d, beyond));
}

static void parse__refuses_what_is_no_object(void **state _unused_)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"[]", "daemon.json: must be an object"},
		{"null", "daemon.json: must be an object"},
		{"{\n\"a\": 1,\n}", "daemon.json:3:1:"},
		{"{} x", "daemon.json:1:4:"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_doc *d = NULL;
		struct error err = {0};

		assert_true(json_doc_parse(cases[i].text, strlen(cases[i].text), "daemon.json",
					   &d, &err) < 0);
		assert_null(d);
		assert_memory_equal(err.text, cases[i].message, strlen(cases[i].message));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set__makes_what_is_missing),
		cmocka_unit_test(set__keeps_all_else_in_its_order),
		cmocka_unit_test(set__refuses_a_barred_way),
		cmocka_unit_test(remove__takes_emptied_objects_along),
		cmocka_unit_test(remove__keeps_neighbours),
		cmocka_unit_test(remove__may_leave_an_empty_object),
		cmocka_unit_test(get__is_null_where_there_is_no_string),
		cmocka_unit_test(parse__refuses_what_is_no_object),
	};

	return RUN(tests);
}
