/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a document, taken strictly, and their places in it for messages: for
 * lib/json*.c only. All that fail name the JSON path, and leave the reader where it was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/json-tree.h"
#include "lib/macro.h"

struct json_step {
	const char *name; /* a member, or the key of a map; NULL: the index counts */
	size_t index;
	bool is_key;
};

struct json_reader {
	const char *what; /* the document */
	struct error *err;
	struct json_step
		path[JSON_TREE_DEPTH + 1]; /* every level of the document is one step */
	size_t n_path;
};

/* Names are borrowed until json_reader_leave(). */
void json_reader_enter(struct json_reader *rd, const char *member);
void json_reader_enter_key(struct json_reader *rd, const char *key);
void json_reader_enter_index(struct json_reader *rd, size_t index);
void json_reader_leave(struct json_reader *rd);

/* Sets the error, behind the path; returns -errnum. */
int json_reader_fail(struct json_reader *rd, int errnum, const char *fmt, ...) _printf_(3, 4);

/* -EINVAL: of another type. */
int json_reader_want(struct json_reader *rd, struct json_object *v, enum json_c_type type);
int json_reader_string(struct json_reader *rd, struct json_object *v, char **ret);
int json_reader_bool(struct json_reader *rd, struct json_object *v, bool *ret);
int json_reader_signed(struct json_reader *rd, struct json_object *v, int64_t min, int64_t max,
		       int64_t *ret);
int json_reader_unsigned(struct json_reader *rd, struct json_object *v, uint64_t max,
			 uint64_t *ret);
/* How many elements of an array, or members of an object: JSON_ITEMS_MAX at most. */
int json_reader_items(struct json_reader *rd, struct json_object *v, size_t *ret_n);
int json_reader_members(struct json_reader *rd, struct json_object *v, size_t *ret_n);
