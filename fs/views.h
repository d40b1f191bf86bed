/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The views of containers within: who attaches a procfs there registers the cgroups that it is
 * for, and the emulated files of that view are served under names that begin with its
 * number. The register is in memory that all processes of a supervisor share; a view proper
 * is made by the worker when it is first asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct view;
struct views;

/* The container's own. */
#define VIEWS_OWN 0u
/* Containers within at a time; more see the container's own figures. */
#define VIEWS_MAX 512
/* Of /proc/PID/cgroup; a longer one sees the container's own figures. */
#define VIEWS_TEXT_MAX 4080

/* Mapped once, before the first fork. */
int views_map(struct views **ret, struct error *err);
/* With the views that this process made; NULL is fine. */
void views_unmap(struct views *v);

/*
 * Whoever registers (one process at a time): the number of the view for this text of
 * /proc/PID/cgroup. VIEWS_OWN where it names the cgroups of `own`, or there is no room.
 */
uint64_t views_register(struct views *v, const struct view *own, const char *text);

/*
 * The worker: the view of a number; `own` where that cannot be. Good until the next call.
 */
struct view *views_get(struct views *v, struct view *own, uint64_t number);

/* "7:" before the name of an emulated file; a name without a number is the container's own. */
bool views_parse(const char **name, uint64_t *ret_number);
