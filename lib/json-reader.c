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
#include "lib/json-reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/strbuf.h"

/* ---- where we are, and what is wrong there ---- */

static void enter(struct json_reader *rd, struct json_step step)
{
	rd->path[rd->n_path++] = step;
}

void json_reader_enter(struct json_reader *rd, const char *member)
{
	enter(rd, (struct json_step){.name = member});
}

void json_reader_enter_key(struct json_reader *rd, const char *key)
{
	enter(rd, (struct json_step){.name = key, .is_key = true});
}

void json_reader_enter_index(struct json_reader *rd, size_t index)
{
	enter(rd, (struct json_step){.index = index});
}

void json_reader_leave(struct json_reader *rd)
{
	rd->n_path--;
}

static void path_format(const struct json_reader *rd, struct strbuf *out)
{
	for (size_t i = 0; i < rd->n_path; i++) {
		const struct json_step *s = &rd->path[i];

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

int json_reader_fail(struct json_reader *rd, int errnum, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_EMPTY;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	path_format(rd, &path);
	if (!path.len)
		return error_set(rd->err, errnum, "%s: %s", rd->what, text);
	/* A key may be longer than the whole message: the reason must not be cut off. */
	return error_set(rd->err, errnum, "%s: %.500s: %s", rd->what, strbuf_str(&path), text);
}

int json_reader_want(struct json_reader *rd, struct json_object *v, enum json_c_type type)
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
	return json_reader_fail(rd, EINVAL, "must be %s, not %s", names[type], names[is]);
}

/* ---- values ---- */

int json_reader_string(struct json_reader *rd, struct json_object *v, char **ret)
{
	int r = json_reader_want(rd, v, json_type_string);

	if (r < 0)
		return r;
	*ret = xstrdup(json_object_get_string(v));
	return 0;
}

int json_reader_bool(struct json_reader *rd, struct json_object *v, bool *ret)
{
	int r = json_reader_want(rd, v, json_type_boolean);

	if (r < 0)
		return r;
	*ret = json_object_get_boolean(v);
	return 0;
}

int json_reader_signed(struct json_reader *rd, struct json_object *v, int64_t min, int64_t max,
		       int64_t *ret)
{
	int r = json_reader_want(rd, v, json_type_int);
	int64_t i;

	if (r < 0)
		return r;
	/* get_int64() gives INT64_MAX for what only get_uint64() can tell. */
	i = json_object_get_int64(v);
	if (i < min || i > max || (i == INT64_MAX && json_object_get_uint64(v) > INT64_MAX))
		return json_reader_fail(rd, ERANGE,
					"%s is out of range (%" PRId64 " to %" PRId64 ")",
					json_object_get_string(v), min, max);
	*ret = i;
	return 0;
}

int json_reader_unsigned(struct json_reader *rd, struct json_object *v, uint64_t max,
			 uint64_t *ret)
{
	int r = json_reader_want(rd, v, json_type_int);
	uint64_t u;

	if (r < 0)
		return r;
	/* get_uint64() gives 0 for every negative number. */
	u = json_object_get_uint64(v);
	if (json_object_get_int64(v) < 0 || u > max)
		return json_reader_fail(rd, ERANGE, "%s is out of range (0 to %" PRIu64 ")",
					json_object_get_string(v), max);
	*ret = u;
	return 0;
}

int json_reader_items(struct json_reader *rd, struct json_object *v, size_t *ret_n)
{
	int r = json_reader_want(rd, v, json_type_array);
	size_t n;

	if (r < 0)
		return r;
	n = json_object_array_length(v);
	if (n > JSON_ITEMS_MAX)
		return json_reader_fail(rd, E2BIG, "more than %u elements", JSON_ITEMS_MAX);
	*ret_n = n;
	return 0;
}

int json_reader_members(struct json_reader *rd, struct json_object *v, size_t *ret_n)
{
	int r = json_reader_want(rd, v, json_type_object);
	size_t n;

	if (r < 0)
		return r;
	n = (size_t)json_object_object_length(v);
	if (n > JSON_ITEMS_MAX)
		return json_reader_fail(rd, E2BIG, "more than %u members", JSON_ITEMS_MAX);
	*ret_n = n;
	return 0;
}
