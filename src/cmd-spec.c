/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/spec.h"
#include "src/subid.h"

struct spec_options {
	const char *bundle;
	const char *id_map;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct spec_options, "bundle", 'b', STRING, bundle, "DIR",
		   "where to write config.json [.]"),
	CLI_OPTION(struct spec_options, "id-map", 'm', STRING, id_map, "\"UID GID SIZE\"",
		   "host ids of the container's root"),
	{0},
};

static void add_mapping(struct spec_id_mapping **l, size_t *n, uint32_t host, uint32_t size)
{
	struct spec_id_mapping *m = array_add((void **)l, n, sizeof(*m));

	*m = (struct spec_id_mapping){.host_id = host, .size = size};
}

static int set_id_map(struct spec *s, const char *text, struct error *err)
{
	uint32_t uid, gid, size;
	int end = 0;

	if (sscanf(text, "%u %u %u%n", &uid, &gid, &size, &end) != 3 || text[end])
		return error_set(err, EINVAL, "--id-map takes \"UID GID SIZE\", not \"%s\"",
				 text);
	if (size < SUBID_RANGE)
		return error_set(err, EINVAL,
				 "--id-map: a system container needs %u ids or more",
				 SUBID_RANGE);
	add_mapping(&s->linux_->uid_mappings, &s->linux_->n_uid_mappings, uid, size);
	add_mapping(&s->linux_->gid_mappings, &s->linux_->n_gid_mappings, gid, size);
	return 0;
}

static int run(struct cmd *c, struct error *err)
{
	const struct spec_options *a = c->values;
	_cleanup_(spec_freep) struct spec *s = spec_example();
	_cleanup_free_ char *path = path_join(a->bundle ? a->bundle : ".", "config.json"),
			    *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	int r = a->id_map ? set_id_map(s, a->id_map, err) : 0;

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, EEXIST, "file %s exists. Remove it first", path);
	if (fd < 0)
		return error_errno(err, errno, "make %s", path);
	text = spec_format(s);
	r = fd_write_all(fd, text, strlen(text));
	return r < 0 ? error_errno(err, -r, "write %s", path) : 0;
}

const struct verb verb_spec = {
	.name = "spec",
	.summary = "write a config.json to start from",
	.options = options,
	.values_size = sizeof(struct spec_options),
	.max_args = 0,
	.run = run,
};
