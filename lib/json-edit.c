/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c's tree keeps the order of members and, for fractions, the text they were
 * written with; integers are 64 bits wide. So what is printed again means the same.
 */
#include "lib/json-edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/json-tree.h"
#include "lib/strbuf.h"

struct json_doc {
	char *what;
	struct json_object *root;
};

struct json_doc *json_doc_free(struct json_doc *d)
{
	if (!d)
		return NULL;
	json_object_put(d->root);
	free(d->what);
	free(d);
	return NULL;
}

static bool is_object(const struct json_object *o)
{
	return o && json_object_is_type(o, json_type_object);
}

int json_doc_parse(const char *text, size_t len, const char *what, struct json_doc **ret,
		   struct error *err)
{
	_cleanup_(json_doc_freep) struct json_doc *d = xcalloc(1, sizeof(*d));
	int r = 0;

	d->what = xstrdup(what);
	if (strspn(text, " \t\r\n") == len)
		d->root = json_object_new_object();
	else
		r = json_tree_parse(text, len, what, &d->root, err);
	if (r < 0)
		return r;
	if (!is_object(d->root))
		return error_set(err, EINVAL, "%s: must be an object", what);
	*ret = take_ptr(&d);
	return 0;
}

/* The value at the path, borrowed, or NULL. */
static struct json_object *find(const struct json_doc *d, const char *const *path)
{
	struct json_object *at = d->root;

	for (; *path; path++)
		if (!is_object(at) || !json_object_object_get_ex(at, *path, &at))
			return NULL;
	return at;
}

bool json_doc_has(const struct json_doc *d, const char *const *path)
{
	return find(d, path);
}

const char *json_doc_get(const struct json_doc *d, const char *const *path)
{
	struct json_object *at = find(d, path);

	return at && json_object_is_type(at, json_type_string) ? json_object_get_string(at)
							       : NULL;
}

int json_doc_set(struct json_doc *d, const char *const *path, const char *value,
		 struct error *err)
{
	struct json_object *at = d->root;

	for (; path[1]; path++) {
		struct json_object *next = NULL;

		if (!json_object_object_get_ex(at, *path, &next) || !next) {
			next = json_object_new_object();
			json_object_object_add(at, *path, next);
		}
		if (!is_object(next))
			return error_set(err, EINVAL, "%s: %s: must be an object", d->what,
					 *path);
		at = next;
	}
	json_object_object_add(at, *path, json_object_new_string(value));
	return 0;
}

/* Recursive, as deep as the path is long, and paths are our own. */
static bool remove_from(struct json_object *at, const char *const *path, unsigned int flags)
{
	struct json_object *next;

	if (!is_object(at) || !json_object_object_get_ex(at, *path, &next))
		return false;
	if (path[1]) {
		if (!remove_from(next, path + 1, flags))
			return false;
		if (!(flags & JSON_DOC_PRUNE) || json_object_object_length(next) > 0)
			return true;
	}
	json_object_object_del(at, *path);
	return true;
}

bool json_doc_remove(struct json_doc *d, const char *const *path, unsigned int flags)
{
	return remove_from(d->root, path, flags);
}

bool json_doc_is_empty(const struct json_doc *d)
{
	return json_object_object_length(d->root) == 0;
}

void json_doc_print(const struct json_doc *d, struct strbuf *out)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	strbuf_adds(out, json_object_to_json_string_ext(d->root, style));
	strbuf_addc(out, '\n');
}
