/* SPDX-License-Identifier: Apache-2.0 */
/* A line of mountinfo and an option string: no read past the end, no half-filled result. */
#include <stdint.h>
#include <stdlib.h>

/* The parser of a line is static. */
#include "lib/mountinfo.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_line(const char *text)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	if (parse_line(text, &m) < 0)
		return;
	must(m->root && m->target && m->fstype && m->source && m->vfs_options);
	must(m->fs_options && m->optional);
}

static void try_option(const char *text, const char *name)
{
	_cleanup_free_ char *value = mountinfo_option(text, name);

	must(!value || strlen(value) <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);

	try_line(text);
	try_option(text, "lowerdir");
	try_option(text, "");
	return 0;
}
