/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators that abort when memory is out. Only for sizes that we choose
 * ourselves: a size that comes from a file, a message or a container is checked
 * against a named limit before it gets here.
 */
#pragma once

#include <stddef.h>

#include "lib/macro.h"

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
/* NULL gives NULL, so that optional strings copy without a test. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n) __attribute__((returns_nonnull));
char *xasprintf(const char *fmt, ...) _printf_(1, 2) __attribute__((returns_nonnull));

/*
 * Room for one more element of a counted array, however it was allocated: grows
 * *array (element size `size`, `n` in use) and returns the zeroed new slot.
 *
 *	struct mount *m = array_add((void **)&p->mounts, &p->n_mounts, sizeof(*m));
 */
void *array_add(void **array, size_t *n, size_t size) __attribute__((returns_nonnull));
