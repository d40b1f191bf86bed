/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a process of a supervisor, with those it has forked, to the processor time that the
 * container itself may use.
 */
#pragma once

#include <stdint.h>

#include "fs/budget.h"

struct view;

struct rest {
	struct view *view; /* borrowed: whose limits */
	struct budget budget;
	int64_t looked_us; /* when the time spent was last checked */
};

void rest_init(struct rest *ret, struct view *v);
/*
 * Has too much been done for this container? Then begin nothing for so long; 0: go on.
 */
int rest_due_ms(struct rest *r);
