/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of engines, on an /etc of our own and with no engine that sees it. */
#include "tests/unit/unit.h"

#include "src/install.h"

#define DOCKER "/etc/docker/daemon.json"
#define PODMAN "/etc/containers/containers.conf.d/sysbox-runc.conf"
#define US     "/usr/bin/sysbox-runc"
#define OURS   "\"runtimes\": {\"sysbox-runc\": {\"path\": \"" US "\"}}"

static void enter(void)
{
	if (!unit_private_mounts() || mount("none", "/etc", "tmpfs", 0, NULL) < 0)
		skip();
}

static void put(const char *path, const char *text)
{
	_cleanup_close_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	unit_put(root, path, text);
}

static void settings(const char *text)
{
	put(DOCKER, text);
}

/* Blanks outside of quotes say nothing. */
static char *squeeze(const char *text)
{
	char *out = xstrdup(text), *to = out;
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		quoted = quoted != (*p == '"');
		if (quoted || !strchr(" \t\n", *p))
			*to++ = *p;
	}
	*to = '\0';
	return out;
}

static void assert_settings(const char *expected)
{
	_cleanup_free_ char *text = NULL, *got = NULL, *want = squeeze(expected);

	assert_int_equal(file_read(AT_FDCWD, DOCKER, 1 << 20, &text, NULL), 0);
	got = squeeze(text);
	assert_string_equal(got, want);
}

static void install(const char *expected_report)
{
	struct install_report report;
	struct error err = {0};

	if (install_docker(US, &report, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(report.text, expected_report));
}

static void uninstall(const char *expected_report)
{
	struct install_report report;
	struct error err = {0};

	if (uninstall_docker(&report, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(report.text, expected_report));
}

static void install_docker__keeps_what_is_there(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"{}", "{" OURS "}"},
		{"", "{" OURS "}"},
		{"{\"debug\": true, \"x\": [1, {\"y\": null}]}",
		 "{\"debug\": true, \"x\": [1, {\"y\": null}], " OURS "}"},
		{"{\"runtimes\": {\"kata\": {\"path\": \"/k\", \"runtimeArgs\": [\"-d\"]}}}",
		 "{\"runtimes\": {\"kata\": {\"path\": \"/k\", \"runtimeArgs\": [\"-d\"]},"
		 "\"sysbox-runc\": {\"path\": \"" US "\"}}}"},
		/* One of elsewhere, with arguments that its user has chosen. */
		{"{\"runtimes\": {\"sysbox-runc\": {\"path\": \"/o\", \"runtimeArgs\": []}}}",
		 "{\"runtimes\": {\"sysbox-runc\": {\"path\": \"" US
		 "\", \"runtimeArgs\": []}}}"},
	};

	(void)state;
	enter();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		settings(cases[i].before);
		install("is now registered as sysbox-runc in " DOCKER "; no engine runs");
		assert_settings(cases[i].after);
		install("was already registered");
		assert_settings(cases[i].after);
	}
}

static void install_docker__makes_the_file(void **state)
{
	struct stat st;

	(void)state;
	enter();
	install("is now registered");
	assert_settings("{" OURS "}");
	assert_int_equal(stat(DOCKER, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

/* The file of somebody's dotfiles stays where it is, and as private as it was. */
static void install_docker__through_a_link(void **state)
{
	struct stat st;

	(void)state;
	enter();
	put("/etc/site/daemon.json", "{}");
	assert_int_equal(chmod("/etc/site/daemon.json", 0600), 0);
	assert_int_equal(mkdir("/etc/docker", 0755), 0);
	assert_int_equal(symlink("../site/daemon.json", DOCKER), 0);
	install("registered as sysbox-runc in /etc/site/daemon.json");
	assert_settings("{" OURS "}");
	assert_int_equal(lstat(DOCKER, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(DOCKER, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void install_docker__touches_nothing_that_is_not_sound(void **state)
{
	static const char *const texts[] = {
		"{\"debug\": true,}",
		"{\"debug\": true",
		"[]",
		"{} {}",
		"{\"runtimes\": []}",
		"{\"runtimes\": {\"sysbox-runc\": \"x\"}}",
	};

	(void)state;
	enter();
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct install_report report;
		struct error err = {0};

		settings(texts[i]);
		if (install_docker(US, &report, &err) >= 0)
			fail_msg("taken: %s", texts[i]);
		assert_non_null(strstr(err.text, DOCKER));
		unit_assert_file(AT_FDCWD, DOCKER, texts[i]);
	}
}

static void uninstall_docker__leaves_what_others_set(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"{\"debug\": true, " OURS "}", "{\"debug\": true}"},
		{"{\"runtimes\": {\"kata\": {\"path\": \"/k\"}, \"sysbox-runc\": {}}}",
		 "{\"runtimes\": {\"kata\": {\"path\": \"/k\"}}}"},
		{"{\"default-runtime\": \"kata\", " OURS "}",
		 "{\"default-runtime\": \"kata\"}"},
		/* A default that nobody registers keeps dockerd from starting. */
		{"{\"default-runtime\": \"sysbox-runc\", \"a\": 1, " OURS "}", "{\"a\": 1}"},
		{"{\"default-runtime\": \"sysbox-runc\", \"a\": 1}", "{\"a\": 1}"},
	};

	(void)state;
	enter();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		settings(cases[i].before);
		uninstall("is no longer registered in " DOCKER);
		assert_settings(cases[i].after);
		uninstall("is not registered in " DOCKER);
		assert_settings(cases[i].after);
	}
}

static void uninstall_docker__undoes_install(void **state)
{
	(void)state;
	enter();
	uninstall("is not registered");
	install("is now registered");
	uninstall("is no longer registered");
	assert_int_equal(access(DOCKER, F_OK), -1);
}

static void install_podman__a_file_of_our_own(void **state)
{
	struct install_report report;
	struct error err = {0};

	(void)state;
	enter();
	assert_int_equal(install_podman("/old/sysbox-runc", &report, &err), 0);
	assert_int_equal(install_podman(US, &report, &err), 0);
	assert_non_null(strstr(report.text, US " is registered"));
	unit_assert_file(AT_FDCWD, PODMAN,
			 "# Written by sysbox-runc install.\n[engine.runtimes]\n"
			 "sysbox-runc = [\"" US "\"]\n");
	assert_int_equal(uninstall_podman(&report, &err), 0);
	assert_non_null(strstr(report.text, "removed " PODMAN));
	assert_int_equal(access(PODMAN, F_OK), -1);
	assert_int_equal(uninstall_podman(&report, &err), 0);
	assert_non_null(strstr(report.text, "is not registered"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(install_docker__keeps_what_is_there),
		cmocka_unit_test(install_docker__makes_the_file),
		cmocka_unit_test(install_docker__through_a_link),
		cmocka_unit_test(install_docker__touches_nothing_that_is_not_sound),
		cmocka_unit_test(uninstall_docker__leaves_what_others_set),
		cmocka_unit_test(uninstall_docker__undoes_install),
		cmocka_unit_test(install_podman__a_file_of_our_own),
	};

	return RUN(tests);
}
