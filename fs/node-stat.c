/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/strbuf.h"

/* procfs always counts in hundredths of a second (USER_HZ). */
#define TICK_NS	  UINT64_C(10000000)
#define SECOND_NS INT64_C(1000000000)

/*
 * In ticks, each rounded down; idle is the remainder, so that the columns add up to the
 * uptime.
 */
static void add_ticks(struct strbuf *out, const struct view_cpu_time *t)
{
	strbuf_addf(out, " %" PRIu64 " 0 %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n",
		    t->user_ns / TICK_NS, t->system_ns / TICK_NS, t->idle_ns / TICK_NS);
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
		strbuf_addf(out, "cpu%u", cpu);
		add_ticks(out, &times[i++]);
	}
}

static void add_btime(struct view *v, struct strbuf *out, const char *value)
{
	uint64_t n;

	if (proctext_u64(&value, &n))
		strbuf_addf(out, "btime %" PRIu64 "\n",
			    n + (uint64_t)(v->start_ns / SECOND_NS));
}

static const char *btime_of(struct view *v)
{
	for (const char *line = view_text(v, VIEW_STAT); line && *line;
	     line = proctext_next_line(line)) {
		const char *value = proctext_after(line, "btime");

		if (value)
			return value;
	}
	return "";
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
	strbuf_addf(out, "intr %" PRIu64 "\nctxt %" PRIu64 "\n", c.intr, c.ctxt);
	add_btime(v, out, btime_of(v));
	strbuf_addf(out, "processes %" PRIu64 "\nprocs_running %u\nprocs_blocked %u\n",
		    c.processes, load->running ? load->running : 1, load->blocked);
	/* BuildKit, through prometheus/procfs, needs all ten kinds; most are timers. */
	strbuf_addf(out, "softirq %" PRIu64 " 0 %" PRIu64 " 0 0 0 0 0 0 0 0\n", c.softirq,
		    c.softirq);
}
