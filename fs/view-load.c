/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The kernel samples the number of active tasks every five seconds and lets it decay. We must
 * not wake up for that when nobody looks. So the past is filled in when somebody does: the
 * mean number of running tasks since the last look is known exactly, as the CPU time that the
 * cgroup has used, divided by the elapsed time. It lacks only the tasks that wait for a CPU
 * or a disk; they are counted now, and stand for the last five seconds, as in the kernel.
 *
 * Counting reads one file per process, and so is done only so often that it takes at most a
 * fiftieth of the time.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/fd.h"

#define SECOND_NS     INT64_C(1000000000)
#define SAMPLE_NS     (5 * SECOND_NS)
#define COUNT_PART    50
#define COUNT_MIN_NS  SECOND_NS
#define PROCESSES_MAX 16384

static const double periods[VIEW_LOADS] = {60, 300, 900};

struct counts {
	unsigned int running, blocked, total, last_pid;
};

/* "7 (name) S 1 ...": the name may hold anything, the last ')' ends it. */
static void count_process(const char *stat, unsigned int pid, struct counts *c)
{
	const char *p = strrchr(stat, ')');
	uint64_t n_threads = 1;
	char state;

	if (!p || p[1] != ' ' || !p[2])
		return;
	state = p[2];
	p += 3;
	/* Field 20 is the number of threads, 3 was the state. */
	for (int field = 4; field < 20 && *p; field++)
		p += strcspn(p + 1, " ") + 1;
	if (!*p || !proctext_u64(&p, &n_threads) || n_threads > PROCESSES_MAX * 16)
		n_threads = 1;
	c->running += state == 'R';
	c->blocked += state == 'D';
	c->total += (unsigned int)n_threads;
	if (pid > c->last_pid)
		c->last_pid = pid;
}

static void count_entry(int dirfd, const char *name, struct counts *c)
{
	_cleanup_close_ int fd = -EBADF;
	char path[NAME_MAX + sizeof("/stat")], text[512];
	ssize_t n;

	if (!isdigit((unsigned char)*name) || strlen(name) > 10)
		return;
	(void)snprintf(path, sizeof(path), "%s/stat", name);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	count_process(text, (unsigned int)strtoul(name, NULL, 10), c);
}

/*
 * With getdents64(2): the C library's directory streams make calls that a worker may not
 * make.
 */
static void count_tasks(int tasks_fd, struct counts *ret)
{
	_cleanup_close_ int fd = openat(tasks_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union {
		struct dirent64 align;
		char bytes[8192];
	} buf;
	ssize_t n;

	while (fd >= 0 && ret->total < PROCESSES_MAX &&
	       (n = getdents64(fd, buf.bytes, sizeof(buf.bytes))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(buf.bytes + at);

			count_entry(fd, e->d_name, ret);
			at += e->d_reclen;
		}
}

static void count_again(struct view *v)
{
	struct view_load *l = v->load;
	struct counts c = {0};
	int64_t begin = view_clock(), cost;

	count_tasks(v->tasks_fd, &c);
	cost = (view_clock() - begin) * COUNT_PART;
	l->running = c.running;
	l->blocked = c.blocked;
	l->total = c.total;
	l->last_pid = c.last_pid;
	l->counted_ns = v->now_ns;
	l->count_again_ns = v->now_ns + (cost > COUNT_MIN_NS ? cost : COUNT_MIN_NS);
}

static void decay(struct view_load *l, double seconds, double active)
{
	for (size_t i = 0; i < VIEW_LOADS; i++) {
		double keep = exp(-seconds / periods[i]);

		l->avg[i] = l->avg[i] * keep + active * (1 - keep);
	}
}

/* The mean number of tasks on a CPU since the last look. */
static double mean_running(const struct view_load *l, int64_t elapsed_ns, uint64_t cpu_ns)
{
	return cpu_ns > l->cpu_ns ? (double)(cpu_ns - l->cpu_ns) / (double)elapsed_ns : 0;
}

const struct view_load *view_load(struct view *v)
{
	struct view_load *l = v->load;
	int64_t elapsed = v->now_ns - l->at_ns, last;
	uint64_t cpu_ns;
	double running, active;

	if (v->now_ns >= l->count_again_ns)
		count_again(v);
	if (elapsed <= 0)
		return l;
	cpu_ns = view_cpu_usage_ns(v);
	running = mean_running(l, elapsed, cpu_ns);
	active = l->running + l->blocked;
	last = elapsed < SAMPLE_NS ? elapsed : SAMPLE_NS;
	decay(l, (double)(elapsed - last) / SECOND_NS, running);
	decay(l, (double)last / SECOND_NS, active > running ? active : running);
	l->at_ns = v->now_ns;
	l->cpu_ns = cpu_ns;
	return l;
}
