/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's overlay is made of, according to its line in the mount table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct layers {
	char **lower;  /* absolute, topmost first */
	size_t n_data; /* how many of them, at the end, are data-only */
	char *upper;   /* absolute and cleaned; NULL: read-only */
	char *work;
	char *options; /* that an overlay of the same layers must have too: ",xino=off" */
};
void layers_done(struct layers *l);

enum {
	LAYERS_E_NONE = 1 /* no overlay is mounted there */
};
/*
 * Of the overlay that is mounted at `rootfs` (absolute, no symlinks), in the engine's
 * mount namespace. Nothing of the layers is touched but to find what relative names
 * mean.
 */
int layers_read(struct layers *ret, const char *rootfs, struct error *err);

/*
 * Do the paths of the lower layers still lead to them? Not where the engine had them mounted
 * only while it mounted the overlay, as containerd does with id-mapped layers.
 */
bool layers_are_reachable(const struct layers *l);
