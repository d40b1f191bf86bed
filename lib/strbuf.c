/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"

void strbuf_done(struct strbuf *b)
{
	size_t max = b->max;

	free(b->s);
	*b = (struct strbuf){.max = max};
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->s)
		b->s[0] = '\0';
}

/* Room for `extra` bytes and a NUL, or false for ever. */
static bool reserve(struct strbuf *b, size_t extra)
{
	size_t max = b->max ? b->max : STRBUF_MAX;

	if (b->failed || extra > max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + extra < b->cap)
		return true;
	b->cap = b->cap ? b->cap : 64;
	while (b->cap <= b->len + extra)
		b->cap *= 2;
	b->s = xrealloc(b->s, b->cap, 1);
	return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

/* In place, where the text fits; then once more with the room that it needs. */
void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	size_t room = b->s && !b->failed ? b->cap - b->len : 0;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? b->s + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		if (room)
			b->s[b->len] = '\0';
		return;
	}
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void strbuf_addu(struct strbuf *b, uint64_t n, unsigned int width)
{
	char digits[STRBUF_DIGITS];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	while (at > 0 && sizeof(digits) - at < width)
		digits[--at] = ' ';
	strbuf_add(b, digits + at, sizeof(digits) - at);
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->s ? b->s : "";
}

char *strbuf_take(struct strbuf *b)
{
	char *s = b->s ? take_ptr(&b->s) : xstrdup("");

	strbuf_done(b);
	return s;
}
