/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and the ownership idioms that every file uses. */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#define _cleanup_(fn)	   __attribute__((cleanup(fn)))
#define _printf_(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define _must_check_	   __attribute__((warn_unused_result))
#define _unused_	   __attribute__((unused))
#define _noreturn_	   __attribute__((noreturn))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Hand a pointer over: the cleanup variable is emptied, the value is returned. */
#define take_ptr(pp)                                                                           \
	({                                                                                     \
		__typeof__(*(pp)) taken_ = *(pp);                                              \
		*(pp) = NULL;                                                                  \
		taken_;                                                                        \
	})

/*
 * DEFINE_CLEANUP(struct x *, x_free) makes x_freep() for _cleanup_(x_freep).
 * The destructor must accept NULL.
 */
#define DEFINE_CLEANUP(type, fn)                                                               \
	static inline _unused_ void fn##p(type *p)                                             \
	{                                                                                      \
		if (*p)                                                                        \
			fn(*p);                                                                \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

#define _cleanup_free_ _cleanup_(freep)
