/* SPDX-License-Identifier: Apache-2.0 */
/* What a struct of a json_type owns, and pairs. */
#include "lib/json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/json-walk.h"
#include "lib/strv.h"

static void done_nothing(const struct json_field *f, void *obj)
{
	(void)f;
	(void)obj;
}

static void done_owned(const struct json_field *f, void *obj)
{
	free(*(void **)json_slot(f, obj));
}

static void done_strv(const struct json_field *f, void *obj)
{
	strv_free(*(char ***)json_slot(f, obj));
}

static void done_struct(const struct json_field *f, void *obj)
{
	json_done(f->type, json_slot(f, obj));
}

static void done_ptr(const struct json_field *f, void *obj)
{
	void *p = *(void **)json_slot(f, obj);

	if (p)
		json_done(f->type, p);
	free(p);
}

static void done_array(const struct json_field *f, void *obj)
{
	for (size_t i = 0; i < json_count(f, obj); i++)
		json_done(f->type, json_element(f, obj, i));
	done_owned(f, obj);
}

static void done_pairs(const struct json_field *f, void *obj)
{
	json_pairs_free(*(struct json_pair **)json_slot(f, obj), json_count(f, obj));
}

static void done_map(const struct json_field *f, void *obj)
{
	for (size_t i = 0; i < json_count(f, obj); i++)
		free(*(char **)json_element(f, obj, i)); /* the key, which no row names */
	done_array(f, obj);
}

static void (*const done_kinds[])(const struct json_field *f, void *obj) = {
	[JSON_STRING] = done_owned,
	[JSON_BOOL] = done_nothing,
	[JSON_I32] = done_nothing,
	[JSON_U32] = done_nothing,
	[JSON_I64] = done_nothing,
	[JSON_U64] = done_nothing,
	[JSON_MAYBE_BOOL] = done_nothing,
	[JSON_MAYBE_I64] = done_nothing,
	[JSON_MAYBE_U64] = done_nothing,
	[JSON_STRV] = done_strv,
	[JSON_U32S] = done_owned,
	[JSON_STRUCT] = done_struct,
	[JSON_PTR] = done_ptr,
	[JSON_ARRAY] = done_array,
	[JSON_PAIRS] = done_pairs,
	[JSON_MAP] = done_map,
};
static_assert(ARRAY_SIZE(done_kinds) == JSON_KINDS, "a kind that is not released");

void json_done(const struct json_type *type, void *obj)
{
	for (const struct json_field *f = type->fields; f->name; f++)
		done_kinds[f->kind](f, obj);
	memset(obj, 0, type->size);
}

void json_pairs_add(struct json_pair **pairs, size_t *n, const char *key, const char *value)
{
	struct json_pair *p = array_add((void **)pairs, n, sizeof(*p));

	*p = (struct json_pair){xstrdup(key), xstrdup(value)};
}

void json_pairs_free(struct json_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

const char *json_pairs_get(const struct json_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}
