/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an inner engine has written once and never changes again: the layers and blobs of its
 * images. The engine's own records tell; of an engine or a layout that is not known here,
 * everything is taken for what may change.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/strlist.h"

struct store_source;

struct store_layers {
	/* One each, from the top of the store: "overlay2/ID/diff"; sorted. */
	struct strlist dirs;
	char **blob_dirs; /* every file in them */
};
void store_layers_done(struct store_layers *l);
/* What cannot be read or understood is left out. */
void store_layers_find(struct store_layers *ret, const struct store_source *store);

bool store_layers_has(const struct store_layers *l, const char *path);
/* Is this a directory of immutable files? */
bool store_layers_has_blobs(const struct store_layers *l, const char *dir);
/* Does a layer lie in this directory: is it the "overlay2/ID" of one? */
bool store_layers_in(const struct store_layers *l, const char *dir);
