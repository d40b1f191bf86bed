/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A json_type is a list of rows, and a row has a kind. What differs between kinds
 * is in one table of operations, `kinds`: read the value, tell whether there is
 * one, write it, release it. Everything else is a walk over rows, and the walk is
 * the same for decoding, encoding and releasing, so that the three cannot
 * disagree about what a struct owns.
 *
 * json-c converts between types as it likes (the string "12" is the integer 12,
 * a negative number is the unsigned 0). So the type is tested first, then the
 * sign and the range, and only then is the value taken. What is wrong with single
 * tokens was refused before json-c saw them: lib/json-scan.c.
 */
#include "lib/json.h"

/* json-c has an `enum json_type`: another tag here, so that ours stays what it is. */
#define json_type json_c_type
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#undef json_type

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/json-scan.h"
#include "lib/str.h"
#include "lib/strbuf.h"

/* Every level of the document is one step, and json-c stops at this many levels. */
#define DEPTH_MAX JSON_TOKENER_DEFAULT_DEPTH

struct step {
	const char *name; /* a member, or the key of a map; NULL: the index counts */
	size_t index;
	bool is_key;
};

struct decoder {
	const char *what;
	struct error *err;
	struct step path[DEPTH_MAX + 1];
	size_t n_path;
};

struct encoder {
	struct strbuf *out;
	enum json_style style;
	unsigned int depth;
	bool is_first; /* nothing written yet in the innermost brackets */
};

struct kind {
	int (*decode)(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj);
	bool (*is_empty)(const struct json_field *f, const void *obj);
	void (*encode)(struct encoder *e, const struct json_field *f, const void *obj);
	void (*done)(const struct json_field *f, void *obj); /* NULL: owns nothing */
};

/* The operations of a row's kind: the table is at the end of these. */
static const struct kind *kind_of(const struct json_field *f);

/* Recursive, as deep as the tables nest: a document cannot make it deeper. */
static int decode_members(struct decoder *d, const struct json_type *type,
			  struct json_object *v, void *obj);
static void encode_members(struct encoder *e, const struct json_type *type, const void *obj);

static void *slot(const struct json_field *f, void *obj)
{
	return (char *)obj + f->offset;
}

static const void *slot_const(const struct json_field *f, const void *obj)
{
	return (const char *)obj + f->offset;
}

static size_t *count_slot(const struct json_field *f, void *obj)
{
	return (void *)((char *)obj + f->n_offset);
}

static size_t count_of(const struct json_field *f, const void *obj)
{
	const void *count = (const char *)obj + f->n_offset;

	return *(const size_t *)count;
}

/* The i-th element of a counted array of f->type. */
static void *element(const struct json_field *f, const void *obj, size_t i)
{
	return *(char *const *)slot_const(f, obj) + i * f->type->size;
}

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
	char **s = slot(f, obj);
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
	return read_bool(d, v, slot(f, obj));
}

static int decode_i32(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	int64_t i = 0;
	int r = read_signed(d, v, INT32_MIN, INT32_MAX, &i);

	if (r < 0)
		return r;
	*(int32_t *)slot(f, obj) = (int32_t)i;
	return 0;
}

static int decode_u32(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	uint64_t u = 0;
	int r = read_unsigned(d, v, UINT32_MAX, &u);

	if (r < 0)
		return r;
	*(uint32_t *)slot(f, obj) = (uint32_t)u;
	return 0;
}

static int decode_i64(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return read_signed(d, v, INT64_MIN, INT64_MAX, slot(f, obj));
}

static int decode_u64(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	return read_unsigned(d, v, UINT64_MAX, slot(f, obj));
}

static int decode_maybe_bool(struct decoder *d, const struct json_field *f,
			     struct json_object *v, void *obj)
{
	struct maybe_bool *m = slot(f, obj);

	m->present = true;
	return read_bool(d, v, &m->value);
}

static int decode_maybe_i64(struct decoder *d, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_i64 *m = slot(f, obj);

	m->present = true;
	return read_signed(d, v, INT64_MIN, INT64_MAX, &m->value);
}

static int decode_maybe_u64(struct decoder *d, const struct json_field *f,
			    struct json_object *v, void *obj)
{
	struct maybe_u64 *m = slot(f, obj);

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
	*(char ***)slot(f, obj) = strv = xcalloc(n + 1, sizeof(*strv));
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
	*(uint32_t **)slot(f, obj) = array = xcalloc(n, sizeof(*array));
	*count_slot(f, obj) = n;
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
	return decode_members(d, f->type, v, slot(f, obj));
}

static int decode_ptr(struct decoder *d, const struct json_field *f, struct json_object *v,
		      void *obj)
{
	void *p = xcalloc(1, f->type->size);

	*(void **)slot(f, obj) = p;
	return decode_members(d, f->type, v, p);
}

static int decode_array(struct decoder *d, const struct json_field *f, struct json_object *v,
			void *obj)
{
	size_t n = 0;
	int r = want_items(d, v, &n);

	if (r < 0 || !n)
		return r;
	*(void **)slot(f, obj) = xcalloc(n, f->type->size);
	*count_slot(f, obj) = n;
	for (size_t i = 0; i < n; i++) {
		enter(d, NULL, i, false);
		r = decode_members(d, f->type, json_object_array_get_idx(v, i),
				   element(f, obj, i));
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
	*(struct json_pair **)slot(f, obj) = pair = xcalloc(n, sizeof(*pair));
	*count_slot(f, obj) = n;
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
	*(void **)slot(f, obj) = xcalloc(n, f->type->size);
	*count_slot(f, obj) = n;
	it = json_object_iter_begin(v);
	end = json_object_iter_end(v);
	for (size_t i = 0; !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it), i++) {
		char **key = element(f, obj, i);

		*key = xstrdup(json_object_iter_peek_name(&it));
		enter(d, *key, 0, true);
		r = decode_members(d, f->type, json_object_iter_peek_value(&it), key);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

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
		r = kind_of(f)->decode(d, f, member, obj);
		if (r < 0)
			return r;
		leave(d);
	}
	return 0;
}

/* ---- release ---- */

static void done_owned(const struct json_field *f, void *obj)
{
	free(*(void **)slot(f, obj));
}

static void done_strv(const struct json_field *f, void *obj)
{
	strv_free(*(char ***)slot(f, obj));
}

static void done_struct(const struct json_field *f, void *obj)
{
	json_done(f->type, slot(f, obj));
}

static void done_ptr(const struct json_field *f, void *obj)
{
	void *p = *(void **)slot(f, obj);

	if (p)
		json_done(f->type, p);
	free(p);
}

static void done_array(const struct json_field *f, void *obj)
{
	for (size_t i = 0; i < count_of(f, obj); i++)
		json_done(f->type, element(f, obj, i));
	done_owned(f, obj);
}

static void done_pairs(const struct json_field *f, void *obj)
{
	struct json_pair *pairs = *(struct json_pair **)slot(f, obj);

	for (size_t i = 0; i < count_of(f, obj); i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

static void done_map(const struct json_field *f, void *obj)
{
	for (size_t i = 0; i < count_of(f, obj); i++)
		free(*(char **)element(f, obj, i)); /* the key, which no row names */
	done_array(f, obj);
}

void json_done(const struct json_type *type, void *obj)
{
	for (const struct json_field *f = type->fields; f->name; f++)
		if (kind_of(f)->done)
			kind_of(f)->done(f, obj);
	memset(obj, 0, type->size);
}

/* ---- writing ---- */

static void next_line(struct encoder *e)
{
	if (e->style == JSON_COMPACT)
		return;
	strbuf_addc(e->out, '\n');
	for (unsigned int i = 0; i < e->depth; i++)
		strbuf_addc(e->out, '\t');
}

static void open_bracket(struct encoder *e, char bracket)
{
	strbuf_addc(e->out, bracket);
	e->depth++;
	e->is_first = true;
}

static void close_bracket(struct encoder *e, char bracket)
{
	e->depth--;
	if (!e->is_first)
		next_line(e);
	strbuf_addc(e->out, bracket);
	e->is_first = false;
}

static void next_item(struct encoder *e)
{
	if (!e->is_first)
		strbuf_addc(e->out, ',');
	e->is_first = false;
	next_line(e);
}

static void next_member(struct encoder *e, const char *name)
{
	next_item(e);
	json_quote(e->out, name);
	strbuf_adds(e->out, e->style == JSON_COMPACT ? ":" : ": ");
}

static void encode_string(struct encoder *e, const struct json_field *f, const void *obj)
{
	const char *s = *(char *const *)slot_const(f, obj);

	json_quote(e->out, s ? s : "");
}

static void write_bool(struct encoder *e, bool b)
{
	strbuf_adds(e->out, b ? "true" : "false");
}

static void encode_bool(struct encoder *e, const struct json_field *f, const void *obj)
{
	write_bool(e, *(const bool *)slot_const(f, obj));
}

static void encode_i32(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId32, *(const int32_t *)slot_const(f, obj));
}

static void encode_u32(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu32, *(const uint32_t *)slot_const(f, obj));
}

static void encode_i64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId64, *(const int64_t *)slot_const(f, obj));
}

static void encode_u64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu64, *(const uint64_t *)slot_const(f, obj));
}

static void encode_maybe_bool(struct encoder *e, const struct json_field *f, const void *obj)
{
	write_bool(e, ((const struct maybe_bool *)slot_const(f, obj))->value);
}

static void encode_maybe_i64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId64, ((const struct maybe_i64 *)slot_const(f, obj))->value);
}

static void encode_maybe_u64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu64, ((const struct maybe_u64 *)slot_const(f, obj))->value);
}

static void encode_strv(struct encoder *e, const struct json_field *f, const void *obj)
{
	char *const *strv = *(char **const *)slot_const(f, obj);

	open_bracket(e, '[');
	for (; strv && *strv; strv++) {
		next_item(e);
		json_quote(e->out, *strv);
	}
	close_bracket(e, ']');
}

static void encode_u32s(struct encoder *e, const struct json_field *f, const void *obj)
{
	const uint32_t *array = *(uint32_t *const *)slot_const(f, obj);

	open_bracket(e, '[');
	for (size_t i = 0; i < count_of(f, obj); i++) {
		next_item(e);
		strbuf_addf(e->out, "%" PRIu32, array[i]);
	}
	close_bracket(e, ']');
}

static void encode_struct(struct encoder *e, const struct json_field *f, const void *obj)
{
	encode_members(e, f->type, slot_const(f, obj));
}

static void encode_ptr(struct encoder *e, const struct json_field *f, const void *obj)
{
	const void *p = *(void *const *)slot_const(f, obj);

	if (p)
		encode_members(e, f->type, p);
	else
		strbuf_adds(e->out, "null");
}

static void encode_array(struct encoder *e, const struct json_field *f, const void *obj)
{
	open_bracket(e, '[');
	for (size_t i = 0; i < count_of(f, obj); i++) {
		next_item(e);
		encode_members(e, f->type, element(f, obj, i));
	}
	close_bracket(e, ']');
}

static void encode_pairs(struct encoder *e, const struct json_field *f, const void *obj)
{
	const struct json_pair *pairs = *(struct json_pair *const *)slot_const(f, obj);

	open_bracket(e, '{');
	for (size_t i = 0; i < count_of(f, obj); i++) {
		next_member(e, pairs[i].key);
		json_quote(e->out, pairs[i].value);
	}
	close_bracket(e, '}');
}

static void encode_map(struct encoder *e, const struct json_field *f, const void *obj)
{
	open_bracket(e, '{');
	for (size_t i = 0; i < count_of(f, obj); i++) {
		next_member(e, *(char *const *)element(f, obj, i));
		encode_members(e, f->type, element(f, obj, i));
	}
	close_bracket(e, '}');
}

static void encode_members(struct encoder *e, const struct json_type *type, const void *obj)
{
	open_bracket(e, '{');
	for (const struct json_field *f = type->fields; f->name; f++) {
		if (kind_of(f)->is_empty(f, obj) && !(f->flags & JSON_KEEP))
			continue;
		next_member(e, f->name);
		kind_of(f)->encode(e, f, obj);
	}
	close_bracket(e, '}');
}

/* ---- what is worth writing ---- */

static bool empty_pointer(const struct json_field *f, const void *obj)
{
	return !*(void *const *)slot_const(f, obj);
}

static bool empty_bool(const struct json_field *f, const void *obj)
{
	return !*(const bool *)slot_const(f, obj);
}

static bool empty_32(const struct json_field *f, const void *obj)
{
	return !*(const uint32_t *)slot_const(f, obj);
}

static bool empty_64(const struct json_field *f, const void *obj)
{
	return !*(const uint64_t *)slot_const(f, obj);
}

static bool empty_maybe(const struct json_field *f, const void *obj)
{
	return !*(const bool *)slot_const(f, obj);
}
static_assert(offsetof(struct maybe_bool, present) == 0 &&
		      offsetof(struct maybe_i64, present) == 0 &&
		      offsetof(struct maybe_u64, present) == 0,
	      "empty_maybe() looks at the first member");

static bool empty_count(const struct json_field *f, const void *obj)
{
	return !count_of(f, obj);
}

static bool empty_never(const struct json_field *f, const void *obj)
{
	(void)f;
	(void)obj;
	return false;
}

static const struct kind kinds[] = {
	[JSON_STRING] = {decode_string, empty_pointer, encode_string, done_owned},
	[JSON_BOOL] = {decode_bool, empty_bool, encode_bool, NULL},
	[JSON_I32] = {decode_i32, empty_32, encode_i32, NULL},
	[JSON_U32] = {decode_u32, empty_32, encode_u32, NULL},
	[JSON_I64] = {decode_i64, empty_64, encode_i64, NULL},
	[JSON_U64] = {decode_u64, empty_64, encode_u64, NULL},
	[JSON_MAYBE_BOOL] = {decode_maybe_bool, empty_maybe, encode_maybe_bool, NULL},
	[JSON_MAYBE_I64] = {decode_maybe_i64, empty_maybe, encode_maybe_i64, NULL},
	[JSON_MAYBE_U64] = {decode_maybe_u64, empty_maybe, encode_maybe_u64, NULL},
	/* Not by length: an empty list may mean something else than none (seccomp flags). */
	[JSON_STRV] = {decode_strv, empty_pointer, encode_strv, done_strv},
	[JSON_U32S] = {decode_u32s, empty_count, encode_u32s, done_owned},
	[JSON_STRUCT] = {decode_struct, empty_never, encode_struct, done_struct},
	[JSON_PTR] = {decode_ptr, empty_pointer, encode_ptr, done_ptr},
	[JSON_ARRAY] = {decode_array, empty_count, encode_array, done_array},
	[JSON_PAIRS] = {decode_pairs, empty_count, encode_pairs, done_pairs},
	[JSON_MAP] = {decode_map, empty_count, encode_map, done_map},
};
static_assert(ARRAY_SIZE(kinds) == JSON_MAP + 1, "a kind without operations");

static const struct kind *kind_of(const struct json_field *f)
{
	return &kinds[f->kind];
}

/* ---- whole documents ---- */

static struct json_tokener *tokener_free(struct json_tokener *t)
{
	if (t)
		json_tokener_free(t);
	return NULL;
}
DEFINE_CLEANUP(struct json_tokener *, tokener_free)

static void object_putp(struct json_object **o)
{
	json_object_put(*o);
}

/*
 * The tokens are sound; do they make a document? On success *ret is an owned
 * tree, NULL for the document `null`.
 */
static int parse(const char *text, size_t len, const char *what, struct json_object **ret,
		 struct error *err)
{
	_cleanup_(tokener_freep) struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *o;
	enum json_tokener_error e;

	if (!t)
		return error_set(err, ENOMEM, "%s: out of memory", what);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(t, text, (int)len);
	e = json_tokener_get_error(t);
	/* A bare number or word ends only where something else begins. */
	if (e == json_tokener_continue) {
		o = json_tokener_parse_ex(t, " ", 1);
		e = json_tokener_get_error(t);
		if (e == json_tokener_continue)
			return json_syntax_error(text, len, what, "unexpected end", err);
	}
	if (e != json_tokener_success)
		return json_syntax_error(text, json_tokener_get_parse_end(t), what,
					 json_tokener_error_desc(e), err);
	*ret = o;
	return 0;
}

int json_decode(const struct json_type *type, void *obj, const char *text, size_t len,
		const char *what, struct error *err)
{
	_cleanup_(object_putp) struct json_object *root = NULL;
	struct decoder d = {.what = what, .err = err};
	int r;

	static_assert(JSON_TEXT_MAX <= INT_MAX, "json-c counts in int");
	if (len > JSON_TEXT_MAX)
		return error_set(err, E2BIG, "%s: more than %u bytes", what, JSON_TEXT_MAX);
	r = json_scan(text, len, what, err);
	if (r < 0)
		return r;
	r = parse(text, len, what, &root, err);
	if (r < 0)
		return r;
	r = decode_members(&d, type, root, obj);
	if (r < 0)
		json_done(type, obj);
	return r;
}

void json_encode(const struct json_type *type, const void *obj, enum json_style style,
		 struct strbuf *out)
{
	struct encoder e = {.out = out, .style = style};

	encode_members(&e, type, obj);
}

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void json_quote(struct strbuf *out, const char *s)
{
	size_t len = strlen(s);

	strbuf_addc(out, '"');
	while (len) {
		size_t n = json_utf8_len(s, len);

		if (short_escape(*s))
			strbuf_adds(out, short_escape(*s));
		else if ((unsigned char)*s < ' ')
			strbuf_addf(out, "\\u%04x", (unsigned int)*s);
		else if (n)
			strbuf_add(out, s, n);
		else
			strbuf_adds(out, "\xef\xbf\xbd"); /* U+FFFD: a path need not be UTF-8 */
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	strbuf_addc(out, '"');
}

const char *json_pairs_get(const struct json_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}
