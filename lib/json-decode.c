/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * json-c converts between types as it likes: the string "12" is the integer 12, a
 * negative number is the unsigned 0. So the type is tested first, then the sign
 * and the range, and only then is the value taken.
 *
 * The way from the root to the value in hand is kept as a list of steps, and
 * becomes the JSON path of a message where something is wrong.
 */
#include "lib/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/json-tree.h"
#include "lib/json-walk.h"
#include "lib/strbuf.h"

struct step {
	const char *name; /* a member, or the key of a map; NULL: the index counts */
	size_t index;
	bool is_key;
};

struct decoder {
	const char *what;
	struct error *err;
	struct step path[JSON_TREE_DEPTH + 1]; /* every level of the document is one step */
	size_t n_path;
};

/* Recursive, as deep as the tables nest: a document cannot make it deeper. */
static int decode_members(struct decoder *d, const struct json_type *type,
			  struct json_object *v, void *obj);

/* ---- where we are, and what is wrong there ---- */

static void enter(struct decoder *d, const char *name, size_t index, bool is_key)
{
	d->path[d->n_path++] = (struct step){.name = name, .index = index, .is_key = is_key};
}

static void leave(struct decoder *d)
{
	d->n_path--;
}

static void path_format(const struct decoder *d, struct strbuf *out)
{
	for (size_t i = 0; i < d->n_path; i++) {
		const struct step *s = &d->path[i];

		if (!s->name) {
			strbuf_addf(out, "[%zu]", s->index);
		} else if (s->is_key) {
			strbuf_addc(out, '[');
			json_quote(out, s->name);
			strbuf_addc(out, ']');
		} else {
			strbuf_addf(out, "%s%s", i ? "." : "", s->name);
		}
	}
}

static int fail(struct decoder *d, int errnum, const char *fmt, ...) _printf_(3, 4);
static int fail(struct decoder *d, int errnum, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_EMPTY;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	path_format(d, &path);
	if (!path.len)
		return error_set(d->err, errnum, "%s: %s", d->what, text);
	/* A key may be longer than the whole message: the reason must not be cut off. */
	return error_set(d->err, errnum, "%s: %.500s: %s", d->what, strbuf_str(&path), text);
}

static int want(struct decoder *d, struct json_object *v, enum json_c_type type)
{
	static const char *const names[] = {
		[json_type_null] = "null",	   [json_type_boolean] = "a boolean",
		[json_type_double] = "a fraction", [json_type_int] = "an integer",
		[json_type_object] = "an object",  [json_type_array] = "an array",
		[json_type_string] = "a string",
	};
	enum json_c_type is = json_object_get_type(v);

	if (is == type)
		return 0;
	return fail(d, EINVAL, "must be %s, not %s", names[type], names[is]);
}

/* ---- single values ---- */

static int read_string(struct decoder *d, struct json_object *v, char **ret)
{
	int r = want(d, v, json_type_string);

	if (r < 0)
		return r;
	*ret = xstrdup(json_object_get_string(v));
	return 0;
}

static int read_bool(struct decoder *d, struct json_object *v, bool *ret)
{
	int r = want(d, v, json_type_boolean);

	if (r < 0)
		return r;
	*ret = json_object_get_boolean(v);
	return 0;
}

static int read_signed(struct decoder *d, struct json_object *v, int64_t min, int64_t max,
		       int64_t *ret)
{
	int r = want(d, v, json_type_int);
	int64_t i;

	if (r < 0)
		return r;
	/* get_int64() gives INT64_MAX for what only get_uint64() can tell. */
	i = json_object_get_int64(v);
	if (i < min || i > max || (i == INT64_MAX && json_object_get_uint64(v) > INT64_MAX))
		return fail(d, ERANGE, "%s is out of range (%" PRId64 " to %" PRId64 ")",
			    json_object_get_string(v), min, max);
	*ret = i;
	return 0;
}

static int read_unsigned(struct decoder *d, struct json_object *v, uint64_t max, uint64_t *ret)
{
	int r = want(d, v, json_type_int);
	uint64_t u;

	if (r < 0)
		return r;
	/* get_uint64() gives 0 for every negative number. */
	u = json_object_get_uint64(v);
	if (json_object_get_int64(v) < 0 || u > max)
		return fail(d, ERANGE, "%s is out of range (0 to %" PRIu64 ")",
			    json_object_get_string(v), max);
	*ret = u;
	return 0;
}

static int decode_string(struct decoder *d, const struct json_field *f, struct json_object *v,
			 void *obj)
{
	char **s = json_slot(f, obj);
	int r = read_string(d, v, s);

	if (r < 0)
		return r;
	/* Go engines leave out what is empty, or do not; both mean that it was not given. */
	if (!**s && !(f->flags & JSON_REQUIRED)) {
		free(*s);
		*s = NULL;
	}
	return 0;
}

static int decode_bool(struct decoder *d, const struct json_field *f, struct json_object *v,
		       void *obj)
{
	return read_bool(d, v, json_slot(f, obj));
}

static int decode_i32(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	int64_t i = 0;
	int r = read_signed(d, v, INT32_MIN, INT32_MAX, &i);

	if (r < 0)
		return r;
	*(int32_t *)json_slot(f, obj) = (int32_t)i;
	return 0;
}

static int decode_u32(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	uint64_t u = 0;
	int r = read_unsigned(d, v, UINT32_MAX, &u);

	if (r < 0)
		return r;
	*(uint32_t *)json_slot(f, obj) = (uint32_t)u;
	return 0;
}

static int decode_i64(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return read_signed(d, v, INT64_MIN, INT64_MAX, json_slot(f, obj));
}

static int decode_u64(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return read_unsigned(d, v, UINT64_MAX, json_slot(f, obj));
}

static int decode_maybe_bool(struct decoder *d, const struct json_field *f,
			     struct json_object *v, void *obj)
{
	struct maybe_bool *m = json_slot(f, obj);

	m->present = true;
	return read_bool(d, v, &m->value);
}

static int decode_maybe_i64(struct decoder *d, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_i64 *m = json_slot(f, obj);

	m->present = true;
	return read_signed(d, v, INT64_MIN, INT64_MAX, &m->value);
}

static int decode_maybe_u64(struct decoder *d, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_u64 *m = json_slot(f, obj);

	m->present = true;
	return read_unsigned(d, v, UINT64_MAX, &m->value);
}

/* ---- values that hold others ---- */

static int want_items(struct decoder *d, struct json_object *v, size_t *ret_n)
{
	int r = want(d, v, json_type_array);
	size_t n;

	if (r < 0)
		return r;
	n = json_object_array_length(v);
	if (n > JSON_ITEMS_MAX)
		return fail(d, E2BIG, "more than %u elements", JSON_ITEMS_MAX);
	*ret_n = n;
	return 0;
}

static int want_members(struct decoder *d, struct json_object *v, size_t *ret_n)
{
	int r = want(d, v, json_type_object);
	size_t n;

	if (r < 0)
		return r;
	n = (size_t)json_object_object_length(v);
	if (n > JSON_ITEMS_MAX)
		return fail(d, E2BIG, "more than %u members", JSON_ITEMS_MAX);
	*ret_n = n;
	return 0;
}

static int decode_strv(struct decoder *d, const struct json_field *f, struct json_object *v,
		       void *obj)
{
	size_t n = 0;
	char **strv;
	int r = want_items(d, v, &n);

	if (r < 0)
		return r;
	*(char ***)json_slot(f, obj) = strv = xcalloc(n + 1, sizeof(*strv));
	for (size_t i = 0; i < n; i++) {
		enter(d, NULL, i, false);
		r = read_string(d, json_object_array_get_idx(v, i), &strv[i]);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

static int decode_u32s(struct decoder *d, const struct json_field *f, struct json_object *v,
		       void *obj)
{
	uint32_t *array;
	size_t n = 0;
	int r = want_items(d, v, &n);

	if (r < 0 || !n)
		return r;
	*(uint32_t **)json_slot(f, obj) = array = xcalloc(n, sizeof(*array));
	*json_count_slot(f, obj) = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t u = 0;

		enter(d, NULL, i, false);
		r = read_unsigned(d, json_object_array_get_idx(v, i), UINT32_MAX, &u);
		if (r < 0)
			return r;
		array[i] = (uint32_t)u;
		leave(d);
	}
	return 0;
}

static int decode_struct(struct decoder *d, const struct json_field *f, struct json_object *v,
			 void *obj)
{
	return decode_members(d, f->type, v, json_slot(f, obj));
}

static int decode_ptr(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	void *p = xcalloc(1, f->type->size);

	*(void **)json_slot(f, obj) = p;
	return decode_members(d, f->type, v, p);
}

static int decode_array(struct decoder *d, const struct json_field *f, struct json_object *v,
			void *obj)
{
	size_t n = 0;
	int r = want_items(d, v, &n);

	if (r < 0 || !n)
		return r;
	*(void **)json_slot(f, obj) = xcalloc(n, f->type->size);
	*json_count_slot(f, obj) = n;
	for (size_t i = 0; i < n; i++) {
		enter(d, NULL, i, false);
		r = decode_members(d, f->type, json_object_array_get_idx(v, i),
				   json_element(f, obj, i));
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

static int decode_pairs(struct decoder *d, const struct json_field *f, struct json_object *v,
			void *obj)
{
	struct json_object_iterator it, end;
	struct json_pair *pair;
	size_t n = 0;
	int r = want_members(d, v, &n);

	if (r < 0 || !n)
		return r;
	*(struct json_pair **)json_slot(f, obj) = pair = xcalloc(n, sizeof(*pair));
	*json_count_slot(f, obj) = n;
	it = json_object_iter_begin(v);
	end = json_object_iter_end(v);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it), pair++) {
		pair->key = xstrdup(json_object_iter_peek_name(&it));
		enter(d, pair->key, 0, true);
		r = read_string(d, json_object_iter_peek_value(&it), &pair->value);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

static int decode_map(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	struct json_object_iterator it, end;
	size_t n = 0;
	int r = want_members(d, v, &n);

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
		enter(d, *key, 0, true);
		r = decode_members(d, f->type, json_object_iter_peek_value(&it), key);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

static int (*const decode_kinds[])(struct decoder *d, const struct json_field *f,
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

static int decode_members(struct decoder *d, const struct json_type *type,
			  struct json_object *v, void *obj)
{
	int r = want(d, v, json_type_object);

	if (r < 0)
		return r;
	for (const struct json_field *f = type->fields; f->name; f++) {
		struct json_object *member = NULL;

		/* null is as good as absent: so Go engines write a nil pointer. */
		(void)json_object_object_get_ex(v, f->name, &member);
		if (!member && !(f->flags & JSON_REQUIRED))
			continue;
		enter(d, f->name, 0, false);
		if (!member)
			return fail(d, EINVAL, "is missing");
		r = decode_kinds[f->kind](d, f, member, obj);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

/* ---- whole documents ---- */

int json_decode(const struct json_type *type, void *obj, const char *text, size_t len,
		const char *what, struct error *err)
{
	_cleanup_json_object_ struct json_object *root = NULL;
	struct decoder d = {.what = what, .err = err};
	int r;

	r = json_tree_parse(text, len, what, &root, err);
	if (r < 0)
		return r;
	r = decode_members(&d, type, root, obj);
	if (r < 0)
		json_done(type, obj);
	return r;
}
