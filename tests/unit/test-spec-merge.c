/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/json.h"
#include "lib/strbuf.h"
#include "src/spec.h"

/* Both as JSON text; afterwards as JSON text again. */
struct merge_case {
	const char *saved;
	const char *update;
	const char *want_saved;
	const char *want_update; /* NULL: as it was */
};

static const struct merge_case cases[] = {
	{"{}", "{}", "{}", NULL},
	{"{}", "{\"pids\":{\"limit\":5}}", "{\"pids\":{\"limit\":5}}", NULL},
	{"{\"pids\":{\"limit\":5}}", "{\"pids\":{\"limit\":7}}", "{\"pids\":{\"limit\":7}}",
	 NULL},
	/* Zero leaves a value alone where it is none. */
	{"{\"memory\":{\"limit\":10},\"cpu\":{\"shares\":3}}",
	 "{\"memory\":{\"limit\":0},\"cpu\":{\"shares\":0}}",
	 "{\"memory\":{\"limit\":10},\"cpu\":{\"shares\":3}}", NULL},
	{"{\"cpu\":{\"idle\":1}}", "{\"cpu\":{\"idle\":0}}", "{\"cpu\":{\"idle\":0}}", NULL},
	/* The kernel wants both halves, whichever is given. */
	{"{\"cpu\":{\"quota\":5,\"period\":10}}", "{\"cpu\":{\"quota\":7}}",
	 "{\"cpu\":{\"quota\":7,\"period\":10}}", "{\"cpu\":{\"quota\":7,\"period\":10}}"},
	{"{\"cpu\":{\"quota\":5,\"period\":10}}", "{\"cpu\":{\"period\":20}}",
	 "{\"cpu\":{\"quota\":5,\"period\":20}}", "{\"cpu\":{\"quota\":5,\"period\":20}}"},
	{"{\"memory\":{\"limit\":10,\"swap\":20}}", "{\"memory\":{\"swap\":30}}",
	 "{\"memory\":{\"limit\":10,\"swap\":30}}", "{\"memory\":{\"limit\":10,\"swap\":30}}"},
	{"{\"memory\":{\"limit\":10,\"swap\":20}}", "{\"memory\":{\"limit\":15}}",
	 "{\"memory\":{\"limit\":15,\"swap\":20}}", "{\"memory\":{\"limit\":15,\"swap\":20}}"},
	/* No limit of memory lifts that of both. */
	{"{\"memory\":{\"limit\":10,\"swap\":20}}", "{\"memory\":{\"limit\":-1}}",
	 "{\"memory\":{\"limit\":-1}}", "{\"memory\":{\"limit\":-1}}"},
	/* What is not touched does not enter the update. */
	{"{\"memory\":{\"limit\":10,\"swap\":20},\"cpu\":{\"quota\":5}}",
	 "{\"memory\":{\"reservation\":3},\"cpu\":{\"shares\":9}}",
	 "{\"memory\":{\"limit\":10,\"reservation\":3,\"swap\":20},"
	 "\"cpu\":{\"shares\":9,\"quota\":5}}",
	 "{\"memory\":{\"reservation\":3},\"cpu\":{\"shares\":9}}"},
	{"{\"cpu\":{\"cpus\":\"0-1\"}}", "{\"cpu\":{\"cpus\":\"\",\"mems\":\"0\"}}",
	 "{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}", NULL},
	/* Lists: by device. */
	{"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":5}]}}",
	 "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":6},"
	 "{\"major\":8,\"minor\":1,\"rate\":7}]}}",
	 "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":7},"
	 "{\"major\":8,\"minor\":2,\"rate\":6}]}}",
	 NULL},
	{"{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":50,"
	 "\"leafWeight\":60}]}}",
	 "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":70}]}}",
	 "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":70,"
	 "\"leafWeight\":60}]}}",
	 NULL},
	{"{\"unified\":{\"memory.high\":\"1\"}}",
	 "{\"unified\":{\"memory.high\":\"2\",\"cpu.weight\":\"3\"}}",
	 "{\"unified\":{\"memory.high\":\"2\",\"cpu.weight\":\"3\"}}", NULL},
	{"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]}",
	 "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2},"
	 "{\"pageSize\":\"1GB\",\"limit\":3}]}",
	 "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2},"
	 "{\"pageSize\":\"1GB\",\"limit\":3}]}",
	 NULL},
	/* Device rules are no part of an update. */
	{"{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}",
	 "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}",
	 "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}", NULL},
};

static struct spec_resources *parse(const char *text)
{
	struct spec_resources *r = NULL;
	struct error err = {0};

	if (spec_resources_parse(&r, text, strlen(text), "test", &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

/* Through the codec once, so that both sides are written the same way. */
static void expect(const struct spec_resources *r, const char *want)
{
	_cleanup_(spec_resources_freep) struct spec_resources *w = parse(want);
	_cleanup_(strbuf_done) struct strbuf a = STRBUF_EMPTY, b = STRBUF_EMPTY;

	json_encode(&spec_resources_type, r, JSON_COMPACT, &a);
	json_encode(&spec_resources_type, w, JSON_COMPACT, &b);
	assert_string_equal(strbuf_str(&a), strbuf_str(&b));
}

static void merge__cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(spec_resources_freep) struct spec_resources *saved =
			parse(cases[i].saved);
		_cleanup_(spec_resources_freep) struct spec_resources *update =
			parse(cases[i].update);

		spec_resources_merge(saved, update);
		expect(saved, cases[i].want_saved);
		expect(update, cases[i].want_update ? cases[i].want_update : cases[i].update);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge__cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
