/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor time spent on behalf of a container outside its cgroup: over time, no more than
 * the cgroup itself may use. In seconds. Pure.
 */
#pragma once

/* What may be spent at once after an idle time. */
#define BUDGET_BURST 0.5

struct budget {
	double left;
	double at;    /* when `left` was computed */
	double spent; /* in total, at that time */
};

/* Starts full. Both clocks may begin anywhere. */
void budget_init(struct budget *b, double now, double spent);
/*
 * `spent` is the total since its clock began; `rate` is the income, in processors. Returns
 * how many milliseconds to rest before anything new is begun; 0: go on.
 */
int budget_charge(struct budget *b, double now, double spent, double rate);
