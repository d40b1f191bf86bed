/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "src/cmd.h"
#include "src/container.h"
#include "src/inspect.h"

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_free_ char *text = NULL;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);

	if (r < 0)
		return r;
	text = inspect_format(&ct.dir, &ct.state);
	puts(text);
	return 0;
}

const struct verb verb_inspect = {
	.name = "inspect",
	.arguments = "CONTAINER",
	.summary = "print stores, their sizes, volume locks and ids of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
