/* SPDX-License-Identifier: Apache-2.0 */
/* How an emulated file generates its text: a function of the snapshot, nothing else. */
#pragma once

struct strbuf;
struct view;

typedef void (*handler_fn)(struct view *v, struct strbuf *out);

/* fs/node-<family>.c */
void node_boot_id(struct view *v, struct strbuf *out);
void node_cpuinfo(struct view *v, struct strbuf *out);
void node_cpu_list(struct view *v, struct strbuf *out); /* /sys/devices/system/cpu/online */
void node_diskstats(struct view *v, struct strbuf *out);
void node_loadavg(struct view *v, struct strbuf *out);
void node_meminfo(struct view *v, struct strbuf *out);
void node_partitions(struct view *v, struct strbuf *out);
void node_product_uuid(struct view *v, struct strbuf *out);
void node_slabinfo(struct view *v, struct strbuf *out);
void node_stat(struct view *v, struct strbuf *out);
void node_swaps(struct view *v, struct strbuf *out);
void node_uptime(struct view *v, struct strbuf *out);
void node_vmstat(struct view *v, struct strbuf *out);

/* For one disk or partition, by its name. */
enum node_disk_use {
	NODE_DISK_UNKNOWN, /* not a block device of the host */
	NODE_DISK_UNUSED,  /* by the view */
	NODE_DISK_USED,
};
enum node_disk_use node_disk_use(struct view *v, const char *name);
/* Its /sys/block/NAME/stat. */
void node_disk_stat(struct view *v, const char *name, struct strbuf *out);

/* For one memory node: each of the view's nodes has an equal share. `text` is the host's. */
void node_meminfo_of_node(struct view *v, unsigned int node, const char *text,
			  struct strbuf *out);
