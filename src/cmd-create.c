/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"

#define OPT(nm, lt, kd, mb, arg, hlp)                                                          \
	CLI_OPTION(struct container_create, nm, lt, kd, mb, arg, hlp)
static const struct cli_option options[] = {
	OPT("bundle", 'b', STRING, bundle, "DIR", "directory of config.json [.]"),
	OPT("console-socket", 0, STRING, console_socket, "SOCKET",
	    "unix socket that receives the terminal"),
	OPT("pid-file", 0, STRING, pid_file, "FILE", "write the pid of init to FILE"),
	OPT("pidfd-socket", 0, STRING, pidfd_socket, "SOCKET",
	    "unix socket that receives a pidfd of init"),
	OPT("no-pivot", 0, FLAG, no_pivot, NULL, "accepted and without effect"),
	OPT("no-new-keyring", 0, FLAG, no_new_keyring, NULL,
	    "keep the caller's session keyring"),
	OPT("preserve-fds", 0, INT, preserve_fds, "N", "pass N more descriptors, from 3 on"),
	{0},
};

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(launch_done) struct launch l = LAUNCH_EMPTY;

	return container_create(&ct, &l, c->options, c->args[0], c->values, err);
}

const struct verb verb_create = {
	.name = "create",
	.arguments = "CONTAINER",
	.summary = "create a container",
	.options = options,
	.values_size = sizeof(struct container_create),
	.min_args = 1,
	.max_args = 1,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};
