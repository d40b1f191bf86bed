/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cmd.h"
#include "src/container.h"

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_EXCLUSIVE, err);

	return r < 0 ? r : container_start(&ct, err);
}

const struct verb verb_start = {
	.name = "start",
	.arguments = "CONTAINER",
	.summary = "execute the program of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
