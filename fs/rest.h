/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a process of a supervisor, with those it has forked, to the processor time that the
 * container itself may use.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/budget.h"
#include "fs/loop.h"
#include "lib/error.h"

struct view;

struct rest {
	struct view *view; /* borrowed: whose limits */
	struct budget budget;
	int64_t looked_us; /* when the time spent was last checked */
	int timer_fd;	   /* one shot */
	loop_fn over;
	void *arg;
};
#define REST_EMPTY                                                                             \
	{                                                                                      \
		.timer_fd = -EBADF                                                             \
	}

/* `over` is called when a rest is over. */
int rest_init(struct rest *ret, struct view *v, struct loop *loop, loop_fn over, void *arg,
	      struct error *err);
/* Has too much been done for this container? Then begin nothing until `over` is called. */
bool rest_is_due(struct rest *r);
