/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the cgroup: which there are, and how one enters. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

#define PROCS_MAX (64u << 20)
/* A task that is being born cannot be moved (EINVAL). */
#define ENTER_TRIES	 5
#define ENTER_PAUSE_USEC 1000

/* Listing */

struct pid_list {
	pid_t *pids;
	size_t n;
};

static int collect_pids(int dirfd, void *arg)
{
	struct pid_list *l = arg;
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	int r;

	r = file_read(dirfd, "cgroup.procs", PROCS_MAX, &text, NULL);
	if (r == -EOPNOTSUPP || (r < 0 && errno_is_gone(-r)))
		return 0; /* threaded: listed by the domain above; or removed meanwhile */
	if (r < 0)
		return r;
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		int pid;

		r = str_to_int(p, &pid);
		if (r < 0)
			return r;
		if (pid > 0) /* 0: a process of another pid namespace */
			*(pid_t *)array_add((void **)&l->pids, &l->n, sizeof(pid_t)) = pid;
	}
	return 0;
}

int cgroup_dir_pids(const struct cgroup_dir *d, pid_t **ret, size_t *ret_n, struct error *err)
{
	struct pid_list l = {0};
	const struct cgroup_visitor v = {.enter = collect_pids, .arg = &l};
	_cleanup_close_ int dirfd = cgroup_dir_open(d, err);
	int r;

	if (dirfd < 0)
		return dirfd;
	r = cgroup_walk(dirfd, &v);
	if (r < 0) {
		free(l.pids);
		return error_errno(err, -r, "list the processes of %s", d->path);
	}
	*ret = l.pids;
	*ret_n = l.n;
	return 0;
}

const struct cgroup_dir *cgroup_pids_dir(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "devices");

	return d || cg->n_dirs == 0 ? d : &cg->dirs[0];
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct error *err)
{
	const struct cgroup_dir *d = cgroup_pids_dir(cg);

	if (!d)
		return error_set(err, ENOENT, "the container has no cgroup");
	return cgroup_dir_pids(d, ret, ret_n, err);
}

/* Entering */

int cgroup_join(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		_cleanup_free_ char *path = NULL;
		int r;

		if (!*cg->dirs[i].controllers)
			continue; /* v2: born in it */
		path = path_join(cg->dirs[i].path, "tasks");
		r = file_write(AT_FDCWD, path, "0");
		if (r < 0)
			return error_errno(err, -r, "enter the cgroup %s", cg->dirs[i].path);
	}
	return 0;
}

int cgroup_clone_fd(const struct cgroup *cg, pid_t init_pid, int *ret_fd, struct error *err)
{
	const struct cgroup_dir *d = cgroup_dir_v2(cg);
	_cleanup_free_ char *place = NULL;
	int r;

	*ret_fd = -EBADF;
	if (!d)
		return 0;
	r = cgroup_place(cg, d, init_pid, &place, err);
	if (r < 0)
		return r;
	r = open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r < 0)
		return error_errno(err, errno, "open the cgroup %s", place);
	*ret_fd = r;
	return 0;
}

static int enter_v2(const struct cgroup *cg, const struct cgroup_dir *d, pid_t pid,
		    pid_t init_pid, struct error *err)
{
	_cleanup_free_ char *text = xasprintf("%d", (int)pid);
	_cleanup_free_ char *place = NULL, *file = NULL;
	int r;

	r = cgroup_place(cg, d, init_pid, &place, err);
	if (r < 0)
		return r;
	file = path_join(place, "cgroup.procs");
	r = file_write(AT_FDCWD, file, text);
	return r < 0 ? error_errno(err, -r, "failed to write \"%s\" to %s", text, file) : 0;
}

int cgroup_fs_enter(const struct cgroup *cg, pid_t pid, struct error *err)
{
	_cleanup_free_ char *text = xasprintf("%d", (int)pid);
	int r = 0;

	for (size_t i = 0; i < cg->n_dirs; i++) {
		_cleanup_free_ char *path = path_join(cg->dirs[i].path, "cgroup.procs");

		r = file_write(AT_FDCWD, path, text);
		for (int k = 0; r == -EINVAL && k < ENTER_TRIES; k++) {
			clock_sleep_usec(ENTER_PAUSE_USEC);
			r = file_write(AT_FDCWD, path, text);
		}
		if (r < 0)
			return error_errno(err, -r, "failed to write \"%s\" to %s", text, path);
	}
	return 0;
}

int cgroup_enter(const struct cgroup *cg, pid_t pid, pid_t init_pid, struct error *err)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		struct cgroup one = {.dirs = &cg->dirs[i], .n_dirs = 1};
		int r;

		if (!*cg->dirs[i].controllers)
			r = enter_v2(cg, &cg->dirs[i], pid, init_pid, err);
		else
			r = cgroup_fs_enter(&one, pid, err);
		if (r < 0)
			return r;
	}
	return 0;
}
