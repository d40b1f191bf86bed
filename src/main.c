/* SPDX-License-Identifier: Apache-2.0 */
/* Global options, the table of verbs, one error, one exit status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/spec.h"

#define STATE_ROOT  "/run/sysbox-runc"
#define CONFIG_FILE SYSCONFDIR "/sysbox/sysbox.conf"

static const struct verb *const verbs[] = {
	&verb_create,	  &verb_start,	 &verb_run,	&verb_exec,   &verb_kill,
	&verb_delete,	  &verb_state,	 &verb_list,	&verb_ps,     &verb_pause,
	&verb_resume,	  &verb_update,	 &verb_events,	&verb_spec,   &verb_features,
	&verb_checkpoint, &verb_restore, &verb_install, &verb_doctor, &verb_inspect,
};

struct main_options {
	struct options o;
	bool version;
};

#define OPT(nm, lt, kd, mb, arg, hlp) CLI_OPTION(struct main_options, nm, lt, kd, mb, arg, hlp)
static const struct cli_option main_table[] = {
	OPT("root", 0, STRING, o.root, "DIR",
	    "where the state of containers is kept [" STATE_ROOT "]"),
	OPT("log", 0, STRING, o.log, "FILE", "append messages to FILE instead of stderr"),
	OPT("log-format", 0, STRING, o.log_format, "text|json", "format of the log [text]"),
	OPT("config", 0, STRING, o.config, "FILE",
	    "settings of the administrator [" CONFIG_FILE "]"),
	OPT("debug", 0, FLAG, o.debug, NULL, "log what is done, step by step"),
	OPT("systemd-cgroup", 0, FLAG, o.systemd_cgroup, NULL,
	    "cgroupsPath is slice:prefix:name, made by systemd"),
	OPT("version", 'v', FLAG, version, NULL, "print the version"),
	OPT("criu", 0, IGNORED, o, NULL, NULL),
	OPT("rootless", 0, IGNORED, o, NULL, NULL),
	OPT("no-sysbox-fs", 0, IGNORED_FLAG, o, NULL, NULL),
	OPT("no-sysbox-mgr", 0, IGNORED_FLAG, o, NULL, NULL),
	OPT("no-kernel-check", 0, IGNORED_FLAG, o, NULL, NULL),
	{0},
};

static void print_version(void)
{
	printf("sysbox-runc version " PACKAGE_VERSION "\nspec: " SPEC_VERSION "\n");
}

static void print_help(void)
{
	printf("NAME:\n  sysbox-runc - Open Container Initiative runtime for system "
	       "containers\n\n"
	       "USAGE:\n  sysbox-runc [OPTIONS] COMMAND [ARGUMENTS]\n\nCOMMANDS:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!verbs[i]->hidden)
			printf("  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
	printf("\nOPTIONS:\n");
	cli_print_options(main_table);
	printf("\nsysbox-runc COMMAND --help says more; so does sysbox-runc(8).\n");
}

static void print_verb_help(const struct verb *v)
{
	printf("NAME:\n  sysbox-runc %s - %s\n\nUSAGE:\n  sysbox-runc %s [OPTIONS] %s\n",
	       v->name, v->summary, v->name, str_or_empty(v->arguments));
	if (v->options && v->options->name) {
		printf("\nOPTIONS:\n");
		cli_print_options(v->options);
	}
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

/*
 * The log file must not be opened through a symlink of somebody else, but
 * engines do pass FIFOs and paths below symlinked directories: plain O_APPEND.
 */
static int log_open(const struct options *o, struct error *err)
{
	enum log_level level = o->debug ? LOG_DEBUG : LOG_INFO;
	enum log_format format = LOG_TEXT;
	int fd = STDERR_FILENO;

	if (o->log_format && str_eq(o->log_format, "json"))
		format = LOG_JSON;
	else if (o->log_format && !str_eq(o->log_format, "text"))
		return error_set(err, EINVAL, "--log-format is text or json, not \"%s\"",
				 o->log_format);
	if (!str_is_empty(o->log)) {
		/* Held open for the life of the process: the logger writes to it. */
		fd = open(o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd < 0)
			return error_errno(err, errno, "open the log file %s", o->log);
	}
	log_init(fd, format, level);
	return 0;
}

/* Its path is written down, and read by commands that run elsewhere. */
static int name_root(const char **root, char **ret_owner, struct error *err)
{
	_cleanup_free_ char *here = NULL, *path = NULL;

	if (!path_is_absolute(*root)) {
		here = getcwd(NULL, 0);
		if (!here)
			return error_errno(err, errno, "find the directory of --root %s",
					   *root);
	}
	path = here ? path_join(here, *root) : xstrdup(*root);
	*root = *ret_owner = path_clean(path);
	return 0;
}

static int verb_run_with(const struct verb *v, const struct options *o, int argc, char **argv,
			 int *ret_status, struct error *err)
{
	_cleanup_free_ void *values = xcalloc(1, v->values_size ? v->values_size : 1);
	struct cmd c = {.options = o, .verb = v, .values = values};
	bool help;
	int r;

	r = cli_parse(v->options, values, v->cli_flags, argc, argv, &c.n_args, &help, err);
	if (r < 0)
		return error_wrap(err, r, "%s", v->name);
	if (help) {
		print_verb_help(v);
		return 0;
	}
	c.args = argv + 1;
	if (c.n_args < v->min_args || (v->max_args >= 0 && c.n_args > v->max_args))
		return error_set(err, EINVAL, "usage: sysbox-runc %s [OPTIONS] %s", v->name,
				 str_or_empty(v->arguments));
	r = v->run(&c, err);
	*ret_status = c.exit_status;
	return r;
}

static int run(int argc, char **argv, int *ret_status, struct error *err)
{
	struct main_options opts = {.o = {.root = STATE_ROOT, .config = CONFIG_FILE}};
	_cleanup_free_ char *root = NULL;
	const struct verb *v;
	bool help;
	int n_args, r;

	r = cli_parse(main_table, &opts, 0, argc, argv, &n_args, &help, err);
	if (r < 0)
		return r;
	if (opts.version || (n_args == 1 && str_eq(argv[1], "version"))) {
		print_version();
		return 0;
	}
	if (help || n_args == 0 || str_eq(argv[1], "help")) {
		print_help();
		return 0;
	}
	opts.o.root_is_default = str_eq(opts.o.root, STATE_ROOT);
	r = log_open(&opts.o, err);
	if (r == 0)
		r = name_root(&opts.o.root, &root, err);
	if (r < 0)
		return r;
	v = verb_find(argv[1]);
	if (!v)
		return error_set(err, EINVAL,
				 "No help topic for '%s': no such command; see sysbox-runc "
				 "--help",
				 argv[1]);
	return verb_run_with(v, &opts.o, n_args, argv + 1, ret_status, err);
}

/*
 * The error goes to the log, where engines read it, and to stderr, where people
 * do; once when these are the same. Engines print it as it is, and names in it may be an
 * image's.
 */
static void print_error(struct error *err)
{
	str_make_plain(err->text);
	log_error("%s", err->text);
	if (log_fd() != STDERR_FILENO)
		fprintf(stderr, "sysbox-runc: error: %s\n", err->text);
}

int main(int argc, char **argv)
{
	struct error err = {0};
	int status = 0, r = fd_complete_stdio();

	/* Ignored by the caller and so by us, there would be no children to wait for. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (r < 0)
		return 1;
	r = run(argc, argv, &status, &err);
	if (r < 0) {
		print_error(&err);
		return status ? status : 1;
	}
	return status;
}
