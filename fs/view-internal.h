/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a snapshot: for fs/view*.c only. */
#pragma once

#include "fs/view.h"

/* The first VIEW_N_TEXTS bits are the texts. */
enum {
	PART_CPUS = 1u << VIEW_N_TEXTS,
	PART_USAGE = 1u << (VIEW_N_TEXTS + 1),
	PART_TIMES = 1u << (VIEW_N_TEXTS + 2),
	PART_MEMORY = 1u << (VIEW_N_TEXTS + 3),
	PART_NODES = 1u << (VIEW_N_TEXTS + 4),
};
/* True once in each snapshot: the caller has to fill this part of it. */
static inline bool view_claim(struct view *v, unsigned int part)
{
	if (v->parts & part)
		return false;
	v->parts |= part;
	return true;
}

/* A text that is no older than `ns` at the time of the snapshot. */
const char *view_text_within(struct view *v, enum view_text t, int64_t ns);
