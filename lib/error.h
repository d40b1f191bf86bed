/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error value: an errno and a sentence for the user.
 *
 * It has a fixed size, lives on the stack of main(), needs no release, and is
 * itself the message that a child of ours writes to its parent. Functions of
 * src/ and fs/ take it as last parameter, never NULL, and return -errno; the
 * outermost caller prints it once.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>

#include "lib/macro.h"

struct error {
	int errnum;
	char text[1020];
};
static_assert(sizeof(struct error) == 1024, "the error value is a message of fixed size");

/* A fresh error: returns -errnum. Pass errno as argument, never read it after another call. */
int error_set(struct error *err, int errnum, const char *fmt, ...) _printf_(3, 4) _must_check_;
/* As error_set(), with ": strerror(errnum)" behind the text. */
int error_errno(struct error *err, int errnum, const char *fmt, ...)
	_printf_(3, 4) _must_check_;
/* Put context in front ("mount /proc: ..."); returns r unchanged. */
int error_wrap(struct error *err, int r, const char *fmt, ...) _printf_(3, 4);

/* The operation, system call or option does not exist here. */
bool errno_is_unsupported(int errnum);
/* The object went away (process, cgroup, file): often as good as done. */
bool errno_is_gone(int errnum);
