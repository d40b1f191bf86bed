/* SPDX-License-Identifier: Apache-2.0 */
/* Text of procfs and cgroupfs as any file of a view might have it. */
#include <stdint.h>
#include <stdlib.h>

/* The parsers are static. */
#include "fs/cgroup-read-io.c"
#include "fs/cgroup-read.c"
#include "fs/handler.h"
#include "fs/mirror-filter.h"
#include "fs/view-load.c"
#include "lib/alloc.h"
#include "lib/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_cgroup(const char *text)
{
	struct cgroup_memory memory = {0};
	struct cgroup_cpu_time all = {0}, per_cpu[4] = {0};
	struct cgroup_io io[4];
	size_t n = 0;

	proctext_fields(text, v1_memory, ARRAY_SIZE(v1_memory), &memory);
	proctext_fields(text, v2_stat, ARRAY_SIZE(v2_stat), &memory);
	(void)parse_usage_all(text, &all, per_cpu, ARRAY_SIZE(per_cpu));
	parse_io(text, v1_bytes, ARRAY_SIZE(v1_bytes), io, &n, ARRAY_SIZE(io));
	parse_io(text, v2_io, ARRAY_SIZE(v2_io), io, &n, ARRAY_SIZE(io));
	must(n <= ARRAY_SIZE(io));
}

static void try_line(const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	struct cgroup_line line;
	struct counts c = {0};

	if (cgroup_line_parse(copy, &line))
		must(*line.path == '/' && !strchr(line.controllers, ':'));
	count_process(text, 1, &c);
}

/* What is parsed is written, and then parsed as the same. */
static void try_cpus(const char *text)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	struct cpus c, again;

	if (cpus_parse(&c, text) < 0)
		return;
	cpus_format(&c, &b);
	must(cpus_parse(&again, strbuf_str(&b)) == 0 && memcmp(&c, &again, sizeof(c)) == 0);
}

/* What the mirrors of /sys filter, one of each kind. */
static void try_mirrors(struct view *v, const char *text)
{
	static const char *const paths[] = {
		"cpu/online",
		"cpu/kernel_max",
		"cpu/offline",
		"cpu/cpu0/topology/core_cpus",
		"cpu/cpu0/topology/core_cpus_list",
		"node/node0/cpumap",
		"node/node0/cpulist",
		"node/node0/meminfo",
		"node/node0/vmstat",
		"node/has_cpu",
		"node/online",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

		mirror_filter_text(v, paths[i], text, &b);
		must(!b.failed);
	}
	(void)mirror_filter_shows(v, text);
}

/* Every text of the host is this one. */
static void try_nodes(const char *text)
{
	static const handler_fn handlers[] = {
		node_cpuinfo,	 node_cpu_list, node_diskstats, node_loadavg, node_meminfo,
		node_partitions, node_stat,	node_swaps,	node_uptime,  node_vmstat,
	};
	_cleanup_(view_freep) struct view *v = NULL;
	struct error err;

	must(view_new(&v, -EBADF, cgroup_read_new(), -EBADF, 0, &err) == 0);
	(void)view_begin(v, 5000000000);
	for (size_t t = 0; t < VIEW_N_TEXTS; t++) {
		fd_close(v->text_fds[t]);
		v->text_fds[t] = fd_memfd("text", text, strlen(text));
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

		handlers[i](v, &b);
		must(!b.failed);
	}
	try_mirrors(v, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);

	try_cgroup(text);
	try_line(text);
	try_cpus(text);
	try_nodes(text);
	return 0;
}
