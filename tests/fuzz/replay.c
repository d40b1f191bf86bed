/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target where libFuzzer is not linked: fuzz-NAME replays the files
 * given to it, or all of tests/fuzz/corpus/NAME.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/fd.h"

/* Far above any seed. */
#define INPUT_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 0;

	if (file_read(AT_FDCWD, path, INPUT_MAX, &text, &size) < 0)
		return 0;
	/* A copy without a NUL behind it: AddressSanitizer sees a read past the end. */
	data = xmalloc(size ? size : 1);
	memcpy(data, text, size);
	/* Printed before, so that the name is there when the target aborts. */
	fprintf(stderr, "%s\n", path);
	return LLVMFuzzerTestOneInput(data, size) == 0;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *name = program_invocation_short_name + strlen("fuzz-");
	_cleanup_free_ char *pattern = xasprintf("%s/tests/fuzz/corpus/%s/*", srcdir, name);
	_cleanup_(globfree) glob_t seeds = {0};
	int n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	if (argc == 1)
		(void)glob(pattern, 0, NULL, &seeds); /* none: n stays 0, which fails */
	for (size_t i = 0; i < seeds.gl_pathc; i++)
		n += replay(seeds.gl_pathv[i]);
	fprintf(stderr, "%d inputs\n", n);
	return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
