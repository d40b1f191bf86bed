/* SPDX-License-Identifier: Apache-2.0 */
/* Out-of-memory events. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "src/cgroup-internal.h"

/*
 * v1: the eventfd counts OOM events, and is also signalled when the group is
 * removed. The kernel holds its own reference to memory.oom_control.
 */
static int oom_fd_v1(const struct cgroup_dir *d, struct error *err)
{
	_cleanup_close_ int dirfd = cgroup_dir_open(d, err);
	_cleanup_close_ int control_fd = -EBADF;
	_cleanup_close_ int event_fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	int r;

	if (dirfd < 0)
		return dirfd;
	control_fd = openat(dirfd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (control_fd < 0)
		return error_errno(err, errno, "open %s/memory.oom_control", d->path);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return error_errno(err, errno, "eventfd");
	text = xasprintf("%d %d", event_fd, control_fd);
	r = file_write(dirfd, "cgroup.event_control", text);
	if (r < 0)
		return error_errno(err, -r, "ask for OOM events of %s", d->path);
	return take_fd(&event_fd);
}

/* v2: cgroup.events beside, so that the end of the last process is noticed as well. */
static int oom_fd_v2(const struct cgroup_dir *d, struct error *err)
{
	static const char *const files[] = {"memory.events", "cgroup.events"};
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return error_errno(err, errno, "inotify_init");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = path_join(d->path, files[i]);

		if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
			return error_errno(err, errno, "watch %s", path);
	}
	return take_fd(&fd);
}

int cgroup_oom_fd(const struct cgroup *cg, struct error *err)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "memory");

	if (!d)
		return error_set(err, ENOENT, "memory controller missing");
	return cg->is_v2 ? oom_fd_v2(d, err) : oom_fd_v1(d, err);
}

int64_t cgroup_oom_kills(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_dir_find(cg, "memory");
	_cleanup_close_ int dirfd = -EBADF;
	struct error ignored;
	uint64_t n;
	int r;

	if (!d)
		return -ENOENT;
	dirfd = cgroup_dir_open(d, &ignored);
	if (dirfd < 0)
		return dirfd;
	r = cgroup_read_key(dirfd, cg->is_v2 ? "memory.events" : "memory.oom_control",
			    "oom_kill", &n);
	return r < 0 ? r : (int64_t)n;
}
