/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and huge pages. */
#include "src/cgroup-stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

struct memory_entry {
	uint64_t limit;
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt;
};

static void add_entry(struct json_out *o, const char *key, const struct memory_entry *e)
{
	if (!e->limit && !e->usage && !e->max && !e->failcnt)
		return;
	json_out_open(o, key, '{');
	json_out_u64(o, "limit", e->limit);
	json_out_count(o, "usage", e->usage);
	json_out_count(o, "max", e->max);
	json_out_u64(o, "failcnt", e->failcnt);
	json_out_close(o, '}');
}

static struct memory_entry memory_entry_v1(int fd, const char *prefix)
{
	struct memory_entry e;
	char file[64];

	snprintf(file, sizeof(file), "%s.limit_in_bytes", prefix);
	e.limit = stats_number(fd, file);
	snprintf(file, sizeof(file), "%s.usage_in_bytes", prefix);
	e.usage = stats_number(fd, file);
	snprintf(file, sizeof(file), "%s.max_usage_in_bytes", prefix);
	e.max = stats_number(fd, file);
	snprintf(file, sizeof(file), "%s.failcnt", prefix);
	e.failcnt = stats_number(fd, file);
	return e;
}

/* memory.stat as it is: "key value" lines. */
static void add_raw(struct json_out *o, int fd)
{
	_cleanup_free_ char *text = stats_text(fd, "memory.stat");
	char *save = NULL;

	if (str_is_empty(text))
		return;
	json_out_open(o, "raw", '{');
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(l, ' ');
		uint64_t n;

		if (!space || str_to_u64(space + 1, &n) < 0)
			continue;
		*space = '\0';
		json_out_u64(o, l, n);
	}
	json_out_close(o, '}');
}

static void add_memory_v1(struct json_out *o, int fd)
{
	static const struct {
		const char *key;
		const char *prefix;
	} entries[] = {
		{"usage", "memory"},
		{"swap", "memory.memsw"},
		{"kernel", "memory.kmem"},
		{"kernelTCP", "memory.kmem.tcp"},
	};

	json_out_count(o, "cache", stats_value(fd, "memory.stat", "cache"));
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct memory_entry e = memory_entry_v1(fd, entries[i].prefix);

		add_entry(o, entries[i].key, &e);
	}
}

/* v1's "swap" counts memory and swap; its peak cannot be had from the two. */
static void add_memory_v2(struct json_out *o, int fd)
{
	struct memory_entry usage = {
		.limit = stats_number(fd, "memory.max"),
		.usage = stats_number(fd, "memory.current"),
		.max = stats_number(fd, "memory.peak"),
		.failcnt = stats_value(fd, "memory.events", "max"),
	};
	struct memory_entry swap = {
		.limit = stats_number(fd, "memory.swap.max"),
		.usage = stats_number(fd, "memory.swap.current"),
	};

	if (swap.limit != UINT64_MAX)
		swap.limit = usage.limit == UINT64_MAX ? UINT64_MAX : swap.limit + usage.limit;
	swap.usage += usage.usage;
	json_out_count(o, "cache", stats_value(fd, "memory.stat", "file"));
	add_entry(o, "usage", &usage);
	add_entry(o, "swap", &swap);
}

void stats_add_memory(struct json_out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = stats_open(cg, "memory");

	json_out_open(o, "memory", '{');
	if (cg->is_v2)
		add_memory_v2(o, fd);
	else
		add_memory_v1(o, fd);
	add_raw(o, fd);
	if (cg->is_v2)
		stats_add_pressure(o, fd, "memory.pressure");
	json_out_close(o, '}');
}

/* "2MB" of "hugetlb.2MB.usage_in_bytes" (v1) or "hugetlb.2MB.current"; else NULL. */
static char *page_size_of(const char *file, bool is_v2)
{
	const char *suffix = is_v2 ? ".current" : ".usage_in_bytes";
	const char *prefix = "hugetlb.";
	size_t len = strlen(file);

	if (!str_has_prefix(file, prefix) || !str_has_suffix(file, suffix) ||
	    strstr(file, ".rsvd."))
		return NULL;
	return xstrndup(file + strlen(prefix), len - strlen(prefix) - strlen(suffix));
}

/* Reservations where the kernel counts them: they are what limits bite on. */
static void add_page_size(struct json_out *o, int fd, bool is_v2, const char *size)
{
	_cleanup_free_ char *probe =
		xasprintf("hugetlb.%s.rsvd.%s", size, is_v2 ? "current" : "usage_in_bytes");
	const char *rsvd = faccessat(fd, probe, F_OK, 0) == 0 ? ".rsvd" : "";
	_cleanup_free_ char *usage =
		xasprintf("hugetlb.%s%s.%s", size, rsvd, is_v2 ? "current" : "usage_in_bytes");
	_cleanup_free_ char *max = xasprintf("hugetlb.%s%s.max_usage_in_bytes", size, rsvd);
	_cleanup_free_ char *fails = is_v2 ? xasprintf("hugetlb.%s.events", size)
					   : xasprintf("hugetlb.%s%s.failcnt", size, rsvd);

	json_out_open(o, size, '{');
	json_out_count(o, "usage", stats_number(fd, usage));
	if (!is_v2)
		json_out_count(o, "max", stats_number(fd, max));
	json_out_u64(o, "failcnt",
		     is_v2 ? stats_value(fd, fails, "max") : stats_number(fd, fails));
	json_out_close(o, '}');
}

void stats_add_hugetlb(struct json_out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = stats_open(cg, "hugetlb");
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = fd < 0 ? fd : dir_open(&dir, fd, ".");

	json_out_open(o, "hugetlb", '{');
	while (r >= 0 && (r = dir_next(dir, &e)) > 0) {
		_cleanup_free_ char *size = page_size_of(e->d_name, cg->is_v2);

		if (size)
			add_page_size(o, fd, cg->is_v2, size);
	}
	json_out_close(o, '}');
}
