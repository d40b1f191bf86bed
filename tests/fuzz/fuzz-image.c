/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of engines in an image: the first byte chooses whose, the rest is the file. What
 * is found, if anything, is one clean path.
 */
#include "src/image.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL, *value = NULL, *path = NULL, *again = NULL;
	size_t n;

	if (size == 0)
		return 0;
	n = data[0] % ARRAY_SIZE(configs);
	text = xstrndup((const char *)data + 1, size - 1);
	value = configs[n].find(text, configs[n].key);
	if (!value || !path_is_absolute(value))
		return 0;
	must(!strpbrk(value, configs[n].find == find_in_lines ? "\r\n" : ""));
	path = path_clean(value);
	again = path_clean(path);
	must(str_eq(path, again));
	return 0;
}
