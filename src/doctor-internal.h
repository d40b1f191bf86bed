/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes of src/doctor.c, by area. A probe does what a container's start does, with the
 * same functions, and fills its row: doctor_found() always, doctor_mend() where that is bad.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/idmap.h"
#include "src/docker.h"
#include "src/doctor.h"
#include "src/host.h"

/* What the probes look at. */
struct doctor {
	struct host host;
	struct docker_daemon daemon;
	struct docker_info docker;
	bool has_docker; /* a daemon answered: `docker` is filled */
	char *data_root;
	char program[PATH_MAX]; /* this one */
};

struct doctor_probe {
	const char *name;
	void (*run)(const struct doctor *d, struct doctor_row *row);
};

struct doctor_area {
	const struct doctor_probe *probes;
	size_t n_probes;
};
extern const struct doctor_area doctor_kernel, doctor_devices, doctor_rootfs, doctor_limits,
	doctor_engine;

/* The row's text. */
void doctor_found(struct doctor_row *row, const char *fmt, ...) _printf_(2, 3);
/* How bad it is, and what to do about it. */
void doctor_mend(struct doctor_row *row, enum doctor_level level, const char *fmt, ...)
	_printf_(3, 4);

/* Ids for trials, which no container has: the last range of subid.c's pool. */
#define DOCTOR_TRIAL_ID 2147352576u
void doctor_trial_map(struct idmap *m);
