/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor time that is spent for a container beside its cgroup: no more, over time, than the
 * cgroup itself may use. In seconds. Pure.
 */
#pragma once

/* What one who was idle may spend at once. */
#define BUDGET_BURST 0.5

struct budget {
	double left;
	double at;    /* when that was so */
	double spent; /* in all, then */
};

/* Full. Both clocks may begin anywhere. */
void budget_init(struct budget *b, double now, double spent);
/*
 * `spent` is all that was, since its clock began; `rate` is what comes in, in processors.
 * Returns how many milliseconds to rest before something new is begun; 0: go on.
 */
int budget_charge(struct budget *b, double now, double spent, double rate);
