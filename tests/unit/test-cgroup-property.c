/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/strbuf.h"
#include "src/cgroup-property.h"

/* A parsed property as text: "Name t 5", "Name as [a][b]". */
static char *format(const struct property *p)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_EMPTY;

	strbuf_addf(&out, "%s %s%c ", p->name, p->is_array ? "a" : "", p->type);
	for (size_t i = 0; i < p->n_items; i++) {
		const struct property_item *item = &p->items[i];

		strbuf_adds(&out, p->is_array ? "[" : "");
		if (strchr("sog", p->type))
			strbuf_adds(&out, item->text);
		else if (strchr("nix", p->type))
			strbuf_addf(&out, "%" PRId64, item->i);
		else if (p->type == 'd')
			strbuf_addf(&out, "%g", item->d);
		else
			strbuf_addf(&out, "%" PRIu64, item->u);
		strbuf_adds(&out, p->is_array ? "]" : "");
	}
	return strbuf_take(&out);
}

static const struct {
	const char *name;
	const char *value;
	const char *want; /* NULL: refused */
} cases[] = {
	{"CollectMode", "'inactive-or-failed'", "CollectMode s inactive-or-failed"},
	{"CollectMode", "\"a 'b' \\\"c\\\"\"", "CollectMode s a 'b' \"c\""},
	{"CollectMode", "  'x'  ", "CollectMode s x"},
	{"CollectMode", "''", "CollectMode s "},
	{"Weight", "5", "Weight i 5"},
	{"Weight", "-5", "Weight i -5"},
	{"Weight", "uint64 18446744073709551615", "Weight t 18446744073709551615"},
	{"Weight", "@t 7", "Weight t 7"},
	{"Weight", "int64 -9223372036854775808", "Weight x -9223372036854775808"},
	{"Weight", "byte 0xff", "Weight y 255"},
	{"Weight", "1.5", "Weight d 1.5"},
	{"Delegate", "true", "Delegate b 1"},
	{"Delegate", "boolean false", "Delegate b 0"},
	{"After", "['a.service', 'b.service']", "After as [a.service][b.service]"},
	{"After", "['a.service',]", "After as [a.service]"},
	{"After", "@as []", "After as "},
	{"PIDs", "[uint32 1, 2]", "PIDs au [1][2]"},
	{"Job", "objectpath '/a/b'", "Job o /a/b"},
	/* Seconds become microseconds. */
	{"TimeoutStopSec", "5", "TimeoutStopUSec t 5000000"},
	{"TimeoutStopSec", "uint64 5", "TimeoutStopUSec t 5000000"},
	{"TimeoutStopSec", "0.5", "TimeoutStopUSec t 500000"},
	{"TimeoutStopUSec", "uint64 5", "TimeoutStopUSec t 5"},
	/* Refused. */
	{"TimeoutStopSec", "'5'", NULL},
	{"TimeoutStopSec", "-1", NULL},
	{"TimeoutStopSec", "uint64 18446744073709551615", NULL},
	{"ab", "1", NULL},
	{"Bad.Name", "1", NULL},
	{"Weight", "", NULL},
	{"Weight", "five", NULL},
	{"Weight", "5 6", NULL},
	{"Weight", "byte 256", NULL},
	{"Weight", "uint64 -1", NULL},
	{"Weight", "int16 -32769", NULL},
	{"Weight", "2147483648", NULL},
	{"Weight", "uint64 18446744073709551616", NULL},
	{"Weight", "uint64 'x'", NULL},
	{"Weight", "string 5", NULL},
	{"After", "['a', 5]", NULL},
	{"After", "['a'", NULL},
	{"After", "['a' 'b']", NULL},
	{"After", "[]", NULL},
	{"After", "[", NULL},
	{"After", "'a", NULL},
	{"After", "'a\\", NULL},
	{"After", "@", NULL},
	{"After", "@a", NULL},
	{"After", "@as 'x'", NULL},
	{"After", "{'a': 1}", NULL},
};

static void parse__cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = NULL;
		struct property p;
		struct error err = {0};
		int r = property_parse(&p, cases[i].name, cases[i].value, &err);

		if (!cases[i].want) {
			if (r == 0)
				fail_msg("%s: \"%s\" was taken", cases[i].name, cases[i].value);
			assert_non_null(strstr(err.text, "annotation org.systemd.property."));
			continue;
		}
		if (r < 0)
			fail_msg("%s", err.text);
		text = format(&p);
		assert_string_equal(text, cases[i].want);
		property_done(&p);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
