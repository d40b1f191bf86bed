/* SPDX-License-Identifier: Apache-2.0 */
/* How much was read from and written to which block device. */
#include <limits.h>
#include <string.h>

#include "fs/cgroup-read-internal.h"
#include "fs/proctext.h"
#include "lib/macro.h"

/* "254:0 "; *s then points after it. */
static bool parse_device(const char **s, unsigned int *major, unsigned int *minor)
{
	uint64_t a, b;

	if (!proctext_u64(s, &a) || **s != ':')
		return false;
	(*s)++;
	if (!proctext_u64(s, &b) || a > UINT_MAX || b > UINT_MAX)
		return false;
	*major = (unsigned int)a;
	*minor = (unsigned int)b;
	return true;
}

static struct cgroup_io *device_of(struct cgroup_io *all, size_t *n, size_t max,
				   unsigned int major, unsigned int minor)
{
	for (size_t i = 0; i < *n; i++)
		if (all[i].major == major && all[i].minor == minor)
			return &all[i];
	if (*n == max)
		return NULL;
	all[*n] = (struct cgroup_io){.major = major, .minor = minor};
	return &all[(*n)++];
}

struct io_field {
	const char *key;
	size_t offset;
};

/* The values of a line, wherever they are in it: "Read 5" (v1) or "rbytes=5 wios=1" (v2). */
static void parse_io_values(const char *line, const struct io_field *fields, size_t n_fields,
			    struct cgroup_io *ret)
{
	const char *end = strchrnul(line, '\n');

	for (size_t i = 0; i < n_fields; i++) {
		size_t len = strlen(fields[i].key);
		const char *p = memmem(line, (size_t)(end - line), fields[i].key, len);
		uint64_t n;

		if (!p)
			continue;
		p += len;
		if (p < end && proctext_u64(&p, &n))
			memcpy((char *)ret + fields[i].offset, &n, sizeof(n));
	}
}

static void parse_io(const char *text, const struct io_field *fields, size_t n_fields,
		     struct cgroup_io *all, size_t *n, size_t max)
{
	for (const char *line = text; line; line = proctext_next_line(line)) {
		unsigned int major, minor;
		const char *p = line;
		struct cgroup_io *d;

		if (!parse_device(&p, &major, &minor))
			continue;
		d = device_of(all, n, max, major, minor);
		if (d)
			parse_io_values(p, fields, n_fields, d);
	}
}

#define IO(key, member)                                                                        \
	{                                                                                      \
		key, offsetof(struct cgroup_io, member)                                        \
	}

static const struct io_field v1_bytes[] = {IO(" Read ", read_bytes),
					   IO(" Write ", write_bytes)};
static const struct io_field v1_count[] = {IO(" Read ", reads), IO(" Write ", writes)};
static const struct io_field v2_io[] = {
	IO(" rbytes=", read_bytes),
	IO(" wbytes=", write_bytes),
	IO(" rios=", reads),
	IO(" wios=", writes),
};

size_t cgroup_read_io(struct cgroup_read *c, struct cgroup_io *ret, size_t max)
{
	const char *text = cgroup_read_leaf(c, CGROUP_IO_BYTES);
	size_t n = 0;

	if (!text)
		return 0;
	if (!cgroup_read_is_v1(c, CGROUP_IO_BYTES)) {
		parse_io(text, v2_io, ARRAY_SIZE(v2_io), ret, &n, max);
		return n;
	}
	parse_io(text, v1_bytes, ARRAY_SIZE(v1_bytes), ret, &n, max);
	text = cgroup_read_leaf(c, CGROUP_IO_COUNT);
	if (text)
		parse_io(text, v1_count, ARRAY_SIZE(v1_count), ret, &n, max);
	return n;
}
