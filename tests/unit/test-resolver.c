/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/alloc.h"
#include "src/resolver.h"

static void rewrite__only_the_engines_nameserver(void **state)
{
	_cleanup_free_ char *s = resolver_rewrite("# made for 127.0.0.11\n"
						  "nameserver 127.0.0.11\n"
						  "nameserver 127.0.0.110\n"
						  "search 127.0.0.11\n"
						  "nameserver\t127.0.0.11 # the engine's\n"
						  "options ndots:0");

	(void)state;
	assert_string_equal(s, "# made for 127.0.0.11\n"
			       "nameserver " RESOLVER_ADDRESS "\n"
			       "nameserver 127.0.0.110\n"
			       "search 127.0.0.11\n"
			       "nameserver " RESOLVER_ADDRESS " # the engine's\n"
			       "options ndots:0\n");
}

static void rewrite__names_without_a_dot_may_be_asked_outside(void **state)
{
	_cleanup_free_ char *s = resolver_rewrite("nameserver 127.0.0.11\noptions ndots:0\n");
	_cleanup_free_ char *t = resolver_rewrite("nameserver 127.0.0.11\noptions ndots:2\n");

	(void)state;
	assert_string_equal(s, "nameserver " RESOLVER_ADDRESS "\n");
	assert_string_equal(t, "nameserver " RESOLVER_ADDRESS "\noptions ndots:2\n");
}

static void rewrite__nothing_to_do(void **state)
{
	(void)state;
	assert_null(resolver_rewrite(""));
	assert_null(resolver_rewrite("nameserver 10.0.0.1\n"));
	/* Words of two lines are not one line. */
	assert_null(resolver_rewrite("nameserver\n127.0.0.11\n"));
}

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

static void port__of_the_right_address(void **state)
{
	(void)state;
	assert_int_equal(resolver_port(HEAD "  12: 0100007F:0035 00000000:0000 07 0:0\n"
					    " 120: 0B00007F:A1B2 00000000:0000 07 0:0\n",
				       false),
			 0xa1b2);
	assert_int_equal(
		resolver_port(HEAD "  12: 0100007F:0035 00000000:0000 07 0:0\n", false), 0);
	assert_int_equal(resolver_port("", false), 0);
}

static void port__listening(void **state)
{
	(void)state;
	assert_int_equal(resolver_port(HEAD "   0: 0B00007F:0001 0B00007F:0002 01 0:0\n"
					    "   1: 0B00007F:9C41 00000000:0000 0A 0:0\n",
				       true),
			 0x9c41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rewrite__only_the_engines_nameserver),
		cmocka_unit_test(rewrite__names_without_a_dot_may_be_asked_outside),
		cmocka_unit_test(rewrite__nothing_to_do),
		cmocka_unit_test(port__of_the_right_address),
		cmocka_unit_test(port__listening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
