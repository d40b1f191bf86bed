/* SPDX-License-Identifier: Apache-2.0 */
/* What on this machine helps or hinders a system container, found out by trying. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARN, /* works, with less */
	DOCTOR_FAIL, /* containers do not start, or not safely */
};

struct doctor_row {
	const char *name;
	enum doctor_level level;
	char text[512]; /* what was found */
	char fix[512];	/* what to do about it; "" for DOCTOR_OK */
};

struct doctor_report {
	struct doctor_row *rows;
	size_t n_rows;
	bool ok; /* no row failed */
};
void doctor_report_done(struct doctor_report *r);

/*
 * Root, the host's namespaces. `data_root` is the directory where the engine keeps
 * its layers; NULL: as the running dockerd says, or its usual place. Leaves nothing
 * behind: trials are made in a private mount namespace and a scratch directory there.
 */
void doctor_run(const char *data_root, struct doctor_report *ret);
const char *doctor_level_name(enum doctor_level l);
/* {"ok":...,"rows":[{"name","level","text","fix"}]} */
char *doctor_format(const struct doctor_report *r);
