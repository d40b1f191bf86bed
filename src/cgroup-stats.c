/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics as the "data" object of `runc events --stats`: containerd and others
 * read it by the names of runc's types. Members that are zero or empty are left
 * out where runc leaves them out; a controller that is absent contributes nothing.
 * Both versions of cgroups fill the same shape, which is that of v1.
 */
#include "src/cgroup-stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/strbuf.h"
#include "src/cgroup-internal.h"

#define STAT_FILE_MAX (4u << 20)

char *stats_text(int dirfd, const char *file)
{
	char *text;

	if (dirfd < 0 || file_read(dirfd, file, STAT_FILE_MAX, &text, NULL) < 0)
		return NULL;
	return text;
}

uint64_t stats_number(int dirfd, const char *file)
{
	uint64_t n;

	if (dirfd < 0 || cgroup_read_u64(dirfd, file, &n) < 0)
		return 0;
	return n;
}

uint64_t stats_value(int dirfd, const char *file, const char *key)
{
	uint64_t n;

	if (dirfd < 0 || cgroup_read_key(dirfd, file, key, &n) < 0)
		return 0;
	return n;
}

int stats_open(const struct cgroup *cg, const char *controller)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, controller);
	struct error ignored;

	return d ? cgroup_dir_open(d, &ignored) : -ENOENT;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" (and "full"), kernel, psi.rst. */
void stats_add_pressure(struct json_out *o, int dirfd, const char *file)
{
	_cleanup_free_ char *text = stats_text(dirfd, file);
	char *save = NULL;

	if (!text || !*text)
		return;
	json_out_open(o, "psi", '{');
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char kind[8], avg10[16], avg60[16], avg300[16];
		uint64_t total;

		if (sscanf(l,
			   "%7s avg10=%15[0-9.] avg60=%15[0-9.] avg300=%15[0-9.] "
			   "total=%" SCNu64,
			   kind, avg10, avg60, avg300, &total) != 5)
			continue;
		json_out_open(o, kind, '{');
		json_out_key(o, "avg10");
		strbuf_adds(o->b, avg10);
		json_out_key(o, "avg60");
		strbuf_adds(o->b, avg60);
		json_out_key(o, "avg300");
		strbuf_adds(o->b, avg300);
		json_out_u64(o, "total", total);
		json_out_close(o, '}');
	}
	json_out_close(o, '}');
}

/* pids: no limit is shown as 0. */
static void add_pids(struct json_out *o, const struct cgroup *cg)
{
	_cleanup_close_ int fd = stats_open(cg, "pids");
	uint64_t limit = stats_number(fd, "pids.max");

	json_out_open(o, "pids", '{');
	json_out_count(o, "current", stats_number(fd, "pids.current"));
	json_out_count(o, "limit", limit == UINT64_MAX ? 0 : limit);
	json_out_close(o, '}');
}

int cgroup_stats(const struct cgroup *cg, struct strbuf *out, struct error *err)
{
	struct json_out o = {.b = out};

	if (cg->n_dirs == 0 || access(cg->dirs[0].path, F_OK) < 0)
		return error_set(err, ENOENT,
				 "unable to get container cgroup stats: %s does not exist",
				 cg->n_dirs ? cg->dirs[0].path : "the cgroup");
	json_out_open(&o, NULL, '{');
	stats_add_cpu(&o, cg);
	stats_add_cpuset(&o, cg);
	stats_add_memory(&o, cg);
	add_pids(&o, cg);
	stats_add_blkio(&o, cg);
	stats_add_hugetlb(&o, cg);
	/* Not supported; runc's names all the same. */
	json_out_open(&o, "intel_rdt", '{');
	json_out_close(&o, '}');
	json_out_key(&o, "network_interfaces");
	strbuf_adds(out, "null");
	json_out_close(&o, '}');
	return 0;
}
