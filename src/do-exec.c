/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a process with its final identity to its program. Shared by init and exec.
 *
 * All paths are looked up as the process's user, in the container's root; what is
 * read there (/etc/passwd) is the image's, or an attacker's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/do.h"
#include "src/plan.h"

void program_done(struct program *p)
{
	free(p->path);
	strv_free(p->env);
	*p = (struct program)PROGRAM_EMPTY;
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

/* In Go's wording, which engines and their users look for. */
static const char *words_of(int e)
{
	switch (e) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
		return "permission denied";
	case ENOEXEC:
		return "exec format error";
	default:
		return strerror(e);
	}
}

/*
 * Engines tell 126 from 127 by the text: Docker looks for "executable file not
 * found", "no such file or directory" and "permission denied" in it.
 */
static int find_program(const struct plan_process *p, char **ret, struct error *err)
{
	const char *name = p->args[0], *path = strv_env_get(p->env, "PATH");
	_cleanup_(strv_freep) char **dirs = NULL;
	bool denied = false;
	int e = ENOENT;

	if (strchr(name, '/')) {
		if (!is_executable(name, &e))
			return error_set(err, e, "exec: \"%s\": %s", name, words_of(e));
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

static int check_cwd(const struct plan_process *p, struct error *err)
{
	char buf[PATH_MAX];

	/* A directory outside of our root shows as "(unreachable)/..." (getcwd(2)). */
	if (syscall(SYS_getcwd, buf, sizeof(buf)) < 0 || buf[0] != '/')
		return error_set(err, EPERM,
				 "the working directory \"%s\" lies outside of the container",
				 p->cwd);
	return 0;
}

/* More than a hundred thousand users. */
#define PASSWD_MAX (16 << 20)

/* Neither a FIFO in its place must stop us, nor a file without end. */
static FILE *open_passwd(void)
{
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return NULL;
	f = fdopen(fd, "re");
	if (f)
		fd = -EBADF;
	return f;
}

static char *home_of(uid_t uid)
{
	FILE *f = open_passwd();
	char *home = NULL;

	for (struct passwd *pw; f && !home && (pw = fgetpwent(f));)
		if (pw->pw_uid == uid && !str_is_empty(pw->pw_dir))
			home = xstrdup(pw->pw_dir);
	if (f)
		(void)fclose(f);
	return home ? home : xstrdup("/");
}

/* Engines leave HOME to the runtime, which alone sees the image's users. */
static char **complete_env(const struct plan_process *p)
{
	char **env = strv_copy(p->env);
	const char *set = strv_env_get(env, "HOME");

	if (str_is_empty(set)) {
		_cleanup_free_ char *home = home_of(p->uid);

		strv_env_set(&env, "HOME", home);
	}
	return env;
}

int do_exec_prepare(const struct plan_process *p, enum do_exec_cwd cwd, struct program *ret,
		    struct error *err)
{
	int r;

	if (cwd == DO_EXEC_CHDIR && chdir(p->cwd) < 0)
		return error_errno(err, errno, "change to the working directory \"%s\"",
				   p->cwd);
	r = check_cwd(p, err);
	if (r == 0)
		r = find_program(p, &ret->path, err);
	if (r == 0)
		ret->env = complete_env(p);
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

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int do_exec_close_all(unsigned int preserve_fds, int *keep, size_t n, struct error *err)
{
	unsigned int first = 3 + preserve_fds;

	log_init(-1, LOG_TEXT, LOG_ERROR);
	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (keep[i] < 0 || fd < first)
			continue;
		if (fd > first && close_range(first, fd - 1, 0) < 0)
			return error_errno(err, errno, "close_range");
		first = fd + 1;
	}
	return close_range(first, ~0U, 0) < 0 ? error_errno(err, errno, "close_range") : 0;
}

int do_exec_close(unsigned int preserve_fds, struct error *err)
{
	if (close_range(3 + preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_errno(err, errno, "close_range");
	return 0;
}

int do_exec(const struct plan_process *p, const struct program *program, struct error *err)
{
	reset_signals();
	execve(program->path, p->args, program->env);
	return error_set(err, errno, "exec %s: %s", program->path, words_of(errno));
}
