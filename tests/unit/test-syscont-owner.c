/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#define MOUNT "{'destination':'/w','type':'bind','source':'/home/me','options':['bind']}"

static void owner__stands_for_another(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct spec_mount *m;

	(void)state;
	fixture_open(&f, (struct parts){
				 .process = "'env':['SYSBOX_MAP_OWNER=/w/:1000:100:65532:7']",
				 .mounts = MOUNT,
			 });
	assert_int_equal(fixture_rewrite(&f), 0);
	m = spec_find_mount(f.spec, "/w");
	assert_int_equal(m->n_uid_mappings, 1);
	assert_int_equal(m->uid_mappings[0].container_id, 1000);
	assert_int_equal(m->uid_mappings[0].host_id, 100000 + 65532);
	assert_int_equal(m->uid_mappings[0].size, 1);
	assert_int_equal(m->n_gid_mappings, 1);
	assert_int_equal(m->gid_mappings[0].container_id, 100);
	assert_int_equal(m->gid_mappings[0].host_id, 100000 + 7);
	assert_null(f.spec->process->env[0]);
}

/* What would be a mount with other owners than was asked for is no container. */
static void owner__cannot_be_had(void **state)
{
	static const struct {
		const char *value, *mounts, *text;
	} rows[] = {
		{"/w:0:0:0:0", "", "nothing is mounted at /w"},
		{"/w:0:0:65536:0", MOUNT, "no ids of this container"},
		{"/w:0:0:0:65536", MOUNT, "no ids of this container"},
		{"/w:0:0:0:0,/w:1:1:1:1", MOUNT, "has ids of its own"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *env =
			xasprintf("'env':['SYSBOX_MAP_OWNER=%s']", rows[i].value);

		fixture_open(&f, (struct parts){.process = env, .mounts = rows[i].mounts});
		assert_int_equal(fixture_rewrite(&f), -EINVAL);
		assert_non_null(strstr(f.err.text, rows[i].text));
	}
}

static void owner__is_not_understood(void **state)
{
	static const char *const values[] = {
		",",
		"/w",
		"w:0:0:0:0",
		"/w:0:0:0",

		"/w:0:0:0:0:0",
		"/w:0:x:0:0",
		"/w:-1:0:0:0",
		"/w::0:0:0",
		"/w:0:0:0:0,x",
		"/w:4294967295:0:0:0",
		"/w:4294967296:0:0:0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *env =
			xasprintf("'env':['SYSBOX_MAP_OWNER=%s']", values[i]);

		fixture_open(&f, (struct parts){.process = env});
		syscont_env(&f.sc);
		if (strv_len(f.sc.warnings) != 1)
			fail_msg("no warning about '%s'", values[i]);
	}
}

static void owner__of_nothing(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_MAP_OWNER=']"});
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_null(f.sc.warnings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner__stands_for_another),
		cmocka_unit_test(owner__cannot_be_had),
		cmocka_unit_test(owner__is_not_understood),
		cmocka_unit_test(owner__of_nothing),
	};

	return RUN(tests);
}
