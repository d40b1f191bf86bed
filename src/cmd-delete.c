/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"

struct delete
{
	bool force;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct delete, "force", 'f', FLAG, force, NULL,
		   "kill it first if it runs; absent is success"),
	{0},
};

static int delete_container(struct container *ct, bool force, struct error *err)
{
	enum state_status status = state_status(&ct->dir, &ct->state);

	switch (status) {
	case STATE_RUNNING:
	case STATE_PAUSED:
		if (force)
			break;
		return error_set(err, EBUSY,
				 "cannot delete container %s that is not stopped: %s",
				 ct->state.id, state_status_name(status));
	case STATE_STOPPED:
	case STATE_CREATED:
	case STATE_CREATING:
		break;
	}
	/* Of a stopped one, too: processes of a shared pid namespace may have outlived init. */
	return container_destroy(ct, CONTAINER_KILL, err);
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	const struct delete *a = c->values;
	int r = container_open(&ct, c->options->root, c->args[0], STATE_EXCLUSIVE, err);

	if (r == -ENODATA)
		return container_destroy(&ct, CONTAINER_KILL, err);
	if (r == -ENOENT && a->force)
		return 0;
	return r < 0 ? r : delete_container(&ct, a->force, err);
}

const struct verb verb_delete = {
	.name = "delete",
	.arguments = "CONTAINER",
	.summary = "remove a stopped container",
	.options = options,
	.values_size = sizeof(struct delete),
	.min_args = 1,
	.max_args = 1,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};
