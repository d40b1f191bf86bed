/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that does not fit is cut: the user still sees how it begins. */
static void append(struct error *err, const char *text)
{
	size_t used = strlen(err->text);

	(void)snprintf(err->text + used, sizeof(err->text) - used, "%s", text);
}

static _printf_(3, 0) void set(struct error *err, int errnum, const char *fmt, va_list ap)
{
	struct error fresh = {.errnum = errnum};

	/* An argument may be err->text itself, hence the detour. */
	(void)vsnprintf(fresh.text, sizeof(fresh.text), fmt, ap);
	*err = fresh;
}

int error_set(struct error *err, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, errnum, fmt, ap);
	va_end(ap);
	return -errnum;
}

int error_errno(struct error *err, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, errnum, fmt, ap);
	va_end(ap);
	append(err, ": ");
	append(err, strerror(errnum));
	return -errnum;
}

int error_wrap(struct error *err, int r, const char *fmt, ...)
{
	struct error inner;
	va_list ap;

	if (r >= 0)
		return r;
	inner = *err;
	va_start(ap, fmt);
	set(err, inner.errnum, fmt, ap);
	va_end(ap);
	append(err, ": ");
	append(err, inner.text);
	return r;
}

bool errno_is_unsupported(int errnum)
{
	return errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == ENOPROTOOPT ||
	       errnum == EAFNOSUPPORT || errnum == ENODEV || errnum == ENOTTY;
}

bool errno_is_gone(int errnum)
{
	return errnum == ESRCH || errnum == ENOENT || errnum == ENODEV || errnum == ECHILD;
}
