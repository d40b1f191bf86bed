/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"

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
