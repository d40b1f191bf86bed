/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image says that it could not carry: each line that is taken names a whiteout, or an
 * attribute that root inside could set itself.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "src/store-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int look(const struct store_meta_line *l, void *arg)
{
	size_t *n = arg;

	++*n;
	must(l->path && *l->path);
	if (!l->name)
		return *n % 3 ? 0 : -ENOENT;
	must(str_has_prefix(l->name, "user.") || str_has_prefix(l->name, "system.posix_acl_"));
	must(l->value && l->value[l->value_len] == '\0');
	return *n > 100 ? -ENOSPC : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	size_t n = 0;
	int r = store_meta_for_each(text, look, &n);

	must(r == 0 || (r == -ENOSPC && n > 100));
	return 0;
}
