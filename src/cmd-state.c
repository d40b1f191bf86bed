/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "src/cmd.h"
#include "src/container.h"

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_free_ char *text = NULL;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);

	if (r < 0)
		return r;
	text = state_format(&ct.state, state_status(&ct.dir, &ct.state), JSON_PRETTY);
	puts(text);
	return 0;
}

const struct verb verb_state = {
	.name = "state",
	.arguments = "CONTAINER",
	.summary = "print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
