/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as texts: nothing is looked up. */
#include "lib/path.h"

#include <string.h>

#include "lib/alloc.h"
#include "lib/strbuf.h"

bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}

/* Drops the last component, unless there is none or it is "..". */
static bool drop_last(struct strbuf *b, size_t root_len)
{
	size_t at = b->len;

	while (at > root_len && b->s[at - 1] != '/')
		at--;
	if (at == b->len || strcmp(b->s + at, "..") == 0)
		return false;
	if (at > root_len)
		at--; /* the slash in front */
	b->s[at] = '\0';
	b->len = at;
	return true;
}

char *path_clean(const char *path)
{
	struct strbuf b = STRBUF_EMPTY;
	size_t root_len = path_is_absolute(path) ? 1 : 0;

	strbuf_adds(&b, root_len ? "/" : "");
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			/* The parent of "/" is "/"; a relative ".." in front stays. */
			if (drop_last(&b, root_len) || root_len) {
				path += len;
				continue;
			}
		} else if (len == 0 || (len == 1 && path[0] == '.')) {
			path += len;
			continue;
		}
		if (b.len > root_len)
			strbuf_addc(&b, '/');
		strbuf_add(&b, path, len);
		path += len;
	}
	if (b.len == 0)
		strbuf_addc(&b, '.');
	return strbuf_take(&b);
}

char *path_join(const char *a, const char *b)
{
	size_t len = strlen(a);

	if (!*a)
		return xstrdup(b);
	if (!*b)
		return xstrdup(a);
	while (len > 0 && a[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, a, b + strspn(b, "/"));
}

bool path_has_prefix(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strcmp(prefix, "/") == 0)
		return path_is_absolute(path);
	return strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

void path_split(const char *path, char **ret_dir, char **ret_base)
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		*ret_dir = xstrdup(".");
		*ret_base = xstrdup(path);
		return;
	}
	*ret_dir = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	*ret_base = xstrdup(slash[1] ? slash + 1 : ".");
}
