/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acting on the container's files as the host user who asks: with that user's ids shifted
 * into the range, and with root's rights over files only for root. Affects the calling
 * thread's file-system ids and effective capabilities.
 */
#pragma once

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/caps.h"
#include "lib/error.h"

struct idmap;

/* What root may do with files, and what it takes to act for others. */
#define ACTOR_FILE_CAPS                                                                        \
	(CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_DAC_READ_SEARCH) |    \
	 CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_FSETID) | CAPS_BIT(CAP_MKNOD) |                   \
	 CAPS_BIT(CAP_SETFCAP))
#define ACTOR_ID_CAPS (CAPS_BIT(CAP_SETUID) | CAPS_BIT(CAP_SETGID))
#define ACTOR_CAPS    (ACTOR_FILE_CAPS | ACTOR_ID_CAPS)

struct actor {
	const struct idmap *map; /* borrowed */
	uid_t fsuid;		 /* the current ones */
	gid_t fsgid;
	bool is_root; /* the capabilities over files are raised */
};

/*
 * Become the container's root. From here on, the process keeps its capabilities when its
 * file-system uid changes.
 */
int actor_init(struct actor *ret, const struct idmap *map, struct error *err);
/* Switch to the inside ids uid and gid. -EOVERFLOW: the container has no such ids. */
int actor_become(struct actor *a, uid_t uid, gid_t gid);
