/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/strlist.h"

#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/strv.h"

void strlist_done(struct strlist *l)
{
	strv_free(l->v);
	*l = (struct strlist){0};
}

void strlist_take(struct strlist *l, char *s)
{
	if (l->n + 2 > l->room) {
		l->room = 2 * (l->n + 2);
		l->v = xrealloc(l->v, l->room, sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strlist_split(struct strlist *ret, const char *text, const char *seps)
{
	ret->v = strv_split(text, seps);
	ret->n = strv_len(ret->v);
	ret->room = ret->v ? ret->n + 1 : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strlist_sort(struct strlist *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

bool strlist_has(const struct strlist *l, const char *s)
{
	return l->n && bsearch(&s, l->v, l->n, sizeof(*l->v), compare);
}

char **strlist_steal(struct strlist *l)
{
	char **v = take_ptr(&l->v);

	*l = (struct strlist){0};
	return v;
}
