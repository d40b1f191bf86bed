/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroupfs driver.
 *
 * Theory of operation: a start makes one directory in each of about ten v1
 * hierarchies, so every system call counts tenfold. Each directory is made by
 * one mkdir(2) that is expected to succeed; only where it fails are parents made.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "src/cgroup-internal.h"

/* Waiting for the last processes to leave: 1, 2, 4 .. ms, about a second in total. */
#define DESTROY_TRIES 10
/*
 * A directory is made with this mode, which nobody else gives, and has an ordinary
 * one as soon as it bears our mark: so one whose maker was killed between the two is
 * told from an empty group of somebody else's.
 */
#define MODE_UNMARKED (S_ISVTX | S_IRWXU)

void cgroup_made_done(struct cgroup_made *m)
{
	free(m->dirs);
	m->dirs = NULL;
}

/* Directories */

static int make_parents(const struct cgroup_dir *d, struct error *err)
{
	_cleanup_free_ char *at = xstrdup(d->path);

	/* The mount point and what is above it exist. */
	for (char *p = strchr(at + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(at, 0755) < 0 && errno != EEXIST)
			return error_errno(err, errno, "make the cgroup %s", at);
		*p = '/';
	}
	return 0;
}

static bool is_half_made(const struct cgroup_dir *d)
{
	struct stat st;

	return lstat(d->path, &st) == 0 && (st.st_mode & 07777) == MODE_UNMARKED;
}

static int finish_dir(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err)
{
	int r;

	r = cgroup_dir_mark(cg, d, err);
	if (r == 0 && chmod(d->path, 0755) < 0)
		return error_errno(err, errno, "change the mode of %s", d->path);
	return r;
}

/* Sets *ret_made when the directory was not there before. */
static int make_dir(const struct cgroup *cg, const struct cgroup_dir *d, bool *ret_made,
		    struct error *err)
{
	int r;

	*ret_made = true;
	if (mkdir(d->path, MODE_UNMARKED) == 0)
		return finish_dir(cg, d, err);
	if (errno == ENOENT) {
		r = make_parents(d, err);
		if (r < 0)
			return r;
		if (mkdir(d->path, MODE_UNMARKED) == 0)
			return finish_dir(cg, d, err);
	}
	*ret_made = false;
	if (errno == EEXIST)
		return 0;
	return error_errno(err, errno, "make the cgroup %s", d->path);
}

/* Parents only: the group itself gets its own values first, then cgroup_cpuset_prepare(). */
static int prepare_dir(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err)
{
	_cleanup_free_ char *parent = NULL, *base = NULL;

	if (cg->is_v2) {
		cgroup_controllers_hand_down(d->path);
		return 0;
	}
	if (!cgroup_dir_has(d, "cpuset"))
		return 0;
	path_split(d->path, &parent, &base);
	return cgroup_cpuset_fill(parent, err);
}

int cgroup_fs_make(const struct cgroup *cg, struct cgroup_made *ret, struct error *err)
{
	_cleanup_(cgroup_made_done) struct cgroup_made made = {
		.dirs = xcalloc(cg->n_dirs, sizeof(bool))};
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n_dirs; i++) {
		r = make_dir(cg, &cg->dirs[i], &made.dirs[i], err);
		if (r == 0)
			r = prepare_dir(cg, &cg->dirs[i], err);
	}
	if (r < 0) {
		cgroup_fs_unmake(cg, &made);
		return r;
	}
	ret->dirs = take_ptr(&made.dirs);
	return 0;
}

void cgroup_fs_unmake(const struct cgroup *cg, const struct cgroup_made *m)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (m->dirs[i] && rmdir(cg->dirs[i].path) < 0 && errno != ENOENT)
			log_debug("cgroup: remove %s: %s", cg->dirs[i].path, strerror(errno));
}

static int check_empty(const struct cgroup_dir *d, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int r;

	r = cgroup_dir_pids(d, &pids, &n, err);
	if (r < 0 || n == 0)
		return r;
	return error_set(err, EBUSY,
			 "container's cgroup is not empty: %zu process(es) found in %s", n,
			 d->path);
}

int cgroup_fs_take(const struct cgroup *cg, const struct cgroup_made *m, struct error *err)
{
	bool taken = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n_dirs; i++) {
		taken |= !m->dirs[i];
		if (!m->dirs[i])
			r = check_empty(&cg->dirs[i], err);
	}
	if (r < 0)
		return r;
	if (taken && cgroup_is_frozen(cg) == 1)
		return error_set(err, EBUSY, "container's cgroup unexpectedly frozen");
	for (size_t i = 0; r == 0 && i < cg->n_dirs; i++) {
		if (m->dirs[i])
			continue;
		r = is_half_made(&cg->dirs[i]) ? finish_dir(cg, &cg->dirs[i], err)
					       : cgroup_dir_mark(cg, &cg->dirs[i], err);
		if (!*cg->dirs[i].controllers)
			cgroup_controllers_withdraw(cg->dirs[i].path);
	}
	return r;
}

int cgroup_fs_ready(const struct cgroup *cg, struct error *err)
{
	const struct cgroup_dir *d = cg->is_v2 ? NULL : cgroup_dir_find(cg, "cpuset");

	return d ? cgroup_cpuset_prepare(d->path, err) : 0;
}

/* Removal */

static int remove_child(int parent_dirfd, const char *name, void *arg)
{
	(void)arg;
	if (unlinkat(parent_dirfd, name, AT_REMOVEDIR) < 0 && !errno_is_gone(errno))
		return -errno;
	return 0;
}

static int remove_below(const char *path)
{
	static const struct cgroup_visitor remover = {.leave = remove_child};
	_cleanup_close_ int dirfd = -EBADF;

	dirfd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd < 0)
		return errno_is_gone(errno) ? 0 : -errno;
	return cgroup_walk(dirfd, &remover);
}

static int remove_dir(const struct cgroup *cg, const struct cgroup_dir *d)
{
	int r;

	if (cgroup_dir_owner(cg, d) == CGROUP_OTHERS && !is_half_made(d)) {
		log_debug("cgroup: %s is not ours and stays", d->path);
		return 0;
	}
	if (rmdir(d->path) == 0 || errno_is_gone(errno))
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	r = remove_below(d->path);
	if (r < 0)
		return r;
	return rmdir(d->path) == 0 || errno_is_gone(errno) ? 0 : -errno;
}

int cgroup_fs_destroy(const struct cgroup *cg, struct error *err)
{
	unsigned int tries = 0;
	int status = 0;

	for (size_t i = 0; i < cg->n_dirs; i++) {
		int r = remove_dir(cg, &cg->dirs[i]);

		for (; r == -EBUSY && tries < DESTROY_TRIES; tries++) {
			clock_sleep_usec(INT64_C(1000) << tries);
			r = remove_dir(cg, &cg->dirs[i]);
		}
		/* The others are removed all the same; the first error is reported. */
		if (r < 0 && status == 0)
			status = error_errno(err, -r, "remove the cgroup %s", cg->dirs[i].path);
	}
	return status;
}
