/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/install.h"

struct install {
	bool docker;
	bool podman;
	bool uninstall;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct install, "docker", 0, FLAG, docker, NULL, "only with Docker"),
	CLI_OPTION(struct install, "podman", 0, FLAG, podman, NULL, "only with Podman"),
	CLI_OPTION(struct install, "uninstall", 0, FLAG, uninstall, NULL,
		   "remove the registration"),
	{0},
};

struct engine {
	const char *program; /* tells that the engine is here */
	int (*install)(const char *program, struct install_report *ret, struct error *err);
	int (*uninstall)(struct install_report *ret, struct error *err);
};

static const struct engine docker = {"dockerd", install_docker, uninstall_docker};
static const struct engine podman = {"podman", install_podman, uninstall_podman};

static bool is_here(const char *program)
{
	static const char *const dirs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					   "/usr/bin", "/snap/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dirs[i], program);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int own_path(char path[PATH_MAX], struct error *err)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0)
		return error_errno(err, errno, "read /proc/self/exe");
	path[n] = '\0';
	return 0;
}

/* `wanted` by name: not finding the engine's program is no reason to leave it out. */
static int apply(const struct engine *e, const struct install *a, bool wanted, int *n_done,
		 struct error *err)
{
	struct install_report report = {0};
	char program[PATH_MAX];
	int r = own_path(program, err);

	if (r < 0)
		return r;
	if (!wanted && (a->docker || a->podman || !is_here(e->program)))
		return 0;
	r = a->uninstall ? e->uninstall(&report, err) : e->install(program, &report, err);
	if (r < 0)
		return r;
	++*n_done;
	puts(report.text);
	return 0;
}

static int run(struct cmd *c, struct error *err)
{
	const struct install *a = c->values;
	int n_done = 0, r;

	if (geteuid() != 0)
		return error_set(err, EPERM, "install must be run as root");
	r = apply(&docker, a, a->docker, &n_done, err);
	if (r == 0)
		r = apply(&podman, a, a->podman, &n_done, err);
	if (r == 0 && n_done == 0 && !a->uninstall)
		return error_set(err, ENOENT,
				 "neither dockerd nor podman is here; install one of them "
				 "(apt-get install docker.io), then call this again");
	return r;
}

const struct verb verb_install = {
	.name = "install",
	.summary = "make this runtime known to Docker and Podman",
	.options = options,
	.values_size = sizeof(struct install),
	.max_args = 0,
	.run = run,
};
