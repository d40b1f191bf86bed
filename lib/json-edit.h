/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values of a JSON document that belongs to somebody else: read, set and
 * removed, while everything that we know nothing about is kept, in its order.
 *
 * A path is a NULL-terminated list of names of members, outermost first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/macro.h"

struct strbuf;
struct json_doc;

/* An object, or a message with line and column; a blank text is the empty object. */
int json_doc_parse(const char *text, size_t len, const char *what, struct json_doc **ret,
		   struct error *err);
struct json_doc *json_doc_free(struct json_doc *d);
DEFINE_CLEANUP(struct json_doc *, json_doc_free)

/* The string at this path, borrowed until the document changes; NULL when there is none. */
const char *json_doc_get(const struct json_doc *d, const char *const *path);
/* Is there anything at this path? */
bool json_doc_has(const struct json_doc *d, const char *const *path);
/* Missing objects on the way are made; -EINVAL where another value is in the way. */
int json_doc_set(struct json_doc *d, const char *const *path, const char *value,
		 struct error *err);
enum json_doc_flags {
	/* With the member go the objects around it that have become empty. */
	JSON_DOC_PRUNE = 1u << 0,
};
/* False: it was not there. */
bool json_doc_remove(struct json_doc *d, const char *const *path, unsigned int flags);
bool json_doc_is_empty(const struct json_doc *d);
/* Indented by two blanks, as people write such files; with a final newline. */
void json_doc_print(const struct json_doc *d, struct strbuf *out);
