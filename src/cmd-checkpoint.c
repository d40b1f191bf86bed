/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "src/cmd.h"

static int run(struct cmd *c, struct error *err)
{
	return error_set(err, ENOTSUP,
			 "%s is not supported by sysbox-runc: use `docker commit` to keep a "
			 "container's files, and volumes to keep data",
			 c->verb->name);
}

const struct verb verb_checkpoint = {
	.name = "checkpoint",
	.summary = "not supported",
	.max_args = -1,
	.run = run,
	.hidden = true,
};

const struct verb verb_restore = {
	.name = "restore",
	.summary = "not supported",
	.max_args = -1,
	.run = run,
	.hidden = true,
};
