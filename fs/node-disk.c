/* SPDX-License-Identifier: Apache-2.0 */
/* Disks: those that the container has used, and how much. */
#include <inttypes.h>
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/strbuf.h"

#define DEVICES_MAX 128
#define SECTOR	    512

struct device {
	uint64_t major, minor;
	const char *rest; /* of the line, after them */
};

static bool parse_device(const char *line, struct device *ret)
{
	ret->rest = line;
	return proctext_u64(&ret->rest, &ret->major) && proctext_u64(&ret->rest, &ret->minor);
}

static const struct cgroup_io *find(const struct cgroup_io *all, size_t n,
				    const struct device *d)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].major == d->major && all[i].minor == d->minor)
			return &all[i];
	return NULL;
}

/* Request times are not known for a cgroup. */
static void add_counts(struct strbuf *out, const struct cgroup_io *io)
{
	strbuf_addf(out,
		    "%" PRIu64 " 0 %" PRIu64 " 0 %" PRIu64 " 0 %" PRIu64
		    " 0 0 0 0 0 0 0 0 0 0\n",
		    io->reads, io->read_bytes / SECTOR, io->writes, io->write_bytes / SECTOR);
}

struct piece {
	const char *at;
	size_t len;
};

/* The name in its diskstats line. */
static struct piece name_of(const struct device *d)
{
	const char *name = d->rest + strspn(d->rest, " ");

	return (struct piece){name, strcspn(name, " \n")};
}

static void add_diskstats(struct strbuf *out, const struct device *d,
			  const struct cgroup_io *io)
{
	struct piece name = name_of(d);

	strbuf_addf(out, "%4" PRIu64 " %7" PRIu64 " %.*s ", d->major, d->minor, (int)name.len,
		    name.at);
	add_counts(out, io);
}

void node_diskstats(struct view *v, struct strbuf *out)
{
	struct cgroup_io io[DEVICES_MAX];
	size_t n = cgroup_read_io(v->cgroup, io, DEVICES_MAX);

	for (const char *line = view_text(v, VIEW_DISKSTATS); line && *line;
	     line = proctext_next_line(line)) {
		const struct cgroup_io *used;
		struct device d;

		if (parse_device(line, &d) && (used = find(io, n, &d)))
			add_diskstats(out, &d, used);
	}
}

void node_partitions(struct view *v, struct strbuf *out)
{
	struct cgroup_io io[DEVICES_MAX];
	size_t n = cgroup_read_io(v->cgroup, io, DEVICES_MAX);

	strbuf_adds(out, "major minor  #blocks  name\n\n");
	for (const char *line = view_text(v, VIEW_PARTITIONS); line && *line;
	     line = proctext_next_line(line)) {
		struct device d;

		if (!parse_device(line, &d) || !find(io, n, &d))
			continue;
		strbuf_add(out, line, strcspn(line, "\n"));
		strbuf_addc(out, '\n');
	}
}

/* False: the host has no such device. */
static bool find_name(struct view *v, const char *name, struct device *ret)
{
	for (const char *line = view_text(v, VIEW_DISKSTATS); line && *line;
	     line = proctext_next_line(line)) {
		struct piece p;

		if (!parse_device(line, ret))
			continue;
		p = name_of(ret);
		if (strlen(name) == p.len && memcmp(name, p.at, p.len) == 0)
			return true;
	}
	return false;
}

enum node_disk_use node_disk_use(struct view *v, const char *name)
{
	struct cgroup_io io[DEVICES_MAX];
	struct device d;

	if (!find_name(v, name, &d))
		return NODE_DISK_UNKNOWN;
	return find(io, cgroup_read_io(v->cgroup, io, DEVICES_MAX), &d) ? NODE_DISK_USED
									: NODE_DISK_UNUSED;
}

void node_disk_stat(struct view *v, const char *name, struct strbuf *out)
{
	static const struct cgroup_io none;
	struct cgroup_io io[DEVICES_MAX];
	const struct cgroup_io *used = NULL;
	struct device d;

	if (find_name(v, name, &d))
		used = find(io, cgroup_read_io(v->cgroup, io, DEVICES_MAX), &d);
	add_counts(out, used ? used : &none);
}
