/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "fs/budget.h"

static void budget_charge__a_burst_is_free(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 1000, 7);
	assert_int_equal(budget_charge(&b, 1000, 7 + BUDGET_BURST * 0.9, 0.1), 0);
	assert_true(budget_charge(&b, 1000, 7 + BUDGET_BURST * 1.1, 0.1) > 0);
}

/* One who always has something to do, and rests as he is told. */
static double spend(double rate, double step, double seconds)
{
	struct budget b;
	double now = 0, spent = 0;

	budget_init(&b, now, spent);
	while (now < seconds) {
		int ms = budget_charge(&b, now, spent, rate);

		if (ms == 0) {
			now += step;
			spent += step;
		}
		now += ms / 1000.0;
	}
	return spent;
}

static void budget_charge__over_time_it_is_the_rate(void **state)
{
	(void)state;
	for (double rate = 0.05; rate < 1; rate += 0.15)
		for (double step = 0.0005; step < 0.1; step *= 5) {
			double spent = spend(rate, step, 100);

			assert_true(spent > 100 * rate * 0.95);
			assert_true(spent < 100 * rate * 1.05 + BUDGET_BURST + step);
		}
}

static void budget_charge__a_raised_limit_is_noticed(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 0, 0);
	assert_int_equal(budget_charge(&b, 0, 100, 0.001), 1000);
	assert_int_equal(budget_charge(&b, 1, 100, 200), 0);
}

static void budget_charge__no_rate_at_all(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 0, 0);
	assert_int_equal(budget_charge(&b, 0, BUDGET_BURST, 0), 1000);
}

static void budget_charge__idleness_is_not_saved(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 0, 0);
	assert_int_equal(budget_charge(&b, 1e6, 0, 1), 0);
	assert_true(budget_charge(&b, 1e6, BUDGET_BURST * 1.01, 1) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budget_charge__a_burst_is_free),
		cmocka_unit_test(budget_charge__over_time_it_is_the_rate),
		cmocka_unit_test(budget_charge__a_raised_limit_is_noticed),
		cmocka_unit_test(budget_charge__no_rate_at_all),
		cmocka_unit_test(budget_charge__idleness_is_not_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
