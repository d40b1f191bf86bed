/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the command line, one table per verb. The syntax is that of runc's
 * library: "--name value", "--name=value", "-n value", "--flag=false", and one dash
 * for two.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

enum cli_kind {
	CLI_FLAG,    /* bool */
	CLI_STRING,  /* const char *, borrowed from argv; the last one wins */
	CLI_STRINGS, /* char **, every occurrence appended (lib/strv.h); owned by the struct */
	CLI_INT,     /* int */
	CLI_IGNORED, /* takes a value, which is ignored; accepted for callers of runc */
	CLI_IGNORED_FLAG,
};

struct cli_option {
	const char *name;
	char letter; /* 0: none */
	enum cli_kind kind;
	size_t offset;	      /* in the verb's own struct */
	const char *argument; /* of the help: "PATH" */
	const char *help;
};
#define CLI_OPTION(st, nm, lt, kd, mb, arg, hlp)                                               \
	{                                                                                      \
		.name = (nm), .letter = (lt), .kind = CLI_##kd, .offset = offsetof(st, mb),    \
		.argument = (arg), .help = (hlp)                                               \
	}

enum cli_flags {
	/*
	 * Options may follow arguments ("delete ID --force"); else the first argument
	 * ends them.
	 */
	CLI_PERMUTE = 1u << 0,
};

/*
 * Parse argv[1..]; the arguments that are not options are moved, in order, to
 * argv[1..1+*ret_n_args), NULL behind them. "-h" and "--help" set *ret_help.
 * -EINVAL with the offending word in the error.
 */
int cli_parse(const struct cli_option *options, void *into, unsigned int flags, int argc,
	      char **argv, int *ret_n_args, bool *ret_help, struct error *err);
/* "OPTIONS:" lines to stdout. */
void cli_print_options(const struct cli_option *options);
