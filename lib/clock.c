/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"

#include <sys/timerfd.h>
#include <time.h>

#define USEC_PER_SEC  1000000
#define NSEC_PER_USEC 1000

int64_t clock_usec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / NSEC_PER_USEC;
}

int64_t clock_msec(void)
{
	return clock_usec() / 1000;
}

void clock_sleep_usec(int64_t usec)
{
	struct timespec t = {
		.tv_sec = usec / USEC_PER_SEC,
		.tv_nsec = usec % USEC_PER_SEC * NSEC_PER_USEC,
	};

	(void)nanosleep(&t, NULL); /* its callers look again, and sleep again */
}

void clock_set_timer(int timer_fd, int msec)
{
	const struct itimerspec t = {
		.it_value = {.tv_sec = msec / 1000, .tv_nsec = (long)(msec % 1000) * 1000000},
	};

	(void)timerfd_settime(timer_fd, 0, &t, NULL); /* fails for a wrong argument only */
}
