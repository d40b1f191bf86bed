/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The views of nested containers: whoever attaches a procfs there registers the cgroups that
 * it is for, and the emulated files of that view are served under names that begin with its
 * number. The register is in memory shared by all processes of a supervisor; the view itself
 * is made by the worker when it is first needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct cgroup_read;
struct view;
struct views;

/* The container's own. */
#define VIEWS_OWN 0u
/* Nested containers at a time; any more see the container's own figures. */
#define VIEWS_MAX 512
/*
 * Length of /proc/PID/cgroup; with a longer one, a nested container sees the container's own
 * figures.
 */
#define VIEWS_TEXT_MAX 4080

/* Mapped once, before the first fork. */
int views_map(struct views **ret, struct error *err);
/* Also frees the views that this process made; NULL is fine. */
void views_unmap(struct views *v);

/*
 * For the registering process (one at a time): the number of the view for this text of
 * /proc/PID/cgroup. VIEWS_OWN if it names the cgroups of `own`, or if there is no room.
 */
uint64_t views_register(struct views *v, const struct view *own, const char *text);

/* The number that the next new text will get. */
uint64_t views_next(const struct views *v);
/*
 * The cgroups of a number, owned; NULL: none, or the container's own. Nothing is open yet;
 * `own` must live as long.
 */
struct cgroup_read *views_cgroup(const struct views *v, const struct view *own,
				 uint64_t number);
/* For the worker: the view with a number; `own` if there is none. Valid until the next call. */
struct view *views_get(struct views *v, struct view *own, uint64_t number);

/* "7:", which stands before the names of a view's files; "": the container's own. */
#define VIEWS_PREFIX_ROOM 24
const char *views_prefix(uint64_t number, char ret[VIEWS_PREFIX_ROOM]);
/* "7:" before the name of an emulated file; a name without a number is the container's own. */
bool views_parse(const char **name, uint64_t *ret_number);
