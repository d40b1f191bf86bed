/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/strv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"

void strv_free(char **v)
{
	if (!v)
		return;
	for (char **p = v; *p; p++)
		free(*p);
	free(v);
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

bool strv_contains(char *const *v, const char *s)
{
	for (; v && *v; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

void strv_take(char ***v, char *s)
{
	size_t n = strv_len(*v);

	*v = xrealloc(*v, n + 2, sizeof(**v));
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
	strv_take(v, xstrdup(s));
}

char **strv_copy(char *const *v)
{
	size_t n = strv_len(v);
	char **copy;

	if (!v)
		return NULL;
	copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(v[i]);
	return copy;
}

/* Frees and drops the elements for which `match` holds; the others move up. */
static size_t remove_if(char **v, bool (*match)(const char *, const char *), const char *arg)
{
	char **to = v;
	size_t n = 0;

	for (; v && *v; v++) {
		if (match(*v, arg)) {
			free(*v);
			n++;
		} else {
			*to++ = *v;
		}
	}
	if (to)
		*to = NULL;
	return n;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

size_t strv_remove(char **v, const char *s)
{
	return remove_if(v, same, s);
}

/* The count is kept: texts of a million words may be anybody's. */
char **strv_split(const char *s, const char *seps)
{
	char **v = NULL;
	size_t room = 0;

	for (size_t n = 0;; n++) {
		size_t len;

		s += strspn(s, seps);
		if (!*s)
			return v;
		len = strcspn(s, seps);
		if (n + 2 > room) {
			room = 2 * (n + 2);
			v = xrealloc(v, room, sizeof(*v));
		}
		v[n] = xstrndup(s, len);
		v[n + 1] = NULL;
		s += len;
	}
}

char *strv_join(char *const *v, const char *sep)
{
	size_t len = 1;
	char *s, *p;

	for (char *const *e = v; e && *e; e++)
		len += strlen(*e) + strlen(sep);
	p = s = xmalloc(len);
	*p = '\0';
	for (char *const *e = v; e && *e; e++) {
		if (e != v)
			p = stpcpy(p, sep);
		p = stpcpy(p, *e);
	}
	return s;
}

static bool is_variable(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* The last of several counts, as the engines that write such vectors see it. */
const char *strv_env_get(char *const *env, const char *name)
{
	const char *value = NULL;

	for (; env && *env; env++)
		if (is_variable(*env, name))
			value = *env + strlen(name) + 1;
	return value;
}

void strv_env_set(char ***env, const char *name, const char *value)
{
	char *entry = xasprintf("%s=%s", name, value);

	for (char **e = *env; e && *e; e++) {
		if (!is_variable(*e, name))
			continue;
		free(*e);
		*e = entry;
		/* There shall be one: drop those behind. */
		(void)remove_if(e + 1, is_variable, name);
		return;
	}
	strv_take(env, entry);
}

struct env_entry {
	char *text;
	size_t name_len;
	size_t index;
};

/* By name, the later one first. */
static int compare_entries(const void *va, const void *vb)
{
	const struct env_entry *a = va, *b = vb;
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int r = strncmp(a->text, b->text, n);

	if (r == 0 && a->name_len != b->name_len)
		r = a->name_len < b->name_len ? -1 : 1;
	if (r == 0)
		r = a->index > b->index ? -1 : 1;
	return r;
}

static bool is_same_name(const struct env_entry *a, const struct env_entry *b)
{
	return a->name_len == b->name_len && strncmp(a->text, b->text, a->name_len) == 0;
}

/* By sorting: the vector is as long as the one who wrote it likes. */
void strv_env_dedup(char **env)
{
	const size_t n = strv_len(env);
	_cleanup_free_ struct env_entry *sorted = xcalloc(n + 1, sizeof(*sorted));
	size_t last = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct env_entry){env[i], strcspn(env[i], "="), i};
	qsort(sorted, n, sizeof(*sorted), compare_entries);
	for (size_t i = 1; i < n; i++) {
		if (!is_same_name(&sorted[last], &sorted[i])) {
			last = i;
			continue;
		}
		env[sorted[i].index] = NULL;
		free(sorted[i].text);
	}
	for (size_t i = 0; i < n; i++)
		if (env[i])
			env[kept++] = env[i];
	if (n)
		env[kept] = NULL;
}
