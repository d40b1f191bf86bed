/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics as the "data" object of `runc events --stats`: containerd and others
 * read it by the names of runc's types. Members that are zero or empty are left
 * out where runc leaves them out; a controller that is absent contributes nothing.
 * Both versions of cgroups fill the same shape, which is that of v1.
 */
#include "src/cgroup-stats.h"

#include <errno.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/strbuf.h"
#include "src/cgroup-internal.h"

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
