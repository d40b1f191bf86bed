/* SPDX-License-Identifier: Apache-2.0 */
/* What has begun is finished, on credit: the following rest is that much longer. */
#include "fs/budget.h"

/*
 * Bounds of a rest: not shorter, so that rests are few; not longer, as the limit may be
 * raised.
 */
#define REST_MIN_MS 10
#define REST_MAX_MS 1000

void budget_init(struct budget *b, double now, double spent)
{
	*b = (struct budget){.left = BUDGET_BURST, .at = now, .spent = spent};
}

static void add(struct budget *b, double seconds)
{
	b->left += seconds;
	if (b->left > BUDGET_BURST)
		b->left = BUDGET_BURST;
}

static int rest_ms(double debt, double rate)
{
	double ms = debt * 1000;

	if (ms >= REST_MAX_MS * rate)
		return REST_MAX_MS;
	ms /= rate;
	return ms > REST_MIN_MS ? (int)ms : REST_MIN_MS;
}

int budget_charge(struct budget *b, double now, double spent, double rate)
{
	add(b, (now - b->at) * rate);
	add(b, b->spent - spent);
	b->at = now;
	b->spent = spent;
	return b->left > 0 ? 0 : rest_ms(-b->left, rate);
}
