/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long open + read to the end + close of a file takes.
 *
 * usage: read-times FILE READS READERS [GAP_US]
 *
 * READERS processes read at once, READS times each. Between two reads each waits for GAP_US,
 * working: what is measured is the file, not how a processor wakes up. Prints the median and
 * the 99th percentile of all, in microseconds.
 */
#include <err.h>
#include <fcntl.h>
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

static void work_for(int64_t ns)
{
	int64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

static void reader(const char *path, size_t n, int64_t gap_ns, int64_t *times)
{
	for (size_t i = 0; i < n; i++) {
		int64_t start = now_ns();

		read_once(path);
		times[i] = now_ns() - start;
		if (gap_ns)
			work_for(gap_ns);
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
	int64_t gap_ns = argc > 4 ? atol(argv[4]) * 1000 : 0;
	int64_t *times;

	if (!n || !readers)
		errx(2, "usage: read-times FILE READS READERS [GAP_US]");
	times = mmap(NULL, n * readers * sizeof(*times), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (times == MAP_FAILED)
		err(1, "mmap");
	for (size_t r = 0; r < readers; r++)
		if (fork() == 0)
			reader(argv[1], n, gap_ns, times + r * n);
	for (size_t r = 0; r < readers; r++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			errx(1, "a reader failed");
	}
	qsort(times, n * readers, sizeof(*times), by_size);
	printf("%.2f %.2f\n", (double)times[n * readers / 2] / 1e3,
	       (double)times[n * readers * 99 / 100] / 1e3);
	return 0;
}
