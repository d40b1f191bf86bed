/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/json-out.h"
#include "lib/strbuf.h"

static void json_out__commas_where_they_belong(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	struct json_out o = {.b = &b};

	(void)state;
	json_out_open(&o, NULL, '{');
	json_out_open(&o, "none", '[');
	json_out_close(&o, ']');
	json_out_string(&o, "a \"b\"", "c\n");
	json_out_u64(&o, "most", UINT64_MAX);
	json_out_count(&o, "zero", 0);
	json_out_u64(&o, "nought", 0);
	json_out_open(&o, "list", '[');
	json_out_u64(&o, NULL, 1);
	json_out_string(&o, NULL, "");
	json_out_open(&o, NULL, '{');
	json_out_count(&o, "one", 1);
	json_out_close(&o, '}');
	json_out_open(&o, NULL, '{');
	json_out_close(&o, '}');
	json_out_close(&o, ']');
	json_out_key(&o, "own");
	strbuf_adds(&b, "true");
	json_out_close(&o, '}');
	assert_string_equal(strbuf_str(&b), "{\"none\":[],\"a \\\"b\\\"\":\"c\\n\","
					    "\"most\":18446744073709551615,\"nought\":0,"
					    "\"list\":[1,\"\",{\"one\":1},{}],\"own\":true}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_out__commas_where_they_belong),
	};

	return RUN(tests);
}
