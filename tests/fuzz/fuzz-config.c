/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json, process.json and resources.json: whatever the bytes are, they are
 * either refused with a reason, or they are read, and then what we write of them
 * reads back as the same; and a configuration that makes sense is rewritten into
 * another one and planned, or refused with a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/strbuf.h"
#include "src/do.h"
#include "src/host.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"
#include "tests/golden/plan-print.h"

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

static void try_filter(const struct plan *p)
{
	struct seccomp_program program = {0};
	struct error err = {0};

	if (p->seccomp)
		must_explain(do_seccomp_compile(p->seccomp, &program, &err), &err);
	seccomp_program_done(&program);
}

static void try_plan(struct syscont *sc)
{
	_cleanup_(plan_freep) struct plan *p = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	struct error err = {0};
	int r = plan_make(&p, sc, &err);

	must_explain(r, &err);
	must((r == 0) == (p != NULL));
	if (r < 0)
		return;
	plan_print(p, &text);
	must(text.len > 0);
	try_filter(p);
}

/* What passed the check: rewritten, it passes again. */
static void try_rewrite(struct spec *s)
{
	const struct host host = {.namespaces = UINT64_MAX, .caps = 0x7, .has_fuse = true};
	_cleanup_(syscont_done) struct syscont sc = SYSCONT_EMPTY;
	struct error err = {0};
	int r;

	sc.spec = s;
	sc.host = &host;
	idmap_add(&sc.idmap.uids, 0, 100000, 65536);
	idmap_add(&sc.idmap.gids, 0, 100000, 65536);
	syscont_env(&sc);
	r = syscont_rewrite(&sc, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must_explain(spec_check(s, &err), &err);
	must(spec_check(s, &err) == 0);
	try_plan(&sc);
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
	if (r == 0)
		try_rewrite(s);
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
