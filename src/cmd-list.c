/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"

struct list {
	const char *format;
	bool quiet;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct list, "format", 'f', STRING, format, "table|json", "output [table]"),
	CLI_OPTION(struct list, "quiet", 'q', FLAG, quiet, NULL, "ids only"),
	{0},
};

static void print_row(const struct container *ct, enum state_status status)
{
	const struct state *s = &ct->state;

	printf("%-40s %-9d %-9s %-50s %-32s %s\n", s->id,
	       status == STATE_STOPPED ? 0 : s->init_pid, state_status_name(status), s->bundle,
	       s->created, s->owner);
}

static void print_json(const struct container *ct, enum state_status status, bool first)
{
	_cleanup_free_ char *text = state_format(&ct->state, status, JSON_COMPACT);

	printf("%s%s", first ? "" : ",", text);
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(strv_freep) char **ids = NULL;
	const struct list *a = c->values;
	bool json = a->format && str_eq(a->format, "json"), first = true;
	int r;

	if (a->format && !json && !str_eq(a->format, "table"))
		return error_set(err, EINVAL, "invalid format option \"%s\"", a->format);
	r = state_list(c->options->root, &ids, err);
	/* Nothing was ever made where the administrator named no place. */
	if (r < 0 && !(r == -ENOENT && c->options->root_is_default))
		return r;
	if (json)
		printf("[");
	else if (!a->quiet)
		printf("%-40s %-9s %-9s %-50s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE",
		       "CREATED", "OWNER");
	for (char **id = ids; id && *id; id++) {
		_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
		struct error gone = {0};

		/* It may be removed while we look. */
		if (container_open(&ct, c->options->root, *id, STATE_SHARED, &gone) < 0)
			continue;
		if (a->quiet)
			puts(*id);
		else if (json)
			print_json(&ct, state_status(&ct.dir, &ct.state), first);
		else
			print_row(&ct, state_status(&ct.dir, &ct.state));
		first = false;
	}
	if (json)
		puts("]");
	return 0;
}

const struct verb verb_list = {
	.name = "list",
	.summary = "list the containers",
	.options = options,
	.values_size = sizeof(struct list),
	.max_args = 0,
	.run = run,
};
