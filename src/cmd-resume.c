/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "src/cmd.h"
#include "src/container.h"

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_EXCLUSIVE, err);

	if (r < 0)
		return r;
	if (state_status(&ct.dir, &ct.state) != STATE_PAUSED)
		return error_set(err, EINVAL, "container not paused");
	return container_resume(&ct, err);
}

const struct verb verb_resume = {
	.name = "resume",
	.arguments = "CONTAINER",
	.summary = "let the processes of a paused container run again",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
