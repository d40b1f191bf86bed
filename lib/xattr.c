/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/xattr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/alloc.h"

/* XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel. */
#define NAMES_MAX 65536
#define VALUE_MAX 65536

int xattr_each(const char *path, int (*each)(const char *name, void *arg), void *arg)
{
	char few[256];
	_cleanup_free_ char *many = NULL;
	char *names = few;
	ssize_t n = llistxattr(path, few, sizeof(few));
	int r = 0;

	if (n < 0 && errno == ERANGE) {
		names = many = xmalloc(NAMES_MAX);
		n = llistxattr(path, many, NAMES_MAX);
	}
	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (char *p = names; r == 0 && p < names + n; p += strlen(p) + 1)
		r = each(p, arg);
	return r;
}

ssize_t xattr_get(const char *path, const char *name, char **ret)
{
	_cleanup_free_ char *value = xmalloc(VALUE_MAX);
	ssize_t n = lgetxattr(path, name, value, VALUE_MAX);

	if (n < 0)
		return -errno;
	*ret = take_ptr(&value);
	return n;
}
