/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/fd.h"
#include "src/cmd.h"
#include "src/container.h"

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(notify_done) struct notify n = NOTIFY_EMPTY;
	_cleanup_close_ int pidfd = -EBADF;
	struct error gone = {0};
	int r = container_open(&ct, c->options->root, c->args[0], STATE_EXCLUSIVE, err);

	if (r < 0)
		return r;
	pidfd = state_init_pidfd(&ct.state, &gone);
	r = container_start(&ct, &n, err);
	if (r < 0)
		return r;
	return notify_wait(&n, pidfd, ct.state.init_pid, err);
}

const struct verb verb_start = {
	.name = "start",
	.arguments = "CONTAINER",
	.summary = "execute the program of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
