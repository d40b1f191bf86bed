/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of strings that knows its length: appending takes the same time however many there
 * are, and finding one in a sorted list takes logarithmic time. For lists whose length somebody
 * else decides (directories of a container, lines of a file); for a handful, lib/strv.h's
 * vectors do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/macro.h"

struct strlist {
	char **v; /* NULL-terminated; NULL while nothing was added */
	size_t n;
	size_t room;
};
void strlist_done(struct strlist *l);
#define _cleanup_strlist_ _cleanup_(strlist_done)

/* Append `s` itself. TAKES s. */
void strlist_take(struct strlist *l, char *s);
/* Into an empty list, all fields of a text but the empty ones. */
void strlist_split(struct strlist *ret, const char *text, const char *seps);
void strlist_sort(struct strlist *l);
/* The list is sorted. */
bool strlist_has(const struct strlist *l, const char *s);
/* The vector, handed over; the list is empty afterwards. */
char **strlist_steal(struct strlist *l);
