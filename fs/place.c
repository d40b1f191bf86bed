/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The kernel charges what it allocates to the cgroup of the process that makes the call, and a
 * process is moved as a whole on v2. So whoever works in place of a caller is born in the
 * caller's cgroup (clone3(2), CLONE_INTO_CGROUP): a process is there, hence processes may be
 * there, whatever controllers are enabled above and below; and whatever limits the caller there
 * limits its agent.
 *
 *	pids.max	refuses to have a process born (EAGAIN), not to have one moved: a
 *			child that was born outside moves itself. That makes the kernel stop
 *			all forks of the host for a moment.
 *	cgroup.freeze	stops the agent between two system calls. It can be killed, and nobody
 *			may wait for it: place_is_freezing().
 *
 * Where neither way leads there, no child is made. It must not stay outside for a reason that
 * the container has in its hands, or its memory would be counted nowhere.
 */
#include "fs/place.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/cgroup-read.h"
#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/str.h"
#include "lib/sys.h"

/*
 * cgroup.procs of a delegated cgroup belongs to the container's root, that of the one above
 * both to the host's: nobody has the right to write both by his ids.
 */
#define RIGHT CAPS_BIT(CAP_DAC_OVERRIDE)

void place_open(struct place *p, const struct cgroup_read *cgroups, const char *text)
{
	*p = (struct place)PLACE_EMPTY;
	p->cgroups = cgroups;
	p->path = cgroup_read_v2_path(cgroups, text, &p->top_dirfd);
	if (!p->path)
		return;
	p->dirfd = openat(p->top_dirfd, p->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void place_done(struct place *p)
{
	free(p->path);
	fd_close(p->dirfd);
	*p = (struct place)PLACE_EMPTY;
}

bool place_is(const struct place *p, const char *text)
{
	_cleanup_free_ char *path = NULL;
	int top;

	path = p->path ? cgroup_read_v2_path(p->cgroups, text, &top) : NULL;
	return path && str_eq(path, p->path);
}

/* ------------------------------------------------------------------ freezing */

static bool is_asked_to_freeze(int top_dirfd, const char *path)
{
	_cleanup_free_ char *name = xasprintf("%s/cgroup.freeze", path);
	_cleanup_free_ char *value = NULL;

	return file_read_line(top_dirfd, name, &value) == 0 && str_eq(value, "1");
}

/* The file tells what was asked of a cgroup itself; the top of all has none. */
bool place_is_freezing(const struct place *p)
{
	_cleanup_free_ char *path = p->path ? xstrdup(p->path) : NULL;

	if (!path)
		return false;
	for (;;) {
		char *slash = strrchr(path, '/');

		if (is_asked_to_freeze(p->top_dirfd, path))
			return true;
		if (!slash)
			return is_asked_to_freeze(p->top_dirfd, ".");
		*slash = '\0';
	}
}

/* ------------------------------------------------------------------ forking */

static pid_t fork_into(int cgroup_dirfd, uint64_t clone_flags)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | clone_flags,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_dirfd,
	};
	pid_t pid = sys_clone3(&args);

	return pid < 0 ? -errno : pid;
}

/* By the older call, which every filter knows. */
static pid_t fork_outside(uint64_t clone_flags)
{
	pid_t pid = (pid_t)syscall(SYS_clone, clone_flags | SIGCHLD, NULL, NULL, NULL, NULL);

	return pid < 0 ? -errno : pid;
}

/* A child that can not move is of no use. */
static pid_t fork_and_move(int cgroup_dirfd, uint64_t clone_flags)
{
	pid_t pid = fork_outside(clone_flags);

	if (pid == 0 && file_write(cgroup_dirfd, "cgroup.procs", "0") < 0)
		_exit(EAGAIN);
	return pid;
}

/* For reasons of the host: an old kernel, a filter or an engine around us. */
static bool is_not_possible_here(int r)
{
	return r == -ENOSYS || r == -EPERM || r == -EACCES;
}

static pid_t fork_there(const struct place *p, uint64_t clone_flags)
{
	pid_t pid = fork_into(p->dirfd, clone_flags);

	if (pid == -EAGAIN)
		return fork_and_move(p->dirfd, clone_flags);
	if (!is_not_possible_here(pid))
		return pid;
	log_debug("a child is not accounted to the container: errno %d", -pid);
	return fork_outside(clone_flags);
}

pid_t place_fork(const struct place *p, unsigned int flags)
{
	uint64_t clone_flags = flags & PLACE_SHARE_FILES ? CLONE_FILES : 0;
	pid_t pid;

	if (!p->path)
		return fork_outside(clone_flags);
	if (p->dirfd < 0)
		return -ENODEV;
	(void)caps_raise(RIGHT);
	pid = fork_there(p, clone_flags);
	(void)caps_drop(RIGHT, pid == 0 ? RIGHT : 0);
	return pid;
}
