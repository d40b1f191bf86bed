/* SPDX-License-Identifier: Apache-2.0 */
/* Block devices. Both versions of cgroups fill the shape of v1. */
#include "src/cgroup-stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/fd.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

struct blkio_list {
	const char *key;
	const char *v1_file; /* behind "blkio." and, with BFQ, "bfq." */
	const char *v2_read; /* io.stat */
	const char *v2_write;
};

static const struct blkio_list blkio_lists[] = {
	{"ioServiceBytesRecursive", "io_service_bytes", "rbytes", "wbytes"},
	{"ioServicedRecursive", "io_serviced", "rios", "wios"},
	{"ioQueueRecursive", "io_queued", NULL, NULL},
	{"ioServiceTimeRecursive", "io_service_time", NULL, NULL},
	{"ioWaitTimeRecursive", "io_wait_time", NULL, NULL},
	{"ioMergedRecursive", "io_merged", NULL, NULL},
	{"ioTimeRecursive", "time", NULL, NULL},
	{"sectorsRecursive", "sectors", NULL, NULL},
};

struct blkio_entry {
	unsigned int major;
	unsigned int minor;
	const char *op;
	uint64_t value;
};

static void add_blkio_entry(struct json_out *o, const struct blkio_entry *e)
{
	json_out_open(o, NULL, '{');
	json_out_count(o, "major", e->major);
	json_out_count(o, "minor", e->minor);
	if (*e->op)
		json_out_string(o, "op", e->op);
	json_out_count(o, "value", e->value);
	json_out_close(o, '}');
}

/* "8:0 Read 1282048", or "8:0 6792" where there is no operation; the last line is a "Total". */
static bool parse_v1_line(const char *line, char op[16], struct blkio_entry *e)
{
	op[0] = '\0';
	e->op = op;
	return sscanf(line, "%u:%u %15[A-Za-z] %" SCNu64, &e->major, &e->minor, op,
		      &e->value) == 4 ||
	       sscanf(line, "%u:%u %" SCNu64, &e->major, &e->minor, &e->value) == 3;
}

static void add_blkio_list_v1(struct json_out *o, int fd, const char *key, const char *file)
{
	_cleanup_free_ char *text = stats_text(fd, file);
	char *save = NULL;
	bool any = false;

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		struct blkio_entry e;
		char op[16];

		if (!parse_v1_line(l, op, &e))
			continue;
		if (!any)
			json_out_open(o, key, '[');
		any = true;
		add_blkio_entry(o, &e);
	}
	if (any)
		json_out_close(o, ']');
}

/*
 * What does the counting depends on the I/O scheduler: BFQ (all lists only with its debugging
 * on), CFQ of old kernels, or only the throttling layer. The first that has the count of served
 * requests is asked for everything.
 */
static void add_blkio_v1(struct json_out *o, int fd)
{
	static const char *const counters[] = {
		"blkio.bfq.%s_recursive",
		"blkio.%s_recursive",
		"blkio.throttle.%s_recursive",
		"blkio.throttle.%s",
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		_cleanup_(strbuf_done) struct strbuf list = STRBUF_EMPTY;
		struct json_out inner = {.b = &list};

		for (size_t k = 0; k < ARRAY_SIZE(blkio_lists); k++) {
			char file[96];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(file, sizeof(file), counters[i], blkio_lists[k].v1_file);
#pragma GCC diagnostic pop
			add_blkio_list_v1(&inner, fd, blkio_lists[k].key, file);
		}
		if (list.len == 0)
			continue;
		strbuf_adds(o->b, strbuf_str(&list));
		o->need_comma = true;
		return;
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static bool io_stat_value(const char *line, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *p = line; (p = strstr(p, key)); p += len)
		if (p > line && p[-1] == ' ' && p[len] == '=')
			return sscanf(p + len + 1, "%" SCNu64, ret) == 1;
	return false;
}

static void add_blkio_list_v2(struct json_out *o, const char *text,
			      const struct blkio_list *list)
{
	_cleanup_(strv_freep) char **lines = text ? strv_split(text, "\n") : NULL;
	bool any = false;

	for (size_t i = 0; lines && lines[i]; i++) {
		struct blkio_entry e;

		if (sscanf(lines[i], "%u:%u", &e.major, &e.minor) != 2)
			continue;
		for (int write = 0; write <= 1; write++) {
			if (!io_stat_value(lines[i], write ? list->v2_write : list->v2_read,
					   &e.value))
				continue;
			if (!any)
				json_out_open(o, list->key, '[');
			any = true;
			e.op = write ? "Write" : "Read";
			add_blkio_entry(o, &e);
		}
	}
	if (any)
		json_out_close(o, ']');
}

void stats_add_blkio(struct json_out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = stats_open(cg, cg->is_v2 ? "io" : "blkio");

	json_out_open(o, "blkio", '{');
	if (!cg->is_v2) {
		add_blkio_v1(o, fd);
	} else {
		_cleanup_free_ char *text = stats_text(fd, "io.stat");

		for (size_t k = 0; k < ARRAY_SIZE(blkio_lists) && blkio_lists[k].v2_read; k++)
			add_blkio_list_v2(o, text, &blkio_lists[k]);
		stats_add_pressure(o, fd, "io.pressure");
	}
	json_out_close(o, '}');
}
