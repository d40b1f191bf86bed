/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the statistics are made of. */
#include "src/cgroup-stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/fd.h"
#include "lib/str.h"
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

	if (str_is_empty(text))
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
