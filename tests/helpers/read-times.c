/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long open + read to the end + close of a file takes.
 *
 * usage: read-times FILE READS READERS [GAP_US]
 *
 * READERS processes read at once, READS times each. With a gap each of these times is a round
 * of its own: all wait for its begin, a single one working, since what is measured is the file
 * and not how a processor wakes up. Prints the shortest, the 10th, 50th and 99th percentile of
 * all, in microseconds.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void read_once(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		err(1, "open %s", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	if (n < 0)
		err(1, "read %s", path);
	close(fd);
}

static void wait_until(int64_t ns, bool working)
{
	const struct timespec t = {ns / 1000000000, ns % 1000000000};

	while (working && now_ns() < ns)
		;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

struct rounds {
	const char *path;
	size_t n;
	int64_t begin_ns, gap_ns;
	bool working;
};

/* Who is late has missed it. */
static int64_t next_round(const struct rounds *r)
{
	return now_ns() + r->gap_ns - (now_ns() - r->begin_ns) % r->gap_ns;
}

static _Noreturn void reader(const struct rounds *r, int64_t *times)
{
	for (size_t i = 0; i < r->n; i++) {
		int64_t start;

		if (r->gap_ns)
			wait_until(next_round(r), r->working);
		start = now_ns();
		read_once(r->path);
		times[i] = now_ns() - start;
	}
	_exit(0);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t n = argc > 3 ? (size_t)atol(argv[2]) : 0;
	size_t readers = argc > 3 ? (size_t)atol(argv[3]) : 0;
	const struct rounds rounds = {
		.path = argv[1],
		.n = n,
		.begin_ns = now_ns(),
		.gap_ns = argc > 4 ? atol(argv[4]) * 1000 : 0,
		.working = readers == 1,
	};
	size_t all = n * readers;
	int64_t *times;

	if (!n || !readers)
		errx(2, "usage: read-times FILE READS READERS [GAP_US]");
	times = mmap(NULL, all * sizeof(*times), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (times == MAP_FAILED)
		err(1, "mmap");
	for (size_t r = 0; r < readers; r++)
		if (fork() == 0)
			reader(&rounds, times + r * n);
	for (size_t r = 0; r < readers; r++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			errx(1, "a reader failed");
	}
	qsort(times, all, sizeof(*times), by_size);
	printf("%.2f %.2f %.2f %.2f\n", (double)times[0] / 1e3, (double)times[all / 10] / 1e3,
	       (double)times[all / 2] / 1e3, (double)times[all * 99 / 100] / 1e3);
	return 0;
}
