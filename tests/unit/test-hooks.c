/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/log.h"
#include "lib/str.h"
#include "src/hooks.h"
#include "src/spec.h"

#define SHELL "/bin/sh"

static char *no_env[] = {NULL};

static const struct state box = {
	.id = (char *)"box",
	.oci_version = (char *)SPEC_VERSION,
	.bundle = (char *)"/bundle",
	.init_pid = 7,
};

/* A hook that runs a line of shell with PATH, in a list of `n`. */
struct lines {
	char *args[4][4];
	char *env[2];
	struct spec_hook list[4];
	size_t n;
};

static void lines_make(struct lines *l, const char *const *texts)
{
	*l = (struct lines){.env = {(char *)"PATH=/bin:/usr/bin", NULL}};
	for (; texts[l->n]; l->n++) {
		char **args = l->args[l->n];

		args[0] = (char *)"sh";
		args[1] = (char *)"-c";
		args[2] = (char *)texts[l->n];
		l->list[l->n] =
			(struct spec_hook){.path = (char *)SHELL, .args = args, .env = l->env};
	}
}

#define LINES(l, ...)                                                                          \
	struct lines l;                                                                        \
	lines_make(&l, (const char *const[]){__VA_ARGS__, NULL})

/* A hook's own words: where it puts them, it is told by its directory. */
static void enter(const struct unit_dir *d)
{
	assert_int_equal(chdir(d->path), 0);
}

static void hooks_run__in_order_with_the_state_on_stdin(void **state)
{
	const struct unit_dir *d = *state;
	struct error err = {0};
	_cleanup_free_ char *expected = state_format(&box, STATE_CREATED, JSON_COMPACT);
	LINES(l, "cat >a", "test -e a && cat >b");

	enter(d);
	assert_int_equal(hooks_run("poststart", l.list, l.n, &box, STATE_CREATED, &err), 0);
	unit_assert_file(d->fd, "a", expected);
	unit_assert_file(d->fd, "b", expected);
}

static void hooks_run__the_first_failure_ends_it(void **state)
{
	const struct unit_dir *d = *state;
	struct error err = {0};
	LINES(l, ":", "echo no such network >&2; exit 3", ": >c");

	enter(d);
	assert_int_equal(hooks_run("createRuntime", l.list, l.n, &box, STATE_CREATED, &err),
			 -EIO);
	assert_string_equal(err.text,
			    "error running createRuntime hook #1: /bin/sh: exit status 3: "
			    "no such network\n");
	assert_int_equal(access("c", F_OK), -1);
}

static void hooks_run__says_how_a_hook_ended(void **state)
{
	struct error err = {0};
	const struct spec_hook absent = {.path = (char *)"/nonexistent/hook"};
	LINES(l, "kill -9 $$");

	(void)state;
	assert_int_equal(hooks_run("prestart", l.list, l.n, &box, STATE_CREATED, &err), -EIO);
	assert_non_null(strstr(err.text, "prestart hook #0: /bin/sh: signal: killed"));
	assert_int_equal(hooks_run("prestart", &absent, 1, &box, STATE_CREATED, &err), -ENOENT);
	assert_non_null(strstr(err.text, "prestart hook #0: /nonexistent/hook: No such file"));
}

static void hooks_run__the_path_is_the_first_argument_of_itself(void **state)
{
	struct error err = {0};
	const struct spec_hook hook = {.path = (char *)"/bin/true"};

	(void)state;
	assert_int_equal(hooks_run("prestart", &hook, 1, &box, STATE_CREATED, &err), 0);
	assert_int_equal(hooks_run("prestart", NULL, 0, &box, STATE_CREATED, &err), 0);
}

static void hooks_run__a_timeout_is_in_seconds(void **state)
{
	struct error err = {0};
	LINES(l, "sleep 600");

	(void)state;
	l.list[0].timeout = (struct maybe_i64){true, 1};
	assert_int_equal(hooks_run("poststop", l.list, l.n, &box, STATE_STOPPED, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "took longer than 1 s"));
}

/*
 * As milliseconds these do not fit an int; the one would end after 704 ms, the other
 * at once.
 */
static void hooks_run__a_timeout_of_weeks_is_long(void **state)
{
	struct error err = {0};
	LINES(l, "sleep 0.9", "sleep 0.1");

	(void)state;
	l.list[0].timeout = (struct maybe_i64){true, 4294968};
	l.list[1].timeout = (struct maybe_i64){true, INT32_MAX};
	assert_int_equal(hooks_run("poststart", l.list, l.n, &box, STATE_RUNNING, &err), 0);
}

static void hooks_run_start_container__has_the_programs_environment(void **state)
{
	const struct unit_dir *d = *state;
	struct error err = {0};
	char *const env[] = {(char *)"PATH=/bin:/usr/bin", (char *)"WHOSE=program", NULL};
	LINES(l, "echo \"$WHOSE\" >a", "echo \"$WHOSE\" >b");
	const struct spec_hooks hooks = {.start_container = l.list, .n_start_container = l.n};

	enter(d);
	l.list[0].env = NULL;
	assert_int_equal(hooks_run_start_container(&hooks, &box, env, &err), 0);
	unit_assert_file(d->fd, "a", "program\n");
	unit_assert_file(d->fd, "b", "\n");
}

/* runtime-spec, runtime.md "Lifecycle" 13: the others run whatever happens. */
static void hooks_run_poststop__all_of_them(void **state)
{
	const struct unit_dir *d = *state;
	LINES(l, "exit 1", "cat >a", "kill -9 $$", ": >b");
	const struct spec_hooks hooks = {.poststop = l.list, .n_poststop = l.n};
	_cleanup_free_ char *expected = state_format(&box, STATE_STOPPED, JSON_COMPACT);

	enter(d);
	hooks_run_poststop(&hooks, &box);
	unit_assert_file(d->fd, "a", expected);
	unit_assert_file(d->fd, "b", "");
}

static void hooks_run__a_failure_leaks_no_descriptor(void **state)
{
	struct error err = {0};
	const struct spec_hook absent = {.path = (char *)"/nonexistent/hook", .env = no_env};
	int before = unit_count_fds();

	(void)state;
	assert_true(hooks_run("prestart", &absent, 1, &box, STATE_CREATED, &err) < 0);
	assert_int_equal(unit_count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(hooks_run__in_order_with_the_state_on_stdin),
		unit_test_dir(hooks_run__the_first_failure_ends_it),
		cmocka_unit_test(hooks_run__says_how_a_hook_ended),
		cmocka_unit_test(hooks_run__the_path_is_the_first_argument_of_itself),
		cmocka_unit_test(hooks_run__a_timeout_is_in_seconds),
		cmocka_unit_test(hooks_run__a_timeout_of_weeks_is_long),
		unit_test_dir(hooks_run_start_container__has_the_programs_environment),
		unit_test_dir(hooks_run_poststop__all_of_them),
		cmocka_unit_test(hooks_run__a_failure_leaks_no_descriptor),
	};

	return RUN(tests);
}
