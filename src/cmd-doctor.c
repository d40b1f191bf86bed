/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "src/cli.h"
#include "src/cmd.h"
#include "src/doctor.h"

struct doctor_options {
	const char *data_root;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct doctor_options, "data-root", 0, STRING, data_root, "DIR",
		   "where the engine keeps its layers [as Docker says]"),
	CLI_OPTION(struct doctor_options, "json", 0, FLAG, json, NULL, "print JSON"),
	{0},
};

static void print_row(const struct doctor_row *row)
{
	printf("%-4s  %-17s %s\n", doctor_level_name(row->level), row->name, row->text);
	if (*row->fix)
		printf("%-4s  %-17s -> %s\n", "", "", row->fix);
}

/* Exit status 1 where a row failed. */
static int run(struct cmd *c, struct error *err)
{
	const struct doctor_options *a = c->values;
	_cleanup_(doctor_report_done) struct doctor_report report = {0};

	if (geteuid() != 0)
		return error_set(err, EPERM, "doctor must be run as root: it tries things out");
	doctor_run(a->data_root, &report);
	if (a->json) {
		_cleanup_free_ char *text = doctor_format(&report);

		puts(text);
	} else {
		for (size_t i = 0; i < report.n_rows; i++)
			print_row(&report.rows[i]);
	}
	c->exit_status = report.ok ? 0 : 1;
	return 0;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "try out what containers need of this machine, and say what to fix",
	.options = options,
	.values_size = sizeof(struct doctor_options),
	.max_args = 0,
	.run = run,
};
