/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden tests of the pure stages: config.json and host.json of a case give the
 * rewritten specification (expected.json) and the plan with its warnings
 * (expected.plan), or an error (expected.error). No root, no container. A case may
 * have an image.json: facts of the image, and where its stores would be.
 *
 *	golden [--update] [CASE-DIRECTORY...]
 *
 * Without directories all of $srcdir/tests/golden; --update writes what is
 * expected from what is, to be read in `git diff`.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/host.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"
#include "tests/golden/host-json.h"
#include "tests/golden/plan-print.h"

#define FILE_MAX (8u << 20)

/* What src/subid.c would have reserved. */
#define RANGE_FIRST 1000000
#define RANGE_SIZE  65536

struct result {
	char *json;
	struct strbuf plan;
	struct strbuf error;
};

struct run {
	const char *dir;
	bool update;
	int n_failed;
};

static char *read_case_file(const char *dir, const char *name, size_t *ret_len)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	char *text = NULL;

	if (file_read(AT_FDCWD, path, FILE_MAX, &text, ret_len) < 0)
		return NULL;
	return text;
}

static int load(const char *dir, struct spec **spec, struct host *host, struct error *err)
{
	size_t config_len = 0, host_len = 0;
	_cleanup_free_ char *config = read_case_file(dir, "config.json", &config_len);
	_cleanup_free_ char *facts = read_case_file(dir, "host.json", &host_len);
	int r;

	if (!config || !facts)
		return error_set(err, ENOENT, "config.json or host.json is missing");
	r = spec_parse(spec, config, config_len, "config.json", err);
	if (r == 0)
		r = host_parse(host, facts, host_len, "host.json", err);
	return r == 0 ? spec_check(*spec, err) : r;
}

struct image_facts {
	bool has_var_lib;
	char **data_roots;
	struct json_pair *links;
	size_t n_links;
	char *store_dir;
};

#define F(nm, kd, mb) JSON_FIELD(struct image_facts, nm, kd, mb, 0)
static const struct json_field image_fields[] = {
	F("hasVarLib", BOOL, has_var_lib),
	F("dataRoots", STRV, data_roots),
	JSON_COUNTED(struct image_facts, "links", PAIRS, links, n_links, NULL, 0),
	F("storeDir", STRING, store_dir),
	{0},
};
static const struct json_type image_type = JSON_TYPE("image", struct image_facts, image_fields);

static int load_image(const char *dir, struct image_facts *f, struct error *err)
{
	size_t len;
	_cleanup_free_ char *text = read_case_file(dir, "image.json", &len);

	return text ? json_decode(&image_type, f, text, len, "image.json", err) : 0;
}

static int rewrite(struct syscont *sc, struct plan **plan, struct error *err)
{
	int r;

	syscont_env(sc);
	idmap_add(&sc->idmap.uids, 0, RANGE_FIRST, RANGE_SIZE);
	idmap_add(&sc->idmap.gids, 0, RANGE_FIRST, RANGE_SIZE);
	r = syscont_rewrite(sc, err);
	return r == 0 ? plan_make(plan, sc, err) : r;
}

static void run_stages(const char *dir, struct result *res)
{
	_cleanup_(spec_freep) struct spec *spec = NULL;
	_cleanup_(plan_freep) struct plan *plan = NULL;
	struct host host = {0};
	struct image_facts facts = {0};
	struct image image;
	struct syscont sc = SYSCONT_EMPTY;
	struct error err = {0};
	int r = load(dir, &spec, &host, &err);

	if (r == 0)
		r = load_image(dir, &facts, &err);
	image = (struct image){
		.has_var_lib = facts.has_var_lib,
		.data_roots = facts.data_roots,
		.links = facts.links,
		.n_links = facts.n_links,
	};
	sc.image = &image;
	sc.store_dir = facts.store_dir;
	sc.spec = spec;
	sc.host = &host;
	if (r == 0)
		r = rewrite(&sc, &plan, &err);
	if (r < 0) {
		strbuf_addf(&res->error, "%s: %s\n", strerrorname_np(err.errnum), err.text);
	} else {
		res->json = spec_format(spec);
		plan_print(plan, &res->plan);
	}
	for (char **w = sc.warnings; w && *w; w++)
		strbuf_addf(r < 0 ? &res->error : &res->plan, "warning %s\n", *w);
	syscont_done(&sc);
	json_done(&image_type, &facts);
	host_done(&host);
}

static size_t line_len(const char *s)
{
	return strcspn(s, "\n") + (s[strcspn(s, "\n")] == '\n');
}

static void print_difference(const char *path, const char *expected, const char *got)
{
	for (int line = 1; *expected || *got; line++) {
		size_t e = line_len(expected), g = line_len(got);

		if (e != g || memcmp(expected, got, e) != 0) {
			printf("%s:%d\n-%.*s\n+%.*s\n", path, line, (int)e, expected, (int)g,
			       got);
			return;
		}
		expected += e;
		got += g;
	}
}

static void write_file(struct run *run, const char *path, const char *got)
{
	FILE *f;

	if (!*got) {
		(void)unlink(path);
		return;
	}
	f = fopen(path, "w");
	if (!f || fputs(got, f) < 0 || fclose(f) != 0) {
		perror(path);
		run->n_failed++;
	}
}

static void compare(struct run *run, const char *name, const char *got)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", run->dir, name);
	size_t len;
	_cleanup_free_ char *expected = read_case_file(run->dir, name, &len);

	if (run->update) {
		write_file(run, path, got);
		return;
	}
	if (str_eq(expected ? expected : "", got))
		return;
	print_difference(path, expected ? expected : "", got);
	run->n_failed++;
}

static void run_case(struct run *run, const char *dir)
{
	struct result res = {0};
	_cleanup_free_ char *json = NULL;

	run->dir = dir;
	run_stages(dir, &res);
	json = res.json ? xasprintf("%s\n", res.json) : xstrdup("");
	compare(run, "expected.json", json);
	compare(run, "expected.plan", strbuf_str(&res.plan));
	compare(run, "expected.error", strbuf_str(&res.error));
	free(res.json);
	strbuf_done(&res.plan);
	strbuf_done(&res.error);
}

static void run_all(struct run *run)
{
	const char *srcdir = getenv("srcdir");
	_cleanup_free_ char *pattern =
		xasprintf("%s/tests/golden/*/config.json", srcdir ? srcdir : ".");
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0) {
		printf("no case: %s\n", pattern);
		run->n_failed++;
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		*strrchr(found.gl_pathv[i], '/') = '\0';
		run_case(run, found.gl_pathv[i]);
	}
	printf("%zu cases\n", found.gl_pathc);
	globfree(&found);
}

int main(int argc, char **argv)
{
	struct run run = {.update = argc > 1 && str_eq(argv[1], "--update")};
	int first = run.update ? 2 : 1;

	if (first == argc)
		run_all(&run);
	for (int i = first; i < argc; i++)
		run_case(&run, argv[i]);
	return run.n_failed ? 1 : 0;
}
