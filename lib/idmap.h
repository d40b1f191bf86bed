/* SPDX-License-Identifier: Apache-2.0 */
/* uid and gid maps as values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/* The kernel's limit of lines in uid_map (user_namespaces(7)). */
#define IDMAP_MAX_EXTENTS 340

struct idmap_extent {
	uint32_t inside;
	uint32_t outside;
	uint32_t size;
};

struct idmap_list {
	struct idmap_extent *extents; /* owned */
	size_t n_extents;
};

struct idmap {
	struct idmap_list uids;
	struct idmap_list gids;
};
#define IDMAP_EMPTY                                                                            \
	{                                                                                      \
		0                                                                              \
	}

void idmap_done(struct idmap *m);
void idmap_add(struct idmap_list *l, uint32_t inside, uint32_t outside, uint32_t size);
void idmap_copy(struct idmap *dst, const struct idmap *src);
bool idmap_is_empty(const struct idmap *m);
bool idmap_equal(const struct idmap *a, const struct idmap *b);
/* Inside to outside and back; IDMAP_NONE where it is not mapped. */
#define IDMAP_NONE UINT32_MAX
uint32_t idmap_to_outside(const struct idmap_list *l, uint32_t inside);
uint32_t idmap_to_inside(const struct idmap_list *l, uint32_t outside);
/* No empty, overlapping or overflowing extent, not too many; `what` names the list. */
int idmap_check(const struct idmap_list *l, const char *what, struct error *err);
/* "inside outside size\n" lines as /proc/PID/uid_map wants and shows them. */
char *idmap_format(const struct idmap_list *l);
int idmap_parse(struct idmap_list *ret, const char *text);
/* The maps of a live process, as seen from our user namespace. */
int idmap_read(struct idmap *ret, pid_t pid);
