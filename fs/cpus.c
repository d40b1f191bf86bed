/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/cpus.h"

#include <errno.h>
#include <string.h>

#include "fs/proctext.h"
#include "lib/macro.h"
#include "lib/strbuf.h"

/* "3" or "0-3"; *s then points after it. */
static int parse_range(const char **s, struct cpus *c)
{
	uint64_t first, last;

	if (!proctext_u64(s, &first))
		return -EINVAL;
	last = first;
	if (**s == '-') {
		(*s)++;
		if (!proctext_u64(s, &last) || last < first)
			return -EINVAL;
	}
	if (last >= CPUS_MAX)
		return -ERANGE;
	for (uint64_t i = first; i <= last; i++)
		cpus_add(c, (unsigned int)i);
	return 0;
}

int cpus_parse(struct cpus *ret, const char *text)
{
	struct cpus c = {0};

	while (*text && *text != '\n') {
		int r = parse_range(&text, &c);

		if (r < 0)
			return r;
		if (*text == ',')
			text++;
		else if (*text && *text != '\n')
			return -EINVAL;
	}
	*ret = c;
	return 0;
}

void cpus_format(const struct cpus *c, struct strbuf *out)
{
	const char *separator = "";

	for (unsigned int i = cpus_next(c, 0); i < CPUS_MAX;) {
		unsigned int last = i;

		while (last + 1 < CPUS_MAX && cpus_has(c, last + 1))
			last++;
		strbuf_addf(out, "%s%u", separator, i);
		if (last > i)
			strbuf_addf(out, "-%u", last);
		separator = ",";
		i = cpus_next(c, last + 1);
	}
}

void cpus_add(struct cpus *c, unsigned int cpu)
{
	c->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

bool cpus_has(const struct cpus *c, unsigned int cpu)
{
	return cpu < CPUS_MAX && c->bits[cpu / 64] >> cpu % 64 & 1;
}

unsigned int cpus_count(const struct cpus *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bits); i++)
		if (c->bits[i]) /* most are 0, and not every processor has popcount */
			n += (unsigned int)__builtin_popcountll(c->bits[i]);
	return n;
}

unsigned int cpus_next(const struct cpus *c, unsigned int from)
{
	for (unsigned int i = from / 64; from < CPUS_MAX && i < ARRAY_SIZE(c->bits); i++) {
		uint64_t bits = c->bits[i];

		if (i == from / 64)
			bits &= ~UINT64_C(0) << from % 64;
		if (bits)
			return i * 64 + (unsigned int)__builtin_ctzll(bits);
	}
	return CPUS_MAX;
}

bool cpus_intersect(struct cpus *c, const struct cpus *with)
{
	uint64_t any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bits); i++)
		any |= c->bits[i] & with->bits[i];
	for (size_t i = 0; any && i < ARRAY_SIZE(c->bits); i++)
		c->bits[i] &= with->bits[i];
	return any != 0;
}

void cpus_keep_first(struct cpus *c, unsigned int n)
{
	unsigned int cpu = cpus_next(c, 0);

	for (; n > 0 && cpu < CPUS_MAX; n--)
		cpu = cpus_next(c, cpu + 1);
	for (; cpu < CPUS_MAX; cpu = cpus_next(c, cpu + 1))
		c->bits[cpu / 64] &= ~(UINT64_C(1) << cpu % 64);
}

static unsigned int byte_of(const struct cpus *c, unsigned int i)
{
	unsigned int byte = 0;

	for (unsigned int bit = 0; bit < 8; bit++)
		byte |= (unsigned int)cpus_has(c, i * 8 + bit) << bit;
	return byte;
}

unsigned int cpus_keep_in_mask(const struct cpus *c, unsigned char *mask, unsigned int size)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < size; i++) {
		mask[i] &= (unsigned char)byte_of(c, i);
		n += (unsigned int)__builtin_popcount(mask[i]);
	}
	return n;
}
