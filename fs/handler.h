/* SPDX-License-Identifier: Apache-2.0 */
/* How an emulated file makes its text: a function of the snapshot, nothing else. */
#pragma once

struct strbuf;
struct view;

typedef void (*handler_fn)(struct view *v, struct strbuf *out);

/* fs/node-<family>.c */
void node_cpuinfo(struct view *v, struct strbuf *out);
void node_cpu_list(struct view *v, struct strbuf *out); /* /sys/devices/system/cpu/online */
void node_diskstats(struct view *v, struct strbuf *out);
void node_loadavg(struct view *v, struct strbuf *out);
void node_meminfo(struct view *v, struct strbuf *out);
void node_partitions(struct view *v, struct strbuf *out);
void node_stat(struct view *v, struct strbuf *out);
void node_swaps(struct view *v, struct strbuf *out);
void node_uptime(struct view *v, struct strbuf *out);
void node_vmstat(struct view *v, struct strbuf *out);
