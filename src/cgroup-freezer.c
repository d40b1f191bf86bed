/* SPDX-License-Identifier: Apache-2.0 */
/* Freezing, and killing what may fork meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

/* v2: the kernel tells when it is frozen; longer than this only for a task in disk sleep. */
#define FREEZE_TIMEOUT_MS 10000
/* v1: see freeze_v1(). */
#define FREEZE_TRIES	   1000
#define FREEZE_THAW_EVERY  50
#define FREEZE_PAUSE_EVERY 25
#define FREEZE_PAUSE_USEC  10 /* for each try before: in all, 0.2 s */

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
 * A v1 freezer that meets a process which is being forked, or which is just entering, stays in
 * FREEZING until it is asked again. Repeating the request nearly always helps; where processes
 * appear all the time, it helps to let them run for a moment. What waits in a trapped call is
 * frozen only when that has been answered, which takes milliseconds: so the later, the longer
 * the pauses.
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
			clock_sleep_usec(10 + i * FREEZE_PAUSE_USEC);
		r = file_read_line(dirfd, "freezer.state", &state);
		if (r < 0)
			return r;
		if (str_eq(state, "FROZEN"))
			return 0;
		if (i % FREEZE_THAW_EVERY == 0) {
			(void)file_write(dirfd, "freezer.state", "THAWED"); /* then again */
			clock_sleep_usec(10000);
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

/* Groups of the container's own making, which its root can freeze. The first one is ours. */
struct below {
	bool is_below;
	bool has_frozen;
	bool thaw;
};

static int look_below(int dirfd, void *arg)
{
	struct below *b = arg;
	uint64_t frozen;

	if (b->is_below && cgroup_read_u64(dirfd, "freezer.self_freezing", &frozen) == 0 &&
	    frozen == 1) {
		b->has_frozen = true;
		/* One that is removed meanwhile holds nobody. */
		if (b->thaw)
			(void)file_write(dirfd, "freezer.state", "THAWED");
	}
	b->is_below = true;
	return 0;
}

static bool see_below(const struct cgroup *cg, bool thaw)
{
	struct below b = {.thaw = thaw};
	const struct cgroup_visitor v = {.enter = look_below, .arg = &b};
	struct error ignored;
	_cleanup_close_ int dirfd = cg->is_v2 ? -EBADF : freezer_open(cg, &ignored);

	if (dirfd >= 0)
		(void)cgroup_walk(dirfd, &v);
	return b.has_frozen;
}

bool cgroup_holds_dying(const struct cgroup *cg)
{
	return see_below(cg, false);
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
	/*
	 * On v1, a frozen process does not even die. Those below first: who would freeze them
	 * again is frozen himself until the end, and then dies with them.
	 */
	if (signal == SIGKILL)
		(void)see_below(cg, true);
	if (!was_frozen || signal == SIGKILL)
		(void)cgroup_thaw(cg, &ignored); /* nothing to thaw where it failed above */
	return r;
}

int cgroup_kill(const struct cgroup *cg, int signal, struct error *err)
{
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	/* Not the processes of somebody else's group that happens to have the name. */
	if (!cgroup_pids_dir(cg) || cgroup_dir_owner(cg, cgroup_pids_dir(cg)) != CGROUP_OURS)
		return 0;
	if (!cg->is_v2 || signal != SIGKILL)
		return signal_frozen(cg, signal, err);
	dirfd = cgroup_dir_open(&cg->dirs[0], err);
	if (dirfd < 0)
		return dirfd;
	r = file_write(dirfd, "cgroup.kill", "1");
	return r < 0 ? error_errno(err, -r, "kill the processes of %s", cg->dirs[0].path) : 0;
}
