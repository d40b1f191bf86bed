/* SPDX-License-Identifier: Apache-2.0 */
/* Time for timeouts: CLOCK_MONOTONIC. */
#pragma once

#include <stdint.h>

int64_t clock_usec(void);
int64_t clock_msec(void);
/* Shorter where a signal ends it. */
void clock_sleep_usec(int64_t usec);
/* Arm a timerfd: once, in so many milliseconds; 0 disarms it. Replaces what was set. */
void clock_set_timer(int timer_fd, int msec);
