/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of sysbox-runc: one row of a table and one file (src/cmd-<verb>.c) each. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/log.h"

struct cli_option;

/* Options before the verb. */
struct options {
	const char *root; /* directory of the container states */
	bool root_is_default;
	const char *log; /* NULL: stderr */
	const char *log_format;
	const char *config; /* the administrator's settings */
	bool debug;
	bool systemd_cgroup;
};

/* One invocation of a verb. */
struct cmd {
	const struct options *options;
	const struct verb *verb;
	char **args; /* the arguments that are not options */
	int n_args;
	void *values;	 /* the verb's own struct, filled from its option table */
	int exit_status; /* of the program on success; 0 unless the verb changes it */
};

struct verb {
	const char *name;
	const char *arguments; /* "CONTAINER [SIGNAL]" */
	const char *summary;
	const struct cli_option *options;
	size_t values_size;
	int min_args;
	int max_args; /* -1: no limit */
	unsigned int cli_flags;
	/* 0, or -errno with the error set: main() prints it and exits with 1. */
	int (*run)(struct cmd *c, struct error *err);
	bool hidden;
};

extern const struct verb verb_create, verb_start, verb_run, verb_exec, verb_kill, verb_delete,
	verb_state, verb_list, verb_ps, verb_pause, verb_resume, verb_update, verb_events,
	verb_spec, verb_features, verb_checkpoint, verb_restore, verb_install, verb_doctor,
	verb_inspect;
