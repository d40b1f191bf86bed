/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of a systemd unit as the annotations "org.systemd.property.NAME"
 * give them: a D-Bus value in the text form of GVariant ("uint64 5",
 * "'inactive-or-failed'", "['a.service', 'b.service']"). Scalars, and arrays of
 * scalars of one type.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* D-Bus types: b y n q i u x t d s o g */
struct property_item {
	char *text; /* of s, o, g */
	uint64_t u; /* of b, y, q, u, t */
	int64_t i;  /* of n, i, x */
	double d;
};

struct property {
	char *name;
	char type; /* of the items */
	bool is_array;
	struct property_item *items;
	size_t n_items; /* 1 unless it is an array */
};

void property_done(struct property *p);
/* `name` without the annotation's prefix. "xxxSec" becomes "xxxUSec", in microseconds. */
int property_parse(struct property *ret, const char *name, const char *value,
		   struct error *err);
