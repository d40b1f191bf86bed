/* SPDX-License-Identifier: Apache-2.0 */
/* Growable text with a hard limit: for files that we compose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/macro.h"

struct strbuf {
	char *s; /* always NUL-terminated once anything was added; NULL before */
	size_t len;
	size_t cap;
	size_t max;  /* 0: STRBUF_MAX */
	bool failed; /* the limit was met; later additions do nothing */
};
#define STRBUF_EMPTY                                                                           \
	{                                                                                      \
		0                                                                              \
	}
#define STRBUF_MAX (16u << 20)

void strbuf_done(struct strbuf *b);
#define _cleanup_strbuf_ _cleanup_(strbuf_done)
void strbuf_reset(struct strbuf *b);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) _printf_(2, 3);
/* As "%*u"; width is at most STRBUF_DIGITS. For texts of hundreds of numbers. */
#define STRBUF_DIGITS 32
void strbuf_addu(struct strbuf *b, uint64_t n, unsigned int width);
/* The text ("" when empty), owned by the buffer; or by the caller. */
const char *strbuf_str(const struct strbuf *b);
char *strbuf_take(struct strbuf *b);
