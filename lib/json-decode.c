/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to structs: every row of a json_type takes its value from json-reader.h. */
#include "lib/json.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/json-reader.h"
#include "lib/json-tree.h"
#include "lib/json-walk.h"

/* Recursive, as deep as the tables nest: a document cannot make it deeper. */
static int decode_members(struct json_reader *rd, const struct json_type *type,
			  struct json_object *v, void *obj);

/* ---- single values ---- */

static int decode_string(struct json_reader *rd, const struct json_field *f,
			 struct json_object *v, void *obj)
{
	char **s = json_slot(f, obj);
	int r = json_reader_string(rd, v, s);

	if (r < 0)
		return r;
	/* Go engines leave out what is empty, or do not; both mean that it was not given. */
	if (!**s && !(f->flags & JSON_REQUIRED)) {
		free(*s);
		*s = NULL;
	}
	return 0;
}

static int decode_bool(struct json_reader *rd, const struct json_field *f,
		       struct json_object *v, void *obj)
{
	return json_reader_bool(rd, v, json_slot(f, obj));
}

static int decode_i32(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	int64_t i = 0;
	int r = json_reader_signed(rd, v, INT32_MIN, INT32_MAX, &i);

	if (r < 0)
		return r;
	*(int32_t *)json_slot(f, obj) = (int32_t)i;
	return 0;
}

static int decode_u32(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	uint64_t u = 0;
	int r = json_reader_unsigned(rd, v, UINT32_MAX, &u);

	if (r < 0)
		return r;
	*(uint32_t *)json_slot(f, obj) = (uint32_t)u;
	return 0;
}

static int decode_i64(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return json_reader_signed(rd, v, INT64_MIN, INT64_MAX, json_slot(f, obj));
}

static int decode_u64(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return json_reader_unsigned(rd, v, UINT64_MAX, json_slot(f, obj));
}

static int decode_maybe_bool(struct json_reader *rd, const struct json_field *f,
			     struct json_object *v, void *obj)
{
	struct maybe_bool *m = json_slot(f, obj);

	m->present = true;
	return json_reader_bool(rd, v, &m->value);
}

static int decode_maybe_i64(struct json_reader *rd, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_i64 *m = json_slot(f, obj);

	m->present = true;
	return json_reader_signed(rd, v, INT64_MIN, INT64_MAX, &m->value);
}

static int decode_maybe_u64(struct json_reader *rd, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_u64 *m = json_slot(f, obj);

	m->present = true;
	return json_reader_unsigned(rd, v, UINT64_MAX, &m->value);
}

/* ---- values that hold others ---- */

static int decode_strv(struct json_reader *rd, const struct json_field *f,
		       struct json_object *v, void *obj)
{
	size_t n = 0;
	char **strv;
	int r = json_reader_items(rd, v, &n);

	if (r < 0)
		return r;
	*(char ***)json_slot(f, obj) = strv = xcalloc(n + 1, sizeof(*strv));
	for (size_t i = 0; i < n; i++) {
		json_reader_enter_index(rd, i);
		r = json_reader_string(rd, json_object_array_get_idx(v, i), &strv[i]);
		if (r < 0)
			return r;
		json_reader_leave(rd);
	}
	return 0;
}

static int decode_u32s(struct json_reader *rd, const struct json_field *f,
		       struct json_object *v, void *obj)
{
	uint32_t *array;
	size_t n = 0;
	int r = json_reader_items(rd, v, &n);

	if (r < 0 || !n)
		return r;
	*(uint32_t **)json_slot(f, obj) = array = xcalloc(n, sizeof(*array));
	*json_count_slot(f, obj) = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t u = 0;

		json_reader_enter_index(rd, i);
		r = json_reader_unsigned(rd, json_object_array_get_idx(v, i), UINT32_MAX, &u);
		if (r < 0)
			return r;
		array[i] = (uint32_t)u;
		json_reader_leave(rd);
	}
	return 0;
}

static int decode_struct(struct json_reader *rd, const struct json_field *f,
			 struct json_object *v, void *obj)
{
	return decode_members(rd, f->type, v, json_slot(f, obj));
}

static int decode_ptr(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	void *p = xcalloc(1, f->type->size);

	*(void **)json_slot(f, obj) = p;
	return decode_members(rd, f->type, v, p);
}

static int decode_array(struct json_reader *rd, const struct json_field *f,
			struct json_object *v, void *obj)
{
	size_t n = 0;
	int r = json_reader_items(rd, v, &n);

	if (r < 0 || !n)
		return r;
	*(void **)json_slot(f, obj) = xcalloc(n, f->type->size);
	*json_count_slot(f, obj) = n;
	for (size_t i = 0; i < n; i++) {
		json_reader_enter_index(rd, i);
		r = decode_members(rd, f->type, json_object_array_get_idx(v, i),
				   json_element(f, obj, i));
		if (r < 0)
			return r;
		json_reader_leave(rd);
	}
	return 0;
}

static int decode_pairs(struct json_reader *rd, const struct json_field *f,
			struct json_object *v, void *obj)
{
	struct json_object_iterator it, end;
	struct json_pair *pair;
	size_t n = 0;
	int r = json_reader_members(rd, v, &n);

	if (r < 0 || !n)
		return r;
	*(struct json_pair **)json_slot(f, obj) = pair = xcalloc(n, sizeof(*pair));
	*json_count_slot(f, obj) = n;
	it = json_object_iter_begin(v);
	end = json_object_iter_end(v);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it), pair++) {
		pair->key = xstrdup(json_object_iter_peek_name(&it));
		json_reader_enter_key(rd, pair->key);
		r = json_reader_string(rd, json_object_iter_peek_value(&it), &pair->value);
		if (r < 0)
			return r;
		json_reader_leave(rd);
	}
	return 0;
}

static int decode_map(struct json_reader *rd, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	struct json_object_iterator it, end;
	size_t n = 0;
	int r = json_reader_members(rd, v, &n);

	if (r < 0 || !n)
		return r;
	*(void **)json_slot(f, obj) = xcalloc(n, f->type->size);
	*json_count_slot(f, obj) = n;
	it = json_object_iter_begin(v);
	end = json_object_iter_end(v);
	for (size_t i = 0; !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it), i++) {
		char **key = json_element(f, obj, i);

		*key = xstrdup(json_object_iter_peek_name(&it));
		json_reader_enter_key(rd, *key);
		r = decode_members(rd, f->type, json_object_iter_peek_value(&it), key);
		if (r < 0)
			return r;
		json_reader_leave(rd);
	}
	return 0;
}

static int (*const decode_kinds[])(struct json_reader *rd, const struct json_field *f,
				   struct json_object *v, void *obj) = {
	[JSON_STRING] = decode_string,
	[JSON_BOOL] = decode_bool,
	[JSON_I32] = decode_i32,
	[JSON_U32] = decode_u32,
	[JSON_I64] = decode_i64,
	[JSON_U64] = decode_u64,
	[JSON_MAYBE_BOOL] = decode_maybe_bool,
	[JSON_MAYBE_I64] = decode_maybe_i64,
	[JSON_MAYBE_U64] = decode_maybe_u64,
	[JSON_STRV] = decode_strv,
	[JSON_U32S] = decode_u32s,
	[JSON_STRUCT] = decode_struct,
	[JSON_PTR] = decode_ptr,
	[JSON_ARRAY] = decode_array,
	[JSON_PAIRS] = decode_pairs,
	[JSON_MAP] = decode_map,
};
static_assert(ARRAY_SIZE(decode_kinds) == JSON_KINDS, "a kind that is not read");

static int decode_members(struct json_reader *rd, const struct json_type *type,
			  struct json_object *v, void *obj)
{
	int r = json_reader_want(rd, v, json_type_object);

	if (r < 0)
		return r;
	for (const struct json_field *f = type->fields; f->name; f++) {
		struct json_object *member = NULL;

		/* null is as good as absent: so Go engines write a nil pointer. */
		(void)json_object_object_get_ex(v, f->name, &member);
		if (!member && !(f->flags & JSON_REQUIRED))
			continue;
		json_reader_enter(rd, f->name);
		if (!member)
			return json_reader_fail(rd, EINVAL, "is missing");
		r = decode_kinds[f->kind](rd, f, member, obj);
		if (r < 0)
			return r;
		json_reader_leave(rd);
	}
	return 0;
}

/* ---- whole documents ---- */

int json_decode(const struct json_type *type, void *obj, const char *text, size_t len,
		const char *what, struct error *err)
{
	_cleanup_json_object_ struct json_object *root = NULL;
	struct json_reader rd = {.what = what, .err = err};
	int r;

	r = json_tree_parse(text, len, what, &root, err);
	if (r < 0)
		return r;
	r = decode_members(&rd, type, root, obj);
	if (r < 0)
		json_done(type, obj);
	return r;
}
