/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ids a container has. In this order: those that the specification gives;
 * those of a user namespace given by path; those of the container whose network,
 * pid or ipc namespace it shares (only its owner has power over it); else an
 * exclusive range of its own.
 */
#pragma once

#include <stdbool.h>

#include "lib/error.h"
#include "lib/idmap.h"

struct spec;

struct ids {
	struct idmap map;
	int userns_fd; /* to join; -EBADF: a new one */
	bool given;    /* by the specification or another container: not from our pool */
};
#define IDS_EMPTY                                                                              \
	{                                                                                      \
		.userns_fd = -EBADF                                                            \
	}
void ids_done(struct ids *ids);

/* Host root, host namespaces. `owner` is the container's state directory. */
int ids_decide(struct ids *ret, const struct spec *s, const char *owner, struct error *err);
