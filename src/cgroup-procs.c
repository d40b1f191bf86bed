/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the cgroup: entering, listing, freezing, killing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

#define PROCS_MAX (64u << 20)
/* v2: the kernel tells when it is frozen; longer than this only for a task in disk sleep. */
#define FREEZE_TIMEOUT_MS 10000
/* v1: see freeze_v1(). */
#define FREEZE_TRIES	   1000
#define FREEZE_THAW_EVERY  50
#define FREEZE_PAUSE_EVERY 25

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

/*
 * Any hierarchy will do: a process that left our directory in one would need
 * write access above it. With hybrid systemd, controllers' hierarchies are the
 * ones that the engine looks at too.
 */
static const struct cgroup_dir *pids_dir(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "devices");

	return d || cg->n_dirs == 0 ? d : &cg->dirs[0];
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct error *err)
{
	const struct cgroup_dir *d = pids_dir(cg);

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

/* Freezing */

static void sleep_us(long us)
{
	struct timespec t = {.tv_nsec = us * 1000};

	nanosleep(&t, NULL);
}

/* To change something. */
static int freezer_open(const struct cgroup *cg, struct error *err)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "freezer");

	if (!d)
		return error_set(err, ENOENT,
				 "cannot toggle freezer: cgroups not configured for container");
	return cgroup_dir_open_ours(cg, d, err);
}

/*
 * A v1 freezer that meets a process which is being born, or one that enters, stays in
 * FREEZING until it is told again. To repeat the request nearly always helps; where
 * processes appear all the time, it helps to let them go for a moment.
 */
static int freeze_v1(int dirfd)
{
	for (int i = 1; i <= FREEZE_TRIES; i++) {
		_cleanup_free_ char *state = NULL;
		int r;

		r = file_write(dirfd, "freezer.state", "FROZEN");
		if (r < 0)
			return r;
		if (i % FREEZE_PAUSE_EVERY == 0)
			sleep_us(10);
		r = file_read_line(dirfd, "freezer.state", &state);
		if (r < 0)
			return r;
		if (str_eq(state, "FROZEN"))
			return 0;
		if (i % FREEZE_THAW_EVERY == 0) {
			(void)file_write(dirfd, "freezer.state", "THAWED"); /* then again */
			sleep_us(10000);
		}
	}
	return -ETIMEDOUT;
}

/* cgroup.events wakes a poll(2) when one of its values changes. */
static int freeze_v2(int dirfd)
{
	_cleanup_close_ int events_fd = -EBADF;
	int r;

	events_fd = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events_fd < 0)
		return -errno;
	r = file_write(dirfd, "cgroup.freeze", "1");
	if (r < 0)
		return r;
	for (;;) {
		struct pollfd p = {.fd = events_fd, .events = POLLPRI};
		char text[256];
		ssize_t n;

		n = pread(events_fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (strstr(text, "frozen 1"))
			return 0;
		r = poll(&p, 1, FREEZE_TIMEOUT_MS);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
	}
}

static int thaw(const struct cgroup *cg, int dirfd)
{
	return cg->is_v2 ? file_write(dirfd, "cgroup.freeze", "0")
			 : file_write(dirfd, "freezer.state", "THAWED");
}

int cgroup_freeze(const struct cgroup *cg, struct error *err)
{
	_cleanup_close_ int dirfd = freezer_open(cg, err);
	int r;

	if (dirfd < 0)
		return dirfd;
	r = cg->is_v2 ? freeze_v2(dirfd) : freeze_v1(dirfd);
	if (r == 0)
		return 0;
	/* Half frozen is worse than not at all. */
	(void)thaw(cg, dirfd);
	return error_errno(err, -r, "unable to freeze");
}

int cgroup_thaw(const struct cgroup *cg, struct error *err)
{
	_cleanup_close_ int dirfd = freezer_open(cg, err);
	int r;

	if (dirfd < 0)
		return dirfd;
	r = thaw(cg, dirfd);
	return r < 0 ? error_errno(err, -r, "unable to thaw") : 0;
}

/* What was asked of this very group: an ancestor may be frozen too. */
int cgroup_is_frozen(const struct cgroup *cg)
{
	_cleanup_close_ int dirfd = -EBADF;
	const struct cgroup_dir *d;
	struct error ignored;
	uint64_t frozen;
	int r;

	d = cgroup_dir_find(cg, "freezer");
	if (!d)
		return -ENOENT;
	dirfd = cgroup_dir_open(d, &ignored);
	if (dirfd < 0)
		return dirfd;
	r = cgroup_read_u64(dirfd, cg->is_v2 ? "cgroup.freeze" : "freezer.self_freezing",
			    &frozen);
	return r < 0 ? r : frozen == 1;
}

/* Killing */

static int signal_all(const struct cgroup *cg, int signal, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int r;

	r = cgroup_pids(cg, &pids, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], signal) < 0 && errno != ESRCH)
			return error_errno(err, errno, "send signal %d to process %d", signal,
					   (int)pids[i]);
	return 0;
}

/*
 * Frozen, so that no child escapes between the listing and the signal and no pid is
 * used again. A group that cannot be frozen is signalled all the same.
 */
static int signal_frozen(const struct cgroup *cg, int signal, struct error *err)
{
	struct error ignored;
	bool was_frozen = cgroup_is_frozen(cg) == 1;
	int r;

	if (!was_frozen && cgroup_freeze(cg, &ignored) < 0)
		log_debug("cgroup: %s; signals are sent to what runs", ignored.text);
	r = signal_all(cg, signal, err);
	/* On v1, a frozen process does not even die. */
	if (!was_frozen || signal == SIGKILL)
		(void)cgroup_thaw(cg, &ignored); /* nothing to thaw where it failed above */
	return r;
}

int cgroup_kill(const struct cgroup *cg, int signal, struct error *err)
{
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	/* Not the processes of somebody else's group that happens to have the name. */
	if (!pids_dir(cg) || cgroup_dir_owner(cg, pids_dir(cg)) != CGROUP_OURS)
		return 0;
	if (!cg->is_v2 || signal != SIGKILL)
		return signal_frozen(cg, signal, err);
	dirfd = cgroup_dir_open(&cg->dirs[0], err);
	if (dirfd < 0)
		return dirfd;
	r = file_write(dirfd, "cgroup.kill", "1");
	return r < 0 ? error_errno(err, -r, "kill the processes of %s", cg->dirs[0].path) : 0;
}
