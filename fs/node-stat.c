/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/handler.h"
#include "fs/view.h"
#include "lib/strbuf.h"

/* procfs always counts in hundredths of a second (USER_HZ). */
#define TICK_NS UINT64_C(10000000)

static void add_number(struct strbuf *out, const char *name, uint64_t n)
{
	strbuf_adds(out, name);
	strbuf_addc(out, ' ');
	strbuf_addu(out, n, 0);
}

static void add_line(struct strbuf *out, const char *name, uint64_t n)
{
	add_number(out, name, n);
	strbuf_addc(out, '\n');
}

/*
 * In ticks, each rounded down; idle is the remainder, so that the columns add up to the
 * uptime.
 */
static void add_ticks(struct strbuf *out, const struct view_cpu_time *t)
{
	add_number(out, "", t->user_ns / TICK_NS);
	add_number(out, " 0", t->system_ns / TICK_NS);
	add_number(out, "", t->idle_ns / TICK_NS);
	strbuf_adds(out, " 0 0 0 0 0 0\n");
}

static void add_cpus(struct view *v, struct strbuf *out)
{
	const struct view_cpu_time *times = view_cpu_times(v);
	const struct cpus *cpus = view_cpus(v);
	struct view_cpu_time all = {0};
	unsigned int i = 0;

	for (unsigned int n = 0; n < view_n_cpus(v); n++) {
		all.user_ns += times[n].user_ns;
		all.system_ns += times[n].system_ns;
		all.idle_ns += times[n].idle_ns;
	}
	strbuf_adds(out, "cpu ");
	add_ticks(out, &all);
	cpus_for_each(cpu, cpus)
	{
		strbuf_adds(out, "cpu");
		strbuf_addu(out, cpu, 0);
		add_ticks(out, &times[i++]);
	}
}

/*
 * In the kernel's order. Interrupts and context switches are those of the whole host since
 * the container started; their lists by number are left out.
 */
void node_stat(struct view *v, struct strbuf *out)
{
	const struct view_load *load = view_load(v);
	const struct view_counters c = view_counters(v);

	add_cpus(v, out);
	add_line(out, "intr", c.intr);
	add_line(out, "ctxt", c.ctxt);
	add_line(out, "btime", c.boot_s);
	add_line(out, "processes", c.processes);
	add_line(out, "procs_running", load->running ? load->running : 1);
	add_line(out, "procs_blocked", load->blocked);
	/* BuildKit, through prometheus/procfs, needs all ten kinds; most are timers. */
	add_number(out, "softirq", c.softirq);
	add_number(out, " 0", c.softirq);
	strbuf_adds(out, " 0 0 0 0 0 0 0 0\n");
}
