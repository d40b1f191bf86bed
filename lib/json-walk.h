/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the value of a row is in a struct: for lib/json*.c only.
 *
 * Three walks go over the rows of a json_type: json-decode.c fills a struct,
 * json-encode.c writes it, json.c releases it. Each has one table by json_kind,
 * and a kind without a row in one of the three does not compile.
 */
#pragma once

#include "lib/json.h"

#define JSON_KINDS (JSON_MAP + 1)

static inline void *json_slot(const struct json_field *f, void *obj)
{
	return (char *)obj + f->offset;
}

static inline const void *json_slot_const(const struct json_field *f, const void *obj)
{
	return (const char *)obj + f->offset;
}

static inline size_t *json_count_slot(const struct json_field *f, void *obj)
{
	return (void *)((char *)obj + f->n_offset);
}

static inline size_t json_count(const struct json_field *f, const void *obj)
{
	const void *count = (const char *)obj + f->n_offset;

	return *(const size_t *)count;
}

/* The i-th element of a counted array of f->type. */
static inline void *json_element(const struct json_field *f, const void *obj, size_t i)
{
	return *(char *const *)json_slot_const(f, obj) + i * f->type->size;
}
