/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acting on the container's files as the user of the host who asks: his ids shifted
 * into the range, and only root with root's rights over files. Affects the calling
 * thread's file-system ids and effective capabilities.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct idmap;

/* What root may do with files, and what acting for others takes. */
extern const uint64_t actor_caps;

struct actor {
	const struct idmap *map; /* borrowed */
	uid_t fsuid;		 /* as they are now */
	gid_t fsgid;
	bool is_root; /* the capabilities over files are raised */
};

/*
 * Become the container's root. The process keeps its capabilities over changes
 * of the file-system uid from here on.
 */
int actor_init(struct actor *ret, const struct idmap *map, struct error *err);
/* Become the inside ids uid and gid. -EOVERFLOW: the container has no such ids. */
int actor_become(struct actor *a, uid_t uid, gid_t gid);
