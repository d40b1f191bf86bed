/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs to JSON text. Not by json-c: there is nothing to build a tree for, and
 * no slash to keep from being escaped. Indented like Go's encoding/json, with
 * which the files of other runtimes are written.
 */
#include "lib/json.h"

#include <inttypes.h>
#include <string.h>

#include "lib/json-scan.h"
#include "lib/json-walk.h"
#include "lib/strbuf.h"

struct encoder {
	struct strbuf *out;
	enum json_style style;
	unsigned int depth;
	bool is_first; /* nothing written yet in the innermost brackets */
};

static void encode_members(struct encoder *e, const struct json_type *type, const void *obj);

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
	const char *s = *(char *const *)json_slot_const(f, obj);

	json_quote(e->out, s ? s : "");
}

static void write_bool(struct encoder *e, bool b)
{
	strbuf_adds(e->out, b ? "true" : "false");
}

static void encode_bool(struct encoder *e, const struct json_field *f, const void *obj)
{
	write_bool(e, *(const bool *)json_slot_const(f, obj));
}

static void encode_i32(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId32, *(const int32_t *)json_slot_const(f, obj));
}

static void encode_u32(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu32, *(const uint32_t *)json_slot_const(f, obj));
}

static void encode_i64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId64, *(const int64_t *)json_slot_const(f, obj));
}

static void encode_u64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu64, *(const uint64_t *)json_slot_const(f, obj));
}

static void encode_maybe_bool(struct encoder *e, const struct json_field *f, const void *obj)
{
	write_bool(e, ((const struct maybe_bool *)json_slot_const(f, obj))->value);
}

static void encode_maybe_i64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRId64,
		    ((const struct maybe_i64 *)json_slot_const(f, obj))->value);
}

static void encode_maybe_u64(struct encoder *e, const struct json_field *f, const void *obj)
{
	strbuf_addf(e->out, "%" PRIu64,
		    ((const struct maybe_u64 *)json_slot_const(f, obj))->value);
}

static void encode_strv(struct encoder *e, const struct json_field *f, const void *obj)
{
	char *const *strv = *(char **const *)json_slot_const(f, obj);

	open_bracket(e, '[');
	for (; strv && *strv; strv++) {
		next_item(e);
		json_quote(e->out, *strv);
	}
	close_bracket(e, ']');
}

static void encode_u32s(struct encoder *e, const struct json_field *f, const void *obj)
{
	const uint32_t *array = *(uint32_t *const *)json_slot_const(f, obj);

	open_bracket(e, '[');
	for (size_t i = 0; i < json_count(f, obj); i++) {
		next_item(e);
		strbuf_addf(e->out, "%" PRIu32, array[i]);
	}
	close_bracket(e, ']');
}

static void encode_struct(struct encoder *e, const struct json_field *f, const void *obj)
{
	encode_members(e, f->type, json_slot_const(f, obj));
}

static void encode_ptr(struct encoder *e, const struct json_field *f, const void *obj)
{
	const void *p = *(void *const *)json_slot_const(f, obj);

	if (p)
		encode_members(e, f->type, p);
	else
		strbuf_adds(e->out, "null");
}

static void encode_array(struct encoder *e, const struct json_field *f, const void *obj)
{
	open_bracket(e, '[');
	for (size_t i = 0; i < json_count(f, obj); i++) {
		next_item(e);
		encode_members(e, f->type, json_element(f, obj, i));
	}
	close_bracket(e, ']');
}

static void encode_pairs(struct encoder *e, const struct json_field *f, const void *obj)
{
	const struct json_pair *pairs = *(struct json_pair *const *)json_slot_const(f, obj);

	open_bracket(e, '{');
	for (size_t i = 0; i < json_count(f, obj); i++) {
		next_member(e, pairs[i].key);
		json_quote(e->out, pairs[i].value);
	}
	close_bracket(e, '}');
}

static void encode_map(struct encoder *e, const struct json_field *f, const void *obj)
{
	open_bracket(e, '{');
	for (size_t i = 0; i < json_count(f, obj); i++) {
		next_member(e, *(char *const *)json_element(f, obj, i));
		encode_members(e, f->type, json_element(f, obj, i));
	}
	close_bracket(e, '}');
}

/* ---- what is worth writing ---- */

static bool empty_pointer(const struct json_field *f, const void *obj)
{
	return !*(void *const *)json_slot_const(f, obj);
}

static bool empty_bool(const struct json_field *f, const void *obj)
{
	return !*(const bool *)json_slot_const(f, obj);
}

static bool empty_32(const struct json_field *f, const void *obj)
{
	return !*(const uint32_t *)json_slot_const(f, obj);
}

static bool empty_64(const struct json_field *f, const void *obj)
{
	return !*(const uint64_t *)json_slot_const(f, obj);
}

static bool empty_maybe(const struct json_field *f, const void *obj)
{
	return !*(const bool *)json_slot_const(f, obj);
}
static_assert(offsetof(struct maybe_bool, present) == 0 &&
		      offsetof(struct maybe_i64, present) == 0 &&
		      offsetof(struct maybe_u64, present) == 0,
	      "empty_maybe() looks at the first member");

static bool empty_count(const struct json_field *f, const void *obj)
{
	return !json_count(f, obj);
}

static bool empty_never(const struct json_field *f, const void *obj)
{
	(void)f;
	(void)obj;
	return false;
}

struct encode_kind {
	bool (*is_empty)(const struct json_field *f, const void *obj);
	void (*encode)(struct encoder *e, const struct json_field *f, const void *obj);
};

static const struct encode_kind encode_kinds[] = {
	[JSON_STRING] = {empty_pointer, encode_string},
	[JSON_BOOL] = {empty_bool, encode_bool},
	[JSON_I32] = {empty_32, encode_i32},
	[JSON_U32] = {empty_32, encode_u32},
	[JSON_I64] = {empty_64, encode_i64},
	[JSON_U64] = {empty_64, encode_u64},
	[JSON_MAYBE_BOOL] = {empty_maybe, encode_maybe_bool},
	[JSON_MAYBE_I64] = {empty_maybe, encode_maybe_i64},
	[JSON_MAYBE_U64] = {empty_maybe, encode_maybe_u64},
	/* Not by length: an empty list may mean something else than none (seccomp flags). */
	[JSON_STRV] = {empty_pointer, encode_strv},
	[JSON_U32S] = {empty_count, encode_u32s},
	[JSON_STRUCT] = {empty_never, encode_struct},
	[JSON_PTR] = {empty_pointer, encode_ptr},
	[JSON_ARRAY] = {empty_count, encode_array},
	[JSON_PAIRS] = {empty_count, encode_pairs},
	[JSON_MAP] = {empty_count, encode_map},
};
static_assert(ARRAY_SIZE(encode_kinds) == JSON_KINDS, "a kind that is not written");

static void encode_members(struct encoder *e, const struct json_type *type, const void *obj)
{
	open_bracket(e, '{');
	for (const struct json_field *f = type->fields; f->name; f++) {
		const struct encode_kind *kind = &encode_kinds[f->kind];

		if (kind->is_empty(f, obj) && !(f->flags & JSON_KEEP))
			continue;
		next_member(e, f->name);
		kind->encode(e, f, obj);
	}
	close_bracket(e, '}');
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
