/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"

/* What ps(1) prints of a machine at its pid limit, with long command lines. */
#define PS_TEXT_MAX (256u << 20)

struct ps {
	const char *format;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct ps, "format", 'f', STRING, format, "table|json",
		   "form of the list [table]"),
	{0},
};

struct pids {
	pid_t *pids;
	size_t n;
};

static void pids_done(struct pids *p)
{
	free(p->pids);
}

static bool pids_contain(const struct pids *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->pids[i] == pid)
			return true;
	return false;
}

static void print_json(const struct pids *p)
{
	putchar('[');
	for (size_t i = 0; i < p->n; i++)
		printf("%s%d", i ? "," : "", (int)p->pids[i]);
	puts("]");
}

/* Its output and its complaints, together. */
static int start_ps(char **argv, pid_t *ret_pid, int *ret_fd, struct error *err)
{
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	posix_spawn_file_actions_t actions;
	int pair[2], e;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_errno(err, errno, "pipe");
	in = pair[0];
	out = pair[1];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	e = posix_spawnp(ret_pid, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (e)
		return error_errno(err, e, "run ps");
	*ret_fd = take_fd(&in);
	return 0;
}

static int run_ps(char **arguments, char **ret, struct error *err)
{
	static char *const defaults[] = {(char *)"-ef", NULL};
	_cleanup_(strv_freep) char **argv = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	int r, status;
	pid_t pid;

	strv_add(&argv, "ps");
	for (char *const *a = arguments[0] ? arguments : defaults; *a; a++)
		strv_add(&argv, *a);
	r = start_ps(argv, &pid, &fd, err);
	if (r < 0)
		return r;
	r = fd_read_all(fd, PS_TEXT_MAX, &text, NULL);
	fd = fd_close(fd); /* no more to write for it */
	if (spawn_wait(pid, &status) < 0 || r < 0)
		return error_set(err, r < 0 ? -r : ECHILD, "read the output of ps");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, EIO, "ps failed: %s", text);
	*ret = take_ptr(&text);
	return 0;
}

/* Which word of the header line is "PID"? */
static int pid_column(const char *title, struct error *err)
{
	_cleanup_(strv_freep) char **words = strv_split(title, " \t");

	for (int i = 0; words && words[i]; i++)
		if (str_eq(words[i], "PID"))
			return i;
	return error_set(err, EINVAL, "couldn't find PID field in ps output");
}

/* 0 when there is no number in the column. */
static pid_t line_pid(const char *line, int column)
{
	_cleanup_(strv_freep) char **words = strv_split(line, " \t");
	int pid;

	if ((int)strv_len(words) <= column || str_to_int(words[column], &pid) < 0)
		return 0;
	return pid;
}

static int print_table(const struct pids *p, char **arguments, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char *line, *save = NULL;
	int r, column;

	r = run_ps(arguments, &text, err);
	if (r < 0)
		return r;
	line = strtok_r(text, "\n", &save);
	column = pid_column(line ? line : "", err);
	if (column < 0)
		return column;
	puts(line);
	while ((line = strtok_r(NULL, "\n", &save)))
		if (pids_contain(p, line_pid(line, column)))
			puts(line);
	return 0;
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(pids_done) struct pids p = {0};
	const struct ps *a = c->values;
	bool json = a->format && str_eq(a->format, "json");
	int r;

	if (a->format && !json && !str_eq(a->format, "table"))
		return error_set(err, EINVAL, "invalid format option");
	r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);
	if (r == 0)
		r = cgroup_pids(&ct.state.cgroup, &p.pids, &p.n, err);
	if (r < 0)
		return r;
	if (!json)
		return print_table(&p, c->args + 1, err);
	print_json(&p);
	return 0;
}

const struct verb verb_ps = {
	.name = "ps",
	.arguments = "CONTAINER [PS OPTIONS]",
	.summary = "list the processes of a container",
	.options = options,
	.values_size = sizeof(struct ps),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
