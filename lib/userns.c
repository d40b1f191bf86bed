/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A user namespace is made by a process that lives in it, and its maps may be
 * written only from outside by somebody who holds CAP_SETUID and CAP_SETGID in
 * the parent namespace. So a throw-away child is cloned into it, waits on a pipe
 * while the parent writes the maps and opens /proc/CHILD/ns/user, and ends when
 * the parent closes the pipe, also by dying. The open file keeps the namespace.
 *
 * The child shares no memory (no CLONE_VM, no vfork): the parent has work to do
 * while the child lives. Its exit signal is 0: no SIGCHLD confuses a caller that
 * watches other children, and only a wait with __WALL sees it.
 *
 * The kernel counts what the users of a namespace have for its owner, too, in the
 * namespace above: whoever has the effective id there that made it (user_namespaces(7)
 * says nothing of it; kernel/ucount.c). Would all namespaces belong to root, the first that
 * uses up root's inotify instances had those of all others, and of the host.
 *
 * uid_map goes before gid_map; setgroups stays "allow", which an unprivileged
 * writer would have to give up: the container's root shall call it.
 */
#include "lib/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/macro.h"
#include "lib/ns.h"

struct holder {
	pid_t pid;
	int stay; /* write end: the child ends when it is closed */
};
#define HOLDER_EMPTY                                                                           \
	{                                                                                      \
		.pid = -1, .stay = -EBADF                                                      \
	}

static void holder_done(struct holder *h)
{
	h->stay = fd_close(h->stay);
	if (h->pid < 0)
		return;
	while (waitpid(h->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	h->pid = -1;
}

/* The effective id alone: limits that are inherited are those of the real one. */
static int become_owner(uid_t owner)
{
	if (owner == geteuid())
		return 0;
	if (setresuid((uid_t)-1, owner, (uid_t)-1) < 0)
		return -errno;
	/* Some hosts let nobody else make user namespaces. */
	return caps_raise(CAPS_BIT(CAP_SYS_ADMIN));
}

/* What the child is in: `fd`, or a new one of `owner` where that is negative. */
struct place {
	int fd;
	uid_t owner;
};

static int enter(const struct place *p)
{
	int r;

	if (p->fd >= 0)
		return setns(p->fd, CLONE_NEWUSER) < 0 ? -errno : 0;
	r = become_owner(p->owner);
	return r < 0 ? r : unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

/* It says by one byte that it is there; end of file means that it failed. */
static _noreturn_ void holder_child(const struct place *p, int ready, int stay)
{
	char byte = 0;
	int r = enter(p);

	if (r < 0)
		_exit(-r);
	if (write(ready, &byte, 1) != 1)
		_exit(EIO);
	while (read(stay, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int holder_start(struct holder *h, const struct place *p)
{
	_cleanup_close_ int ready_r = -EBADF, ready_w = -EBADF, stay_r = -EBADF;
	int ready[2], stay[2], status = 0;
	char byte;
	ssize_t n;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	ready_r = ready[0];
	ready_w = ready[1];
	if (pipe2(stay, O_CLOEXEC) < 0)
		return -errno;
	stay_r = stay[0];
	h->stay = stay[1];

	h->pid = (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, NULL);
	if (h->pid < 0)
		return -errno;
	if (h->pid == 0) {
		(void)close(h->stay);
		holder_child(p, ready_w, stay_r);
	}
	ready_w = fd_close(ready_w);
	do
		n = read(ready_r, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;

	h->stay = fd_close(h->stay);
	while (waitpid(h->pid, &status, __WALL) < 0 && errno == EINTR)
		;
	h->pid = -1;
	return WIFEXITED(status) && WEXITSTATUS(status) ? -WEXITSTATUS(status) : -EIO;
}

static int write_map(pid_t pid, const char *name, const struct idmap_list *l)
{
	_cleanup_free_ char *text = idmap_format(l);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return file_write(AT_FDCWD, path, text);
}

int userns_open_for(const struct idmap *map, uid_t owner)
{
	_cleanup_(holder_done) struct holder h = HOLDER_EMPTY;
	int r = holder_start(&h, &(struct place){-EBADF, owner});

	if (r == 0)
		r = write_map(h.pid, "uid_map", &map->uids);
	if (r == 0)
		r = write_map(h.pid, "gid_map", &map->gids);
	if (r < 0)
		return r;
	return ns_open(h.pid, CLONE_NEWUSER);
}

int userns_open(const struct idmap *map)
{
	return userns_open_for(map, geteuid());
}

int userns_read_map(int userns_fd, struct idmap *ret)
{
	_cleanup_(holder_done) struct holder h = HOLDER_EMPTY;
	int r = holder_start(&h, &(struct place){.fd = userns_fd});

	return r < 0 ? r : idmap_read(ret, h.pid);
}

int userns_of(int ns_fd)
{
	int fd = ioctl(ns_fd, NS_GET_USERNS);

	return fd < 0 ? -errno : fd;
}
