/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The kernel shows every connection in a file system of its own, and lets the host's root end
 * it there (Documentation/filesystems/fuse.rst, "Control filesystem"):
 *
 *	NUMBER/waiting	requests that are not answered
 *	NUMBER/abort	a write ends them all
 *
 * The owner of these files is the user of the mount, whom the mounter chooses, but only among
 * the ids of his user namespace. So a connection of a range of ids that nobody else has is the
 * container's, wherever it is mounted, and even if it no longer is. Containers of a pod, and
 * all containers of an engine with userns-remap, have the same ids: there, it is the
 * container's if a process of the container has it among its mounts.
 *
 * Two containers can pass each other what they have opened on their connections, and the
 * connections themselves. Then one also waits for the other's, and goes on doing so when the
 * other is gone. So a connection of ids that nobody has any more is as good as ours.
 */
#include "src/container-fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/proc.h"
#include "lib/str.h"
#include "src/subid.h"

#define STEP_MS	      50
#define MOUNTINFO_MAX (16u << 20)

static bool is_ours(const struct state *s, uid_t uid)
{
	for (size_t i = 0; i < s->n_uid_mappings; i++)
		if (uid - s->uid_mappings[i].host_id < s->uid_mappings[i].size)
			return true;
	return false;
}

struct look {
	const struct state *s;
	int control; /* the kernel's list */
	pid_t *pids; /* the container's processes */
	size_t n_pids;
	bool shared;  /* others live with these ids */
	bool is_late; /* look at everybody's connections, which costs more */
	size_t ended; /* connections */
};

/* ------------------------------------------------------------------ who else has these ids */

static bool is_member(const struct look *l, pid_t pid)
{
	for (size_t i = 0; i < l->n_pids; i++)
		if (l->pids[i] == pid)
			return true;
	return false;
}

/* One that is dying may wait for a file system of its own, too. */
static bool lives_elsewhere(const void *arg, pid_t pid)
{
	const struct look *l = arg;
	struct proc_stat st;
	uid_t uid;

	return proc_uid(pid, &uid) == 0 && is_ours(l->s, uid) && !is_member(l, pid) &&
	       proc_stat_read(pid, &st) == 0 && !st.is_dying;
}

/* Unknown: yes. */
static bool some_process(bool (*is)(const void *arg, pid_t pid), const void *arg)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	bool found = false;
	int pid;

	if (dir_open(&dir, AT_FDCWD, "/proc") < 0)
		return true;
	while (!found && dir_next(dir, &e) > 0)
		found = str_to_int(e->d_name, &pid) == 0 && is(arg, pid);
	return found;
}

/* ------------------------------------------------------------------ whose connection */

/* By a thread, since the first one of a process may have ended. */
static bool is_mounted_for(pid_t pid, const char *number)
{
	_cleanup_free_ char *tasks = xasprintf("/proc/%d/task", (int)pid);
	_cleanup_free_ char *device = xasprintf(" 0:%s ", number);
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	bool found = false;

	if (dir_open(&dir, AT_FDCWD, tasks) < 0)
		return false;
	while (!found && dir_next(dir, &e) > 0) {
		_cleanup_free_ char *path = xasprintf("%s/mountinfo", e->d_name), *text = NULL;

		found = file_read(dirfd(dir), path, MOUNTINFO_MAX, &text, NULL) == 0 &&
			strstr(text, device);
	}
	return found;
}

/* On the host everybody has all ids in that sense: there, one's own counts. */
static bool has_id(pid_t pid, uid_t uid)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	uint32_t inside = idmap_read(&map, pid) == 0 ? idmap_to_inside(&map.uids, uid) : uid;
	uid_t own;

	return inside == uid ? proc_uid(pid, &own) == 0 && own == uid : inside != IDMAP_NONE;
}

struct connection {
	struct look *l;
	const char *number;
	int dirfd;
	uid_t uid; /* its owner */
};

static bool lives_with(const void *arg, pid_t pid)
{
	const struct connection *c = arg;
	struct proc_stat st;

	return has_id(pid, c->uid) && !is_member(c->l, pid) && proc_stat_read(pid, &st) == 0 &&
	       !st.is_dying && is_mounted_for(pid, c->number);
}

static bool is_nobodys(const struct connection *c)
{
	return !some_process(lives_with, c);
}

/* By its owner, where nobody else has the ids; otherwise by where it is mounted. */
static bool may_end(const struct connection *c)
{
	const struct look *l = c->l;
	bool may = is_ours(l->s, c->uid) ? !l->shared : is_nobodys(c);

	for (size_t i = 0; !may && i < l->n_pids; i++)
		may = is_mounted_for(l->pids[i], c->number);
	return may;
}

/* ------------------------------------------------------------------ the connections */

static bool is_waited_for(const struct connection *c)
{
	_cleanup_free_ char *n = NULL;

	return file_read_line(c->dirfd, "waiting", &n) == 0 && !str_eq(n, "0");
}

/* Also of a container that is gone. Other ids may have users of whom we see nothing. */
static bool concerns_us(const struct connection *c)
{
	return is_ours(c->l->s, c->uid) ||
	       (c->l->is_late && subid_is_pool(c->uid) && is_waited_for(c));
}

static void end_connection(const struct connection *c)
{
	if (is_waited_for(c) && may_end(c) && file_write(c->dirfd, "abort", "1") == 0)
		c->l->ended++;
}

/* Calls `fn`, if any, for those that concern the container; returns their number. */
static size_t each_connection(struct look *l, void (*fn)(const struct connection *c))
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	size_t n = 0;

	if (dir_open(&dir, l->control, ".") < 0)
		return 0;
	while (dir_next(dir, &e) > 0) {
		_cleanup_close_ int fd =
			openat(l->control, e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct connection c = {l, e->d_name, fd, 0};
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		c.uid = st.st_uid;
		if (!concerns_us(&c))
			continue;
		n++;
		if (fn)
			fn(&c);
	}
	return n;
}

static void end_all(struct look *l)
{
	struct error ignored;

	if (cgroup_pids(&l->s->cgroup, &l->pids, &l->n_pids, &ignored) < 0)
		return;
	l->shared = some_process(lives_elsewhere, l);
	(void)each_connection(l, end_connection);
	free(take_ptr(&l->pids));
}

int container_await_end(const struct state *s, int pidfd, int ms)
{
	static const struct mount_new fusectl = {.fstype = "fusectl"};
	const int64_t deadline = clock_msec() + ms;
	_cleanup_close_ int control = -EBADF;
	struct look l = {.s = s, .is_late = true};
	int r = proc_pidfd_wait(pidfd, STEP_MS);

	if (r != 0)
		return r;
	l.control = control = mount_make(&fusectl, NULL, 0);
	if (control < 0 || each_connection(&l, NULL) == 0)
		return 0;
	while (r == 0 && clock_msec() < deadline) {
		l.is_late = clock_msec() >= deadline - ms / 2;
		end_all(&l);
		r = proc_pidfd_wait(pidfd, STEP_MS);
	}
	if (l.ended)
		log_info("%zu FUSE connections of its own kept the container from ending",
			 l.ended);
	return r;
}
