/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with single tokens is refused before json-c sees them (json-scan.c); here
 * json-c says whether they make a document.
 */
#include "lib/json-tree.h"

#include <errno.h>
#include <limits.h>

#include "lib/json-scan.h"
#include "lib/json.h"

static struct json_tokener *tokener_free(struct json_tokener *t)
{
	if (t)
		json_tokener_free(t);
	return NULL;
}
DEFINE_CLEANUP(struct json_tokener *, tokener_free)

/*
 * The tokens are sound; do they make a document? On success *ret is an owned
 * tree, NULL for the document `null`.
 */
static int parse_tokens(const char *text, size_t len, const char *what,
			struct json_object **ret, struct error *err)
{
	_cleanup_(tokener_freep) struct json_tokener *t = json_tokener_new_ex(JSON_TREE_DEPTH);
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

int json_tree_parse(const char *text, size_t len, const char *what, struct json_object **ret,
		    struct error *err)
{
	int r;

	static_assert(JSON_TEXT_MAX <= INT_MAX, "json-c counts in int");
	if (len > JSON_TEXT_MAX)
		return error_set(err, E2BIG, "%s: more than %u bytes", what, JSON_TEXT_MAX);
	r = json_scan(text, len, what, err);
	return r < 0 ? r : parse_tokens(text, len, what, ret, err);
}
