/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/alloc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _noreturn_ void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	/* Nothing that might allocate; a failing write changes nothing any more. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

static void *must(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *xmalloc(size_t size)
{
	/* malloc(0) may return NULL, which is no lack of memory. */
	return must(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return must(n && size ? calloc(n, size) : calloc(1, 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return must(n && size ? reallocarray(p, n, size) : realloc(p, 1));
}

char *xstrdup(const char *s)
{
	return s ? must(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (r < 0)
		out_of_memory();
	return s;
}

/*
 * No capacity is stored, and none can be inferred: arrays also come from the JSON
 * decoder, which allocates exactly. realloc(3) itself amortises small growth.
 */
void *array_add(void **array, size_t *n, size_t size)
{
	char *slot;

	*array = xrealloc(*array, *n + 1, size);
	slot = (char *)*array + *n * size;
	memset(slot, 0, size);
	(*n)++;
	return slot;
}
