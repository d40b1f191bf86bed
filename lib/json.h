/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table-driven codec between JSON text and C structs, over json-c.
 *
 * One table of rows describes a JSON object; the same table decodes, encodes
 * and frees the struct. What json-c forgives, this does not: a string is not a
 * number, a negative number is not unsigned, 2^64 is out of range, an embedded
 * NUL is refused, text behind the document is refused. Unknown members are
 * ignored, as OCI asks (runtime-spec, config.md "Extensibility"). Duplicate members:
 * the last wins, as with Go. null is as good as absent, and so is an empty string
 * that is not required.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/macro.h"

struct strbuf;

/* Numbers and booleans whose absence means something other than zero. */
struct maybe_bool {
	bool present;
	bool value;
};
struct maybe_i64 {
	bool present;
	int64_t value;
};
struct maybe_u64 {
	bool present;
	uint64_t value;
};

/* A JSON object used as a map from string to string, in document order. */
struct json_pair {
	char *key;
	char *value;
};

enum json_kind {
	JSON_STRING,	 /* char * */
	JSON_BOOL,	 /* bool */
	JSON_I32,	 /* int32_t */
	JSON_U32,	 /* uint32_t */
	JSON_I64,	 /* int64_t */
	JSON_U64,	 /* uint64_t */
	JSON_MAYBE_BOOL, /* struct maybe_bool */
	JSON_MAYBE_I64,	 /* struct maybe_i64 */
	JSON_MAYBE_U64,	 /* struct maybe_u64 */
	JSON_STRV,	 /* char **, NULL-terminated */
	JSON_U32S,	 /* uint32_t *, counted */
	JSON_STRUCT,	 /* embedded struct of `type` */
	JSON_PTR,	 /* struct *, NULL when absent or null */
	JSON_ARRAY,	 /* struct *, counted array of `type` */
	JSON_PAIRS,	 /* struct json_pair *, counted */
	JSON_MAP,	 /* object of objects: counted array of `type`, whose first
			    member is `char *` and receives the key */
};

enum json_flags {
	JSON_REQUIRED = 1u << 0,
	/*
	 * Encode even when false, zero or empty; others leave such members out. But a
	 * JSON_STRV that is empty and not NULL is written: none and "none of them" differ.
	 */
	JSON_KEEP = 1u << 1,
};

struct json_type;

struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset;
	size_t n_offset; /* of the size_t count, for the counted kinds */
	const struct json_type *type;
	unsigned int flags;
};

struct json_type {
	const char *name; /* for humans: "process" */
	size_t size;
	const struct json_field *fields; /* ends with name == NULL */
};

/* Row builders: JSON_FIELD(struct spec_root, "path", STRING, path, JSON_REQUIRED) */
#define JSON_FIELD(st, nm, kd, mb, fl)                                                         \
	{                                                                                      \
		.name = (nm), .kind = JSON_##kd, .offset = offsetof(st, mb), .flags = (fl)     \
	}
#define JSON_SUB(st, nm, kd, mb, ty, fl)                                                       \
	{                                                                                      \
		.name = (nm), .kind = JSON_##kd, .offset = offsetof(st, mb), .type = (ty),     \
		.flags = (fl)                                                                  \
	}
#define JSON_COUNTED(st, nm, kd, mb, nmb, ty, fl)                                              \
	{                                                                                      \
		.name = (nm), .kind = JSON_##kd, .offset = offsetof(st, mb),                   \
		.n_offset = offsetof(st, nmb), .type = (ty), .flags = (fl)                     \
	}
#define JSON_TYPE(nm, st, flds)                                                                \
	{                                                                                      \
		.name = (nm), .size = sizeof(st), .fields = (flds)                             \
	}

/* Documents above this are refused before parsing. */
#define JSON_TEXT_MAX (16u << 20)
/* Elements of one array, members of one map. */
#define JSON_ITEMS_MAX (1u << 16)

/*
 * Decode a whole document into a zeroed struct of `type`; on failure the struct
 * is freed and zeroed. The error names `what` (a file name) and the JSON path
 * ("linux.resources.memory.limit") or, for a syntax error, line:column.
 */
int json_decode(const struct json_type *type, void *obj, const char *text, size_t len,
		const char *what, struct error *err);
/* Encode: indented (`pretty`) or in one line; no final newline. */
enum json_style {
	JSON_COMPACT,
	JSON_PRETTY,
};
void json_encode(const struct json_type *type, const void *obj, enum json_style style,
		 struct strbuf *out);
/* Release all that a struct of `type` owns, then zero it; not the struct itself. */
void json_done(const struct json_type *type, void *obj);
/* A string with JSON's escapes and quotes. */
void json_quote(struct strbuf *out, const char *s);
/* One more pair, both strings copied. */
void json_pairs_add(struct json_pair **pairs, size_t *n, const char *key, const char *value);
void json_pairs_free(struct json_pair *pairs, size_t n);
const char *json_pairs_get(const struct json_pair *pairs, size_t n, const char *key);
