/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of us is true: each word of it, in a configuration, is taken. */
#include "tests/unit/syscont.h"

/* As in lib/json-tree.h: json-c has an `enum json_type`. */
#define json_type json_c_type
#include <json-c/json.h>
#undef json_type

#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/do.h"
#include "src/features.h"

static struct json_object *features;

static int read_features(void **state)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	struct error err = {0};

	(void)state;
	if (features_format(&text, &err) < 0)
		return -1;
	features = json_tokener_parse(strbuf_str(&text));
	return !features;
}

static int drop_features(void **state)
{
	(void)state;
	json_object_put(features);
	return 0;
}

/* "linux.seccomp.actions" */
static struct json_object *at(const char *path)
{
	_cleanup_(strv_freep) char **words = strv_split(path, ".");
	struct json_object *o = features;

	for (char **w = words; *w; w++)
		if (!json_object_object_get_ex(o, *w, &o))
			fail_msg("no %s in %s", *w, path);
	return o;
}

/* The configuration that needs this word: '@' stands for it. */
static void assert_planned(const char *text, const char *word)
{
	struct parts p = {0};
	_cleanup_free_ char *part = xasprintf("%.*s%s%s", (int)strcspn(text, "@"), text, word,
					      text + strcspn(text, "@") + 1);
	struct error err = {0};
	struct fixture f;

	if (part[0] == '{')
		p.mounts = part;
	else if (str_has_prefix(part, "'capabilities'"))
		p.process = part;
	else
		p.linux_ = part;
	fixture_open(&f, p);
	f.host.caps = UINT64_MAX;
	if (spec_check(f.spec, &err) < 0)
		fail_msg("%s: %s", part, err.text);
	if (fixture_plan(&f) < 0)
		fail_msg("%s: %s", part, f.err.text);
	if (f.plan->seccomp) {
		struct seccomp_program program = {0};

		if (do_seccomp_compile(f.plan->seccomp, &program, &err) < 0)
			fail_msg("%s: %s", part, err.text);
		seccomp_program_done(&program);
	}
	fixture_done(&f);
}

static void features_format__every_word_is_taken(void **state)
{
	static const struct {
		const char *list, *part;
	} cases[] = {
		{"mountOptions",
		 "{'destination':'/x','source':'/y','type':'bind','options':['bind','@']}"},
		{"linux.capabilities", "'capabilities':{'bounding':['@']}"},
		{"linux.seccomp.actions",
		 "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','syscalls':[{"
		 "'names':['mkdir'],'action':'@'}]}"},
		{"linux.seccomp.operators",
		 "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],"
		 "'action':'SCMP_ACT_KILL','args':[{'index':0,'value':1,'op':'@'}]}]}"},
		{"linux.seccomp.archs",
		 "'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','architectures':['@']}"},
		{"linux.seccomp.supportedFlags",
		 "'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','flags':['@']}"},
		{"linux.memoryPolicy.flags",
		 "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['@']}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *list = at(cases[i].list);
		size_t n = json_object_array_length(list);

		assert_true(n > 0);
		for (size_t k = 0; k < n; k++)
			assert_planned(
				cases[i].part,
				json_object_get_string(json_object_array_get_idx(list, k)));
	}
}

static void assert_list(const char *path, const char *expected)
{
	_cleanup_(strv_freep) char **v = NULL;
	_cleanup_free_ char *joined = NULL;
	struct json_object *list = at(path);

	for (size_t i = 0; i < json_object_array_length(list); i++)
		strv_add(&v, json_object_get_string(json_object_array_get_idx(list, i)));
	joined = strv_join(v, " ");
	assert_string_equal(joined, expected);
}

static void features_format__what_engines_ask(void **state)
{
	(void)state;
	assert_string_equal(json_object_get_string(at("ociVersionMin")), SPEC_VERSION_MIN);
	assert_string_equal(json_object_get_string(at("ociVersionMax")), SPEC_VERSION);
	assert_list("hooks", "prestart createRuntime createContainer startContainer poststart "
			     "poststop");
	/* containerd gives a pod a user namespace only where this is said. */
	assert_true(json_object_get_boolean(at("linux.mountExtensions.idmap.enabled")));
	assert_true(json_object_get_boolean(at("linux.cgroup.v1")));
	assert_true(json_object_get_boolean(at("linux.cgroup.v2")));
	assert_false(json_object_get_boolean(at("linux.intelRdt.enabled")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_format__every_word_is_taken),
		cmocka_unit_test(features_format__what_engines_ask),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, read_features, drop_features);
}
