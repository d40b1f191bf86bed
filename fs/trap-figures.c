/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures that programs get by a call instead of from a file: sysinfo(2), as `free` of
 * busybox and sysconf(_SC_PHYS_PAGES) do, and sched_getaffinity(2), as `nproc` and language
 * runtimes do. The answer agrees with the files. sysinfo(2) is answered from them; CPUs are
 * asked for all the time, and are found here, from few files: whatever stays open here is
 * inherited by every actor.
 *
 * Every Go program makes such a call at its start, so they are answered without a fork.
 */
#include <fcntl.h>
#include <linux/sysinfo.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/container.h"
#include "fs/cpus.h"
#include "fs/proctext.h"
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
#define TEXT_MAX 65536

/* What the emulated file of this name has for the caller; owned; NULL: there is none. */
static char *read_text(const struct trap_context *c, const char *name)
{
	char prefix[VIEWS_PREFIX_ROOM], *text = NULL;
	_cleanup_free_ char *path =
		xasprintf(STAGE_FAST "/%s%s", views_prefix(c->source.view, prefix), name);

	return file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL) < 0 ? NULL : text;
}

static bool is_emulated(const struct trap_context *c, enum emul_group g)
{
	return c->container->view && c->container->emulate & g;
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

static void read_loads(const struct trap_context *c, struct sysinfo *s)
{
	_cleanup_free_ char *text = read_text(c, "proc!loadavg");
	double avg[VIEW_LOADS];
	unsigned int total;

	if (!text || sscanf(text, "%lf %lf %lf %*u/%u", &avg[0], &avg[1], &avg[2], &total) != 4)
		return;
	s->procs = (unsigned short)(total < UINT16_MAX ? total : UINT16_MAX);
	for (size_t i = 0; i < VIEW_LOADS; i++)
		s->loads[i] = (unsigned long)(avg[i] * (1 << SI_LOAD_SHIFT));
}

struct memory {
	uint64_t total, free, shared, swap_total, swap_free;
};

static bool read_memory(const struct trap_context *c, struct sysinfo *s)
{
	static const struct proctext_field fields[] = {
		{"MemTotal", offsetof(struct memory, total)},
		{"MemFree", offsetof(struct memory, free)},
		{"SwapTotal", offsetof(struct memory, swap_total)},
		{"SwapFree", offsetof(struct memory, swap_free)},
		{"Shmem", offsetof(struct memory, shared)},
	};
	_cleanup_free_ char *text = read_text(c, "proc!meminfo");
	struct memory m = {0};

	if (!text)
		return false;
	proctext_fields(text, fields, ARRAY_SIZE(fields), &m);
	s->totalram = m.total;
	s->freeram = m.free;
	s->sharedram = m.shared;
	s->totalswap = m.swap_total;
	s->freeswap = m.swap_free;
	s->mem_unit = 1;
	return true;
}

/* All views of a container have begun with it. */
static void set_uptime(const struct trap_context *c, struct sysinfo *s)
{
	s->uptime = (view_clock() - c->container->view->start_ns) / (1000 * VIEW_MS_NS);
}

static enum trap_verdict answer_sysinfo(const struct trap_context *c, struct trap_job *job,
					pid_t tid)
{
	struct sysinfo s = {0};

	if (!is_emulated(c, EMUL_MEMORY) || !read_memory(c, &s))
		return TRAP_NATIVE;
	read_loads(c, &s);
	set_uptime(c, &s);
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

static void read_cpus(const struct trap_context *c, struct cpus *ret)
{
	const struct container *box = c->container;
	_cleanup_(cgroup_read_freep) struct cgroup_read *within =
		views_cgroup(box->views, box->view, c->source.view);

	(void)view_begin(box->view, view_clock());
	if (within)
		view_cpus_of(box->view, within, ret);
	else
		*ret = *view_cpus(box->view);
}

static enum trap_verdict answer_affinity(const struct trap_context *c, struct trap_job *job,
					 pid_t tid)
{
	unsigned char mask[MASK_MAX] = {0}, full[MASK_MAX];
	/*
	 * With the caller's size: the kernel knows which size is too small, and how much it
	 * fills.
	 */
	uint64_t size = (uint32_t)job->notif.data.args[ARG_SIZE];
	struct cpus cpus;
	long n = -1;

	if (is_emulated(c, EMUL_CPU) && asks_for_itself(job, tid))
		n = syscall(SYS_sched_getaffinity, tid,
			    size < sizeof(mask) ? size : sizeof(mask), mask);
	if (n <= 0)
		return TRAP_NATIVE;
	read_cpus(c, &cpus);
	memcpy(full, mask, sizeof(full));
	if (!cpus_keep_in_mask(&cpus, mask, (unsigned int)n) ||
	    memcmp(mask, full, (size_t)n) == 0 || !trap_is_valid(c, job) ||
	    !write_answer(c, tid, job->notif.data.args[ARG_MASK], mask, (size_t)n))
		return TRAP_NATIVE;
	job->result = (int32_t)n;
	return TRAP_DONE;
}

const struct trap trap_affinity = {
	.name = "sched_getaffinity",
	.answer = answer_affinity,
};
