/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json, process.json and resources.json: whatever the bytes are, they are
 * either refused with a reason, or they are read, and then what we write of them
 * reads back as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a failed property must stop a build with NDEBUG, too. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_explain(int r, const struct error *err)
{
	if (r == 0)
		return;
	must(r < 0 && err->errnum == -r);
	must(err->text[0] && memchr(err->text, 0, sizeof(err->text)));
}

static void try_spec(const char *text, size_t size)
{
	_cleanup_(spec_freep) struct spec *s = NULL, *again = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;
	struct error err = {0}, err_again = {0};
	int r = spec_parse(&s, text, size, "fuzz", &err);

	must_explain(r, &err);
	must((r == 0) == (s != NULL));
	if (r < 0)
		return;
	first = spec_format(s);
	must(spec_parse(&again, first, strlen(first), "again", &err) == 0);
	second = spec_format(again);
	must(!strcmp(first, second));

	r = spec_check(s, &err);
	must_explain(r, &err);
	must(spec_check(again, &err_again) == r);
	must(r == 0 || !strcmp(err.text, err_again.text));
}

static void try_process(const char *text, size_t size)
{
	_cleanup_(spec_process_freep) struct spec_process *p = NULL;
	struct error err = {0};
	int r = spec_process_parse(&p, text, size, "fuzz", &err);

	must_explain(r, &err);
	if (r == 0)
		must_explain(spec_process_check(p, &err), &err);
}

static void try_resources(const char *text, size_t size)
{
	_cleanup_(spec_resources_freep) struct spec_resources *res = NULL;
	struct error err = {0};
	int r = spec_resources_parse(&res, text, size, "fuzz", &err);

	must_explain(r, &err);
	if (r == 0)
		must_explain(spec_resources_check(res, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_spec((const char *)data, size);
	try_process((const char *)data, size);
	try_resources((const char *)data, size);
	return 0;
}
