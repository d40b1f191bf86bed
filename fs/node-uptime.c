/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/handler.h"
#include "fs/view.h"
#include "lib/strbuf.h"

#define HUNDREDTH_NS UINT64_C(10000000)

static void add_seconds(struct strbuf *out, uint64_t ns)
{
	uint64_t h = ns / HUNDREDTH_NS;

	strbuf_addu(out, h / 100, 0);
	strbuf_addc(out, '.');
	strbuf_addu(out, h / 10 % 10, 0);
	strbuf_addu(out, h % 10, 0);
}

/* The second field is the idle time of all CPUs together, as /proc/stat has it. */
void node_uptime(struct view *v, struct strbuf *out)
{
	const struct view_cpu_time *times = view_cpu_times(v);
	uint64_t idle = 0;

	for (unsigned int i = 0; i < view_n_cpus(v); i++)
		idle += times[i].idle_ns;
	add_seconds(out, (uint64_t)view_uptime_ns(v));
	strbuf_addc(out, ' ');
	add_seconds(out, idle);
	strbuf_addc(out, '\n');
}
