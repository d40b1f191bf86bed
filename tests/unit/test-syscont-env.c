/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

static void env__leaves_only_others(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f, (struct parts){.process = "'env':['A=1','SYSBOX_HONOR_CAPS=TRUE',"
					      "'SYSBOX_FOO=x','B=2','SYSBOX_SYSCONT_MODE=x']"});
	syscont_env(&f.sc);
	assert_int_equal(strv_len(f.spec->process->env), 2);
	assert_string_equal(f.spec->process->env[0], "A=1");
	assert_string_equal(f.spec->process->env[1], "B=2");
}

static void env__booleans(void **state)
{
	static const struct {
		const char *value;
		bool is_valid, honor;
	} rows[] = {
		{"TRUE", true, true},	{"true", true, true},	 {"False", true, false},
		{"FALSE", true, false}, {"1", false, false},	 {"", false, false},
		{"yes", false, false},	{"TRUE ", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *env =
			xasprintf("'env':['SYSBOX_HONOR_CAPS=%s']", rows[i].value);

		fixture_open(&f, (struct parts){.process = env});
		syscont_env(&f.sc);
		assert_int_equal(f.sc.options.honor_caps, rows[i].honor);
		assert_int_equal(strv_len(f.sc.warnings), rows[i].is_valid ? 0 : 1);
	}
}

static void env__emulate(void **state)
{
	static const struct {
		const char *value;
		bool is_valid;
		unsigned int groups;
	} rows[] = {
		{"on", true, EMUL_DEFAULT},
		{"OFF", true, 0},
		{"cpu", true, EMUL_CPU},
		{"memory,sysctl", true, EMUL_MEMORY | EMUL_SYSCTL},
		{"", false, EMUL_DEFAULT},
		{"cpu,x", false, EMUL_DEFAULT},
		{",", false, EMUL_DEFAULT},
		{"-neigh", true, EMUL_DEFAULT & ~(unsigned int)EMUL_NEIGH},
		{"-neigh,-nested,kmsg", true,
		 (EMUL_DEFAULT & ~(unsigned int)(EMUL_NEIGH | EMUL_NESTED)) | EMUL_KMSG},
		{"cpu,-cpu", false, EMUL_DEFAULT},
		{"-x", false, EMUL_DEFAULT},
		{"-", false, EMUL_DEFAULT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *env =
			xasprintf("'env':['SYSBOX_EMULATE=%s']", rows[i].value);

		fixture_open(&f, (struct parts){.process = env});
		syscont_env(&f.sc);
		assert_int_equal(f.sc.options.emulate, rows[i].groups);
		assert_int_equal(strv_len(f.sc.warnings), rows[i].is_valid ? 0 : 1);
	}
}

static void settings__are_before_the_environment(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_EMULATE=cpu']"});
	syscont_settings(&f.sc, "# comment\n\n emulate = off \r\nalias-dns=FALSE\n"
				"host-sysctls = vm.max_map_count, fs.inotify.max_user_watches");
	assert_int_equal(f.sc.options.emulate, 0);
	assert_false(f.sc.options.alias_dns);
	assert_int_equal(strv_len(f.sc.options.host_sysctls), 2);
	assert_string_equal(f.sc.options.host_sysctls[0], "proc/sys/vm/max_map_count");
	syscont_env(&f.sc);
	assert_int_equal(f.sc.options.emulate, EMUL_CPU);
	assert_null(f.sc.warnings);
}

static void settings__what_is_not_understood(void **state)
{
	static const char *const bad[] = {"emulate",
					  "emulate=x",
					  "other=1",
					  "alias-dns=",
					  "host-sysctls = kernel.modprobe",
					  "= x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){0});
		syscont_settings(&f.sc, bad[i]);
		assert_int_equal(strv_len(f.sc.warnings), 1);
		assert_int_equal(f.sc.options.emulate, EMUL_DEFAULT);
		assert_null(f.sc.options.host_sysctls);
	}
}

static void env__skip_uid_shift(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f,
		     (struct parts){.process = "'env':['SYSBOX_SKIP_UID_SHIFT=/a//b/,/c']"});
	syscont_env(&f.sc);
	assert_int_equal(strv_len(f.sc.options.skip_uid_shift), 2);
	assert_string_equal(f.sc.options.skip_uid_shift[0], "/a/b");
	assert_string_equal(f.sc.options.skip_uid_shift[1], "/c");
	assert_null(f.sc.warnings);
}

static void env__skip_uid_shift_malformed(void **state)
{
	static const char *const bad[] = {"", ",", "a", "/a,b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *env =
			xasprintf("'env':['SYSBOX_SKIP_UID_SHIFT=%s']", bad[i]);

		fixture_open(&f, (struct parts){.process = env});
		syscont_env(&f.sc);
		assert_null(f.sc.options.skip_uid_shift);
		assert_true(fixture_warns(&f, "SYSBOX_SKIP_UID_SHIFT"));
	}
}

static void env__warns_of_the_unknown(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_HONOR_CAPSS=TRUE']"});
	syscont_env(&f.sc);
	assert_true(fixture_warns(&f, "SYSBOX_HONOR_CAPSS=TRUE"));
	assert_false(f.sc.options.honor_caps);
}

static void env__accepts_what_is_not_needed(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_IGNORE_SYSFS_CHOWN=TRUE',"
						   "'SYSBOX_ALLOW_TRUSTED_XATTR=FALSE']"});
	syscont_env(&f.sc);
	assert_null(f.sc.warnings);
	assert_true(f.sc.options.ignore_sysfs_chown);
}

static void env__none(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	syscont_env(&f.sc);
	assert_true(f.sc.options.syscont_mode);
}

/* Only what one process can decide. */
static void process_env__of_exec(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_HONOR_CAPS=TRUE','A=1',"
						   "'SYSBOX_SYSCONT_MODE=FALSE']"});
	syscont_process_env(&f.sc, f.spec->process);
	assert_true(f.sc.options.honor_caps);
	assert_true(f.sc.options.syscont_mode);
	assert_int_equal(strv_len(f.spec->process->env), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(env__leaves_only_others),
		cmocka_unit_test(env__booleans),
		cmocka_unit_test(env__emulate),
		cmocka_unit_test(settings__are_before_the_environment),
		cmocka_unit_test(settings__what_is_not_understood),
		cmocka_unit_test(env__skip_uid_shift),
		cmocka_unit_test(env__skip_uid_shift_malformed),
		cmocka_unit_test(env__warns_of_the_unknown),
		cmocka_unit_test(env__accepts_what_is_not_needed),
		cmocka_unit_test(env__none),
		cmocka_unit_test(process_env__of_exec),
	};

	return RUN(tests);
}
