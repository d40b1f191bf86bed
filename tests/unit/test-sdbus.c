/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#ifdef HAVE_SYSTEMD

#include "src/sdbus.h"

static void sdbus_load__every_function(void **state _unused_)
{
	_cleanup_(sdbus_unrefp) sd_bus *bus = NULL;
	struct error err = {0};
	const void *const *functions = (const void *const *)(const void *)&sdbus;

	assert_int_equal(sdbus_load(&err), 0);
	assert_int_equal(sdbus_load(&err), 0);
	for (size_t i = 0; i < sizeof(sdbus) / sizeof(*functions); i++)
		assert_non_null(functions[i]);
	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_address(bus, "unix:path=/nonexistent/bus") >= 0);
	assert_int_equal(sd_bus_start(bus), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdbus_load__every_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77;
}

#endif
