/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>

#include "fs/cgroup-read.h"
#include "fs/mirror.h"
#include "fs/node-value.h"
#include "fs/tracee.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/proto.h"
#include "lib/str.h"
#include "lib/strv.h"

int container_init(struct container *ret, struct proto_message *start, struct error *err)
{
	const struct proto_start *s = &start->body.start;
	struct container c = {
		.id = xstrdup(s->id),
		.view_path = *s->view_path ? xstrdup(s->view_path) : NULL,
		.init_pidfd = take_fd(&start->fds[PROTO_START_INIT_PIDFD]),
		.rootfs_fd = take_fd(&start->fds[PROTO_START_ROOTFS]),
		.state_dirfd = take_fd(&start->fds[PROTO_START_STATE_DIR]),
		.locks_fd = take_fd(&start->fds[PROTO_START_LOCKS]),
		.proc_fd = take_fd(&start->fds[PROTO_START_PROC]),
		.emulate = s->emulate,
		.host_sysctls = xstrdup(s->host_sysctls),
		.sys_dirfd = -EBADF,
		.sysfs_dirfd = -EBADF,
	};
	int r;

	proto_start_idmap(s, &c.map);
	/*
	 * A clone of a shared mount is its peer: what the container mounts in its root would
	 * appear here. We only go through the overlay.
	 */
	r = mount_set_propagation(c.rootfs_fd, MS_PRIVATE, 0);
	if (r < 0) {
		container_done(&c);
		return error_errno(err, -r, "make the clone of the root mount private");
	}
	*ret = c;
	return 0;
}

/* A pidfd's pid; -1 means that the process is gone. */
static int pid_of(int pidfd, pid_t *ret)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/fdinfo/%d", pidfd);
	_cleanup_free_ char *text = NULL;
	const char *line;
	int r = file_read(AT_FDCWD, path, 4096, &text, NULL);

	if (r < 0)
		return r;
	line = strstr(text, "Pid:");
	return line && sscanf(line, "Pid: %d", ret) == 1 && *ret > 0 ? 0 : -ESRCH;
}

/*
 * The container's clock shows 0 when the host's CLOCK_BOOTTIME is minus the offset of its
 * time namespace. Without such a namespace the start times of processes count from the host's
 * boot, and so must everything else.
 */
static int64_t start_of(pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/timens_offsets", pid);
	_cleanup_free_ char *text = NULL;
	long long seconds;
	const char *line;
	long ns;

	if (file_read(AT_FDCWD, path, 4096, &text, NULL) < 0)
		return 0;
	line = strstr(text, "boottime");
	if (!line || sscanf(line, "boottime %lld %ld", &seconds, &ns) != 2)
		return 0;
	return -(seconds * 1000000000 + ns);
}

/* 128 bits, written as a version 4 UUID. */
static void format_uuid(const unsigned char b[16], char ret[VIEW_UUID_MAX])
{
	char *p = ret;

	for (size_t i = 0; i < 16; i++) {
		unsigned int byte = b[i];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		p += snprintf(p, 3, "%02x", byte);
	}
}

/*
 * A machine of its own, the same each time this container starts, and booted now. FNV-1a,
 * twice: ids differ, and nobody gains by two that collide.
 */
static void set_identity(struct view *v, const char *id)
{
	unsigned char bytes[16];
	uint64_t h[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4)};

	for (const char *p = id; *p; p++)
		for (size_t i = 0; i < ARRAY_SIZE(h); i++)
			h[i] = (h[i] ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	memcpy(bytes, h, sizeof(bytes));
	format_uuid(bytes, v->identity.machine_uuid);
	(void)!getrandom(bytes, sizeof(bytes), 0);
	format_uuid(bytes, v->identity.boot_id);
}

/* Only these parts: in a whole procfs, pid directories lead to the host's files. */
static int open_hosts(struct container *c, struct error *err)
{
	c->sys_dirfd = mount_clone(AT_FDCWD, "/proc/sys", MOUNT_CLONE_ONE);
	if (c->sys_dirfd < 0)
		return error_errno(err, -c->sys_dirfd, "open_tree /proc/sys");
	c->sysfs_dirfd = mount_clone(AT_FDCWD, "/sys", MOUNT_CLONE_ONE);
	if (c->sysfs_dirfd < 0)
		return error_errno(err, -c->sysfs_dirfd, "open_tree /sys");
	/* Nothing a container sends must be able to write there. */
	if (mount_set_attr(c->sys_dirfd, MOUNT_ATTR_RDONLY, 0, 0) < 0 ||
	    mount_set_attr(c->sysfs_dirfd, MOUNT_ATTR_RDONLY, 0, 0) < 0)
		log_debug("the host's sysctls are not read-only for the supervisor");
	return 0;
}

/* Found by name, so that a runtime of another version cannot mean a different row. */
static void open_host_sysctl(struct container *c, const char *path)
{
	for (size_t i = 0; i < n_emul_files; i++) {
		_cleanup_free_ char *absolute = NULL;

		if (emul_files[i].kind != EMUL_VALUE || !str_eq(emul_files[i].path, path))
			continue;
		absolute = xasprintf("/%s", path);
		fd_close(c->host_fds[i]);
		c->host_fds[i] = open(absolute, O_RDWR | O_CLOEXEC);
		if (c->host_fds[i] < 0)
			log_warn("%s stays the host's own: errno %d", absolute, errno);
	}
}

static void open_host_sysctls(struct container *c)
{
	_cleanup_(strv_freep) char **paths = strv_split(c->host_sysctls, ",");

	c->host_fds = xcalloc(n_emul_files, sizeof(*c->host_fds));
	for (size_t i = 0; i < n_emul_files; i++)
		c->host_fds[i] = -EBADF;
	for (char **p = paths; p && *p; p++)
		open_host_sysctl(c, *p);
}

int container_open_view(struct container *c, struct error *err)
{
	_cleanup_(cgroup_read_freep) struct cgroup_read *cgroup = cgroup_read_new();
	_cleanup_close_ int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = 0;
	int r = pid_of(c->init_pidfd, &pid);

	if (r < 0 || host < 0)
		return error_errno(err, r < 0 ? -r : errno, "find init");
	c->pidns = tracee_pidns(pid);
	c->userns = tracee_userns(pid);
	r = cgroup_read_open(cgroup, pid, err);
	if (r == 0)
		c->memory_tasks_fd = cgroup_read_open_memory_tasks(cgroup);
	if (r == 0)
		r = open_hosts(c, err);
	open_host_sysctls(c);
	if (r == 0)
		r = node_values_map(&c->values, err);
	if (r == 0)
		r = mirror_map(&c->names, err);
	if (r == 0 && (c->emulate & EMUL_NESTED))
		r = views_map(&c->views, err);
	if (r == 0)
		r = view_new(&c->view, host, take_ptr(&cgroup), take_fd(&c->proc_fd),
			     start_of(pid), err);
	if (r == 0)
		set_identity(c->view, c->id);
	return r;
}

void container_close_view(struct container *c)
{
	views_unmap(take_ptr(&c->views));
	c->view = view_free(c->view);
	node_values_unmap(take_ptr(&c->values));
	mirror_unmap(take_ptr(&c->names));
	c->proc_fd = fd_close(c->proc_fd);
	c->sys_dirfd = fd_close(c->sys_dirfd);
	c->sysfs_dirfd = fd_close(c->sysfs_dirfd);
	c->memory_tasks_fd = fd_close(c->memory_tasks_fd);
	for (size_t i = 0; c->host_fds && i < n_emul_files; i++)
		fd_close(c->host_fds[i]);
	free(take_ptr(&c->host_fds));
}

void container_done(struct container *c)
{
	container_close_view(c);
	free(take_ptr(&c->host_sysctls));
	free(take_ptr(&c->id));
	free(take_ptr(&c->view_path));
	idmap_done(&c->map);
	c->init_pidfd = fd_close(c->init_pidfd);
	c->rootfs_fd = fd_close(c->rootfs_fd);
	c->state_dirfd = fd_close(c->state_dirfd);
	c->locks_fd = fd_close(c->locks_fd);
}
