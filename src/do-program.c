/* SPDX-License-Identifier: Apache-2.0 */
/* What is executed, with which environment, and the last steps before it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/do.h"
#include "src/plan.h"

#define PASSWD_MAX (1u << 20)

void do_program_done(struct do_program *p)
{
	free(p->path);
	strv_free(p->env);
	*p = (struct do_program){0};
}

static bool is_executable(const char *path, int *ret_errno)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		*ret_errno = errno;
		return false;
	}
	*ret_errno = EACCES;
	return S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/*
 * Engines tell 126 from 127 by the text: Docker looks for "executable file not
 * found", "no such file or directory" and "permission denied" in it.
 */
static int find_path(const struct plan_process *p, char **ret, struct error *err)
{
	const char *name = p->args[0], *path = strv_env_get(p->env, "PATH");
	_cleanup_(strv_freep) char **dirs = NULL;
	bool denied = false;
	int e = ENOENT;

	if (strchr(name, '/')) {
		if (!is_executable(name, &e))
			return error_set(err, e, "exec: \"%s\": %s", name,
					 e == EACCES   ? "permission denied"
					 : e == ENOENT ? "no such file or directory"
						       : strerror(e));
		*ret = xstrdup(name);
		return 0;
	}
	dirs = strv_split(path ? path
			       : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			  ":");
	for (char **d = dirs; d && *d; d++) {
		_cleanup_free_ char *full = path_join(*d, name);

		if (is_executable(full, &e)) {
			*ret = take_ptr(&full);
			return 0;
		}
		denied = denied || e == EACCES;
	}
	if (denied)
		return error_set(err, EACCES, "exec: \"%s\": permission denied", name);
	return error_set(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

/* Field `n` of a line of passwd(5), which is cut there; NULL when it has fewer. */
static char *field(char *line, unsigned int n)
{
	for (; n > 0 && line; n--) {
		line = strchr(line, ':');
		line = line ? line + 1 : NULL;
	}
	if (line)
		line[strcspn(line, ":")] = '\0';
	return line;
}

/*
 * The image's passwd, read by ourselves: libc's way would load its plug-ins (NSS) out of
 * the image.
 */
static char *find_home(uint32_t uid)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **lines = NULL;

	if (file_read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL) < 0)
		return NULL;
	lines = strv_split(text, "\n");
	for (char **l = lines; l && *l; l++) {
		const char *home = field(*l, 5), *id = home ? field(*l, 2) : NULL;
		uint32_t value;

		if (id && str_to_u32(id, &value) == 0 && value == uid)
			return xstrdup(home);
	}
	return NULL;
}

/* As runc: an image's program expects HOME, and engines leave it to the runtime. */
static char **make_env(const struct plan_process *p)
{
	char **env = strv_copy(p->env);
	const char *home = strv_env_get(env, "HOME");
	_cleanup_free_ char *found = home && *home ? NULL : find_home(p->uid);

	if (!home || !*home)
		strv_env_set(&env, "HOME", found && *found ? found : "/");
	return env;
}

int do_program_find(const struct plan_process *p, struct do_program *ret, struct error *err)
{
	int r = find_path(p, &ret->path, err);

	if (r == 0)
		ret->env = make_env(p);
	return r;
}

/* What a Go engine set or blocked must not reach the container's first process. */
static void reset_signals(void)
{
	const struct sigaction def = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &def, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int do_exec(const struct plan_process *p, const struct do_program *program,
	    unsigned int preserve_fds, struct error *err)
{
	reset_signals();
	/* CVE-2024-21626: not one descriptor of the host crosses. */
	if (close_range(3 + preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_errno(err, errno, "close_range");
	execve(program->path, p->args, program->env);
	if (errno == ENOENT)
		return error_set(
			err, ENOENT,
			"exec %s: no such file or directory (is its interpreter there?)",
			program->path);
	return error_set(err, errno, "exec %s: %s", program->path,
			 errno == EACCES ? "permission denied" : strerror(errno));
}
