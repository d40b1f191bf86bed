/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures that programs get by a call instead of from a file: sysinfo(2), as `free` of
 * busybox and sysconf(_SC_PHYS_PAGES) do, and sched_getaffinity(2), as `nproc` and language
 * runtimes do. The answer agrees with the files: it is from the same view.
 *
 * Every Go program makes such a call at its start, so they are answered without a fork.
 */
#include <fcntl.h>
#include <linux/sysinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/container.h"
#include "fs/stage.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"

/* In bytes: the largest kernels have 8192 CPUs. */
#define MASK_MAX 1024

static struct view *view_of(const struct trap_context *c)
{
	const struct container *box = c->container;
	struct view *v = box->view ? views_get(box->views, box->view, c->source.view) : NULL;

	if (v)
		(void)view_begin(v, view_clock());
	return v;
}

static bool is_emulated(const struct trap_context *c, enum emul_group g)
{
	return c->container->emulate & g;
}

/*
 * If it cannot be written from here, the kernel may still be able to; otherwise the error is
 * the kernel's.
 */
static bool write_answer(const struct trap_context *c, pid_t tid, uint64_t address,
			 const void *data, size_t size)
{
	int r;

	trap_guard(c);
	r = tracee_write(tid, address, data, size);
	trap_unguard(c);
	return r == 0;
}

/* ------------------------------------------------------------------ sysinfo(2) */

/* Load averages have a history, which the worker keeps, and nobody else. */
static void read_loads(const struct trap_context *c, struct sysinfo *s)
{
	_cleanup_free_ char *text = NULL, *path = NULL;
	double avg[VIEW_LOADS];
	unsigned int total;

	path = c->source.view == VIEWS_OWN ? xasprintf(STAGE_FAST "/proc!loadavg")
					   : xasprintf(STAGE_FAST "/%llu:proc!loadavg",
						       (unsigned long long)c->source.view);
	if (file_read(AT_FDCWD, path, 4096, &text, NULL) < 0 ||
	    sscanf(text, "%lf %lf %lf %*u/%u", &avg[0], &avg[1], &avg[2], &total) != 4)
		return;
	s->procs = (unsigned short)(total < UINT16_MAX ? total : UINT16_MAX);
	for (size_t i = 0; i < VIEW_LOADS; i++)
		s->loads[i] = (unsigned long)(avg[i] * (1 << SI_LOAD_SHIFT));
}

static enum trap_verdict answer_sysinfo(const struct trap_context *c, struct trap_job *job,
					pid_t tid)
{
	struct view *v = is_emulated(c, EMUL_MEMORY) ? view_of(c) : NULL;
	struct sysinfo s;

	if (!v)
		return TRAP_NATIVE;
	view_sysinfo(v, &s);
	read_loads(c, &s);
	if (!trap_is_valid(c, job) ||
	    !write_answer(c, tid, job->notif.data.args[0], &s, sizeof(s)))
		return TRAP_NATIVE;
	job->result = 0;
	return TRAP_DONE;
}

const struct trap trap_sysinfo = {
	.name = "sysinfo",
	.answer = answer_sysinfo,
};

/* ------------------------------------------------------------------ sched_getaffinity(2) */

enum {
	ARG_PID,
	ARG_SIZE,
	ARG_MASK,
};

/* A question about another process is left to the kernel. */
static bool asks_for_itself(const struct trap_job *job, pid_t tid)
{
	pid_t pid = (pid_t)job->notif.data.args[ARG_PID];

	return pid == 0 || tracee_is_called(tid, pid);
}

static enum trap_verdict answer_affinity(const struct trap_context *c, struct trap_job *job,
					 pid_t tid)
{
	bool is_ours = is_emulated(c, EMUL_CPU) && asks_for_itself(job, tid);
	struct view *v = is_ours ? view_of(c) : NULL;
	unsigned char mask[MASK_MAX] = {0}, full[MASK_MAX];
	/*
	 * With the caller's size: the kernel knows which size is too small, and how much it
	 * fills.
	 */
	uint64_t size = (uint32_t)job->notif.data.args[ARG_SIZE];
	long n = v ? syscall(SYS_sched_getaffinity, tid,
			     size < sizeof(mask) ? size : sizeof(mask), mask)
		   : -1;

	if (n <= 0)
		return TRAP_NATIVE;
	memcpy(full, mask, sizeof(full));
	if (!view_affinity(v, mask, (unsigned int)n) || memcmp(mask, full, (size_t)n) == 0 ||
	    !trap_is_valid(c, job) ||
	    !write_answer(c, tid, job->notif.data.args[ARG_MASK], mask, (size_t)n))
		return TRAP_NATIVE;
	job->result = (int32_t)n;
	return TRAP_DONE;
}

const struct trap trap_affinity = {
	.name = "sched_getaffinity",
	.answer = answer_affinity,
};
