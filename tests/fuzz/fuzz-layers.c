/* SPDX-License-Identifier: Apache-2.0 */
/* The options of an engine's overlay, as a mount table shows them. */
#include "src/layers.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(layers_done) struct layers l = {0};
	_cleanup_free_ char *options = xstrndup((const char *)data, size);
	size_t n = 0;

	parse(&l, options);
	must(l.n_data <= strv_len(l.lower));
	for (char **p = l.lower; p && *p; p++)
		n += strlen(*p);
	if (l.upper)
		n += strlen(l.upper);
	if (l.work)
		n += strlen(l.work);
	/* Nothing is said twice. */
	must(n + strlen(l.options) <= strlen(options) + 1);
	must(!*l.options || *l.options == ',');
	return 0;
}
