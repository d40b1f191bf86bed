/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "src/cli.h"

#define ARGS_MAX 8

struct values {
	bool force;
	const char *bundle;
	char **env;
	int fds;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct values, "force", 'f', FLAG, force, NULL, "by force"),
	CLI_OPTION(struct values, "bundle", 'b', STRING, bundle, "PATH", "where"),
	CLI_OPTION(struct values, "env", 'e', STRINGS, env, "NAME=VALUE", "a variable"),
	CLI_OPTION(struct values, "preserve-fds", 0, INT, fds, "N", "how many"),
	{.name = "criu", .kind = CLI_IGNORED, .help = "nothing"},
	{.name = "no-pivot", .kind = CLI_IGNORED_FLAG, .help = "nothing"},
	{0},
};

struct parsed {
	struct values v;
	char **words; /* argv, split */
	int n_args;
	bool help;
	struct error err;
};

static void done(struct parsed *p)
{
	strv_free(p->v.env);
	strv_free(p->words);
}

/*
 * Words between blanks. The parser moves pointers about: what is freed at the end is another
 * vector of the same strings.
 */
static int parse(struct parsed *p, const char *line, unsigned int flags, char **argv)
{
	int argc;

	*p = (struct parsed){.v.fds = -1, .n_args = -1, .words = strv_split(line, " ")};
	argc = (int)strv_len(p->words);
	assert_in_range(argc, 1, ARGS_MAX);
	memcpy(argv, p->words, ((size_t)argc + 1) * sizeof(*argv));
	return cli_parse(options, &p->v, flags, argc, argv, &p->n_args, &p->help, &p->err);
}

static void assert_parses(const char *line, unsigned int flags, const char *arguments,
			  const char *values)
{
	_cleanup_(done) struct parsed p;
	char *argv[ARGS_MAX + 1];
	_cleanup_free_ char *got = NULL, *args = NULL, *env = NULL;

	if (parse(&p, line, flags, argv) < 0)
		fail_msg("%s: %s", line, p.err.text);
	args = strv_join(argv + 1, " ");
	env = strv_join(p.v.env, ",");
	got = xasprintf("force=%d bundle=%s env=%s fds=%d", p.v.force,
			p.v.bundle ? p.v.bundle : "-", env, p.v.fds);
	if (!str_eq(args, arguments) || !str_eq(got, values) ||
	    p.n_args != (int)strv_len(argv + 1))
		fail_msg("%s: [%s] (%d) %s", line, args, p.n_args, got);
}

static void cli_parse__every_way_to_write_an_option(void **state)
{
	static const struct {
		const char *line, *args, *values;
	} cases[] = {
		{"run", "", "force=0 bundle=- env= fds=-1"},
		{"run --force id", "id", "force=1 bundle=- env= fds=-1"},
		{"run -f id", "id", "force=1 bundle=- env= fds=-1"},
		{"run -force id", "id", "force=1 bundle=- env= fds=-1"},
		{"run --f id", "id", "force=1 bundle=- env= fds=-1"},
		{"run --force=true", "", "force=1 bundle=- env= fds=-1"},
		{"run --force --force=false", "", "force=0 bundle=- env= fds=-1"},
		{"run -f=0 -f=1", "", "force=1 bundle=- env= fds=-1"},
		{"run --bundle /a id", "id", "force=0 bundle=/a env= fds=-1"},
		{"run --bundle=/a=b id", "id", "force=0 bundle=/a=b env= fds=-1"},
		{"run --bundle= id", "id", "force=0 bundle= env= fds=-1"},
		{"run -b /a -b /b id", "id", "force=0 bundle=/b env= fds=-1"},
		{"run --bundle --force id", "id", "force=0 bundle=--force env= fds=-1"},
		{"run -e A=1 --env=B=2 id", "id", "force=0 bundle=- env=A=1,B=2 fds=-1"},
		{"run --preserve-fds 3 id", "id", "force=0 bundle=- env= fds=3"},
		{"run --preserve-fds=-3 id", "id", "force=0 bundle=- env= fds=-3"},
		{"run --criu /x --no-pivot id", "id", "force=0 bundle=- env= fds=-1"},
		{"run --no-pivot=what id", "id", "force=0 bundle=- env= fds=-1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_parses(cases[i].line, 0, cases[i].args, cases[i].values);
}

static void cli_parse__where_options_end(void **state)
{
	static const struct {
		const char *line;
		unsigned int flags;
		const char *args, *values;
	} cases[] = {
		/* "exec ID ls -f": what follows the first argument is the program's. */
		{"exec id -f", 0, "id -f", "force=0 bundle=- env= fds=-1"},
		{"exec -f id -- -f", 0, "id -- -f", "force=1 bundle=- env= fds=-1"},
		{"exec -- -f --", 0, "-f --", "force=0 bundle=- env= fds=-1"},
		{"exec id --unknown", 0, "id --unknown", "force=0 bundle=- env= fds=-1"},
		{"delete id -f", CLI_PERMUTE, "id", "force=1 bundle=- env= fds=-1"},
		{"delete a -b /x b -f c", CLI_PERMUTE, "a b c",
		 "force=1 bundle=/x env= fds=-1"},
		{"delete id -- -f", CLI_PERMUTE, "id -f", "force=0 bundle=- env= fds=-1"},
		/* Standard input, by custom. */
		{"update - -f", CLI_PERMUTE, "-", "force=1 bundle=- env= fds=-1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_parses(cases[i].line, cases[i].flags, cases[i].args, cases[i].values);
}

static void cli_parse__names_the_word_that_is_wrong(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"run --unknown", "unknown option --unknown"},
		{"run --forc", "unknown option --forc"},
		{"run --forced", "unknown option --forced"},
		{"run -x", "unknown option -x"},
		{"run -fb", "unknown option -fb"},
		{"run --", NULL},
		{"run --bundle", "option --bundle needs a value"},
		{"run --force=maybe", "--force takes true or false, not \"maybe\""},
		{"run --force=", "--force takes true or false, not \"\""},
		{"run --preserve-fds two", "--preserve-fds takes a number, not \"two\""},
		{"run --preserve-fds=", "--preserve-fds takes a number, not \"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(done) struct parsed p;
		char *argv[ARGS_MAX + 1];
		int r = parse(&p, cases[i].line, 0, argv);

		assert_int_equal(r, cases[i].message ? -EINVAL : 0);
		if (cases[i].message)
			assert_string_equal(p.err.text, cases[i].message);
	}
}

static void cli_parse__help_is_asked_for_anywhere_before_the_arguments(void **state)
{
	static const struct {
		const char *line;
		bool help;
	} cases[] = {
		{"run -h", true},	  {"run --help", true},	    {"run -f --help id", true},
		{"run id --help", false}, {"run -- --help", false}, {"run", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(done) struct parsed p;
		char *argv[ARGS_MAX + 1];

		assert_int_equal(parse(&p, cases[i].line, 0, argv), 0);
		assert_int_equal(p.help, cases[i].help);
	}
}

static void cli_print_options__says_what_means_something(void **state)
{
	int out = dup(STDOUT_FILENO), fds[2];
	char text[1024] = "";

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	assert_int_equal(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	cli_print_options(options);
	fflush(stdout);
	assert_int_equal(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "  -b, --bundle PATH "));
	assert_non_null(strstr(text, "      --preserve-fds N "));
	assert_null(strstr(text, "criu"));
	assert_null(strstr(text, "no-pivot"));
	close(out);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cli_parse__every_way_to_write_an_option),
		cmocka_unit_test(cli_parse__where_options_end),
		cmocka_unit_test(cli_parse__names_the_word_that_is_wrong),
		cmocka_unit_test(cli_parse__help_is_asked_for_anywhere_before_the_arguments),
		cmocka_unit_test(cli_print_options__says_what_means_something),
	};

	return RUN(tests);
}
