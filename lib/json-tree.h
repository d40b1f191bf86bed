/* SPDX-License-Identifier: Apache-2.0 */
/* The door to json-c: lib/json*.c only. */
#pragma once

#include <stddef.h>

/* json-c has an `enum json_type`: another tag here, so that ours stays what it is. */
#define json_type json_c_type
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#undef json_type

#include "lib/error.h"
#include "lib/macro.h"

/* A document of more levels is refused. */
#define JSON_TREE_DEPTH JSON_TOKENER_DEFAULT_DEPTH

/*
 * The tree of a whole document of at most JSON_TEXT_MAX bytes that passed json-scan.h's
 * fence: owned, NULL for the document `null`.
 */
int json_tree_parse(const char *text, size_t len, const char *what, struct json_object **ret,
		    struct error *err);

static inline void json_tree_putp(struct json_object **o)
{
	json_object_put(*o);
}
#define _cleanup_json_object_ _cleanup_(json_tree_putp)
