/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a process may run: CPUs, and nodes of memory. What the runtime was started with
 * (taskset(1), an engine's CPUAffinity=) does not concern the container: its cpuset decides,
 * unless process.execCPUAffinity says more.
 *
 * The policy for memory is inherited through fork and execve; nodes are those that the
 * cpuset has.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "src/do.h"
#include "src/plan.h"

/* The largest CONFIG_NR_CPUS there is; src/spec-check-words.c keeps the numbers below it. */
#define CPUS_MAX 8192
/* The same for CONFIG_NODES_SHIFT. */
#define NODES_MAX 1024

struct cpus {
	unsigned char bytes[CPU_ALLOC_SIZE(CPUS_MAX)];
};

static cpu_set_t *set_of(struct cpus *c)
{
	return (cpu_set_t *)(void *)c->bytes;
}

/* "0-3,7", checked: numbers, ranges, commas and blanks. */
static void parse(const char *list, struct cpus *c)
{
	static const char filler[] = ", \t\n";

	memset(c, 0, sizeof(*c));
	for (list += strspn(list, filler); *list; list += strspn(list, filler)) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (end == list)
			return;
		for (unsigned long i = first; i <= last && i < CPUS_MAX; i++)
			CPU_SET_S(i, sizeof(c->bytes), set_of(c));
		list = end;
	}
}

int do_affinity(const char *list, struct error *err)
{
	_Alignas(cpu_set_t) struct cpus c;

	memset(&c, 0xff, sizeof(c));
	if (list)
		parse(list, &c);
	if (sched_setaffinity(0, sizeof(c.bytes), set_of(&c)) == 0)
		return 0;
	if (list)
		return error_errno(err, errno, "set the CPU affinity \"%s\"", list);
	log_debug("the CPU affinity of the runtime stays: %s", strerror(errno));
	return 0;
}

int do_memory_policy(const struct plan_process *p, struct error *err)
{
	_Alignas(cpu_set_t) struct cpus nodes = {0};
	const bool any = p->memory_nodes;

	if (p->memory_mode < 0)
		return 0;
	if (any)
		parse(p->memory_nodes, &nodes);
	/* One more than there are bits: the kernel's way of counting. */
	if (syscall(SYS_set_mempolicy, p->memory_mode, any ? nodes.bytes : NULL,
		    any ? NODES_MAX + 1 : 0) < 0)
		return error_errno(err, errno, "set the memory policy for the nodes \"%s\"",
				   any ? p->memory_nodes : "");
	return 0;
}
