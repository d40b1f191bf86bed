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
	switch (state_status(&ct.dir, &ct.state)) {
	case STATE_CREATED:
	case STATE_RUNNING:
		return container_pause(&ct, err);
	case STATE_CREATING:
	case STATE_PAUSED:
	case STATE_STOPPED:
		break;
	}
	return error_set(err, EINVAL, "container not running");
}

const struct verb verb_pause = {
	.name = "pause",
	.arguments = "CONTAINER",
	.summary = "suspend all processes of a container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
