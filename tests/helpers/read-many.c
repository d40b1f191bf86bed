/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files over and over, each from its begin to its end, and fails where one read fails,
 * or gives nothing, or another first line than at first for a file after "=".
 *
 * usage: read-many SECONDS READS PROCESSES [=]FILE...
 *
 * Ends after so many seconds, or so many reads of all processes together; 0: no such limit.
 * Prints how many there were.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 64
/* Between two looks at the clock. */
#define STRIDE 64

static struct file {
	const char *path;
	int is_fixed;
	char first[128];
} files[FILES_MAX];
static int n_files;

static void read_one(struct file *f)
{
	static char buf[256 << 10];
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "open %s", f->path);
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		err(1, "read %s", f->path);
	if (len == 0)
		errx(1, "read %s: nothing", f->path);
	close(fd);
	if (!f->is_fixed)
		return;
	buf[len < sizeof(f->first) ? len : sizeof(f->first) - 1] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (!*f->first)
		strcpy(f->first, buf);
	if (strcmp(f->first, buf) != 0)
		errx(1, "%s: \"%s\" and then \"%s\"", f->path, f->first, buf);
}

static void reader(time_t deadline, uint64_t reads, uint64_t *done)
{
	for (uint64_t i = 0; !reads || i < reads; i++) {
		if (deadline && i % STRIDE == 0 && time(NULL) >= deadline)
			break;
		read_one(&files[i % (uint64_t)n_files]);
		(*done)++;
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int processes = argc > 4 ? atoi(argv[3]) : 0, status, failed = 0;
	uint64_t reads = argc > 4 ? strtoull(argv[2], NULL, 10) : 0, sum = 0, *done;
	time_t deadline = argc > 4 && atoi(argv[1]) ? time(NULL) + atoi(argv[1]) : 0;

	if (processes < 1 || argc - 4 > FILES_MAX || (!reads && !deadline))
		errx(2, "usage: read-many SECONDS READS PROCESSES [=]FILE...");
	for (n_files = 0; n_files < argc - 4; n_files++) {
		const char *name = argv[4 + n_files];

		files[n_files].is_fixed = *name == '=';
		files[n_files].path = name + (*name == '=');
	}
	done = mmap(NULL, (size_t)processes * sizeof(*done), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (done == MAP_FAILED)
		err(1, "mmap");
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			reader(deadline,
			       (reads + (uint64_t)processes - 1) / (uint64_t)processes,
			       &done[i]);
	while (wait(&status) > 0)
		failed += status != 0;
	for (int i = 0; i < processes; i++)
		sum += done[i];
	printf("%llu reads, %d readers failed\n", (unsigned long long)sum, failed);
	return failed != 0;
}
