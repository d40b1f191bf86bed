/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for `sysbox-runc create` in tests of sysbox-fs: builds a container's
 * overlay as create does, has a process that only sleeps for its init, and hands
 * both to a supervisor.
 *
 *	fs-driver start ROOTFS INSIDE STATE_DIR	prints "init=PID fs=PID us=SPAWN,START"
 *	fs-driver quiet ROOTFS INSIDE STATE_DIR	the same without a view
 *	fs-driver abort ROOTFS INSIDE STATE_DIR	give up after spawn
 *	fs-driver cleanup PATH			fs_client_cleanup()
 *
 * INSIDE is where the container's overlay is seen in init's mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/sock.h"
#include "lib/str.h"
#include "lib/userns.h"
#include "src/fs-client.h"
#include "src/rootfs.h"

#define BASE  100000
#define RANGE 65536

struct driver {
	const char *rootfs_path;
	const char *inside;
	const char *state_dir;
	struct idmap map;
	int userns_fd;
	struct rootfs rootfs;
	pid_t init;
	int root_mount;
};

static _noreturn_ void die(const struct error *err)
{
	fprintf(stderr, "fs-driver: %s\n", err->text);
	exit(EXIT_FAILURE);
}

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "fs-driver: %s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Two clones of the root, for init and for the supervisor. */
static void make_roots(struct driver *d, int *ret_own, int *ret_view)
{
	const struct mount_new tmpfs = {.fstype = "tmpfs"};
	struct error err;
	int scratch = mount_make(&tmpfs, NULL, 0);

	check(scratch, "tmpfs");
	check(mount_attach(scratch, AT_FDCWD, d->inside), "attach the scratch tmpfs");
	if (rootfs_mount(&d->rootfs, scratch, &d->map, &err) < 0)
		die(&err);
	*ret_own = mount_clone(scratch, "root", MOUNT_CLONE_ONE);
	*ret_view = mount_clone(scratch, "root", MOUNT_CLONE_ONE);
	check(*ret_own, "clone the root");
	check(*ret_view, "clone the root");
	check(chdir("/"), "chdir");
	check(umount2(d->inside, MNT_DETACH), "unmount the scratch tmpfs");
}

/* What keeps a pipe of the test open would keep the test waiting. */
static void be_quiet(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		check(dup2(null, fd), "dup2");
	check(close_range(3, ~0U, 0), "close_range");
}

static _noreturn_ void init_main(struct driver *d, int sock)
{
	int root, view;

	check(unshare(CLONE_NEWNS), "unshare");
	check(mount_propagate("/", MS_REC | MS_PRIVATE), "private");
	make_roots(d, &root, &view);
	check(mount_attach(root, AT_FDCWD, d->inside), "attach the root");
	check(sock_send(sock, "r", 1, &view, 1), "send the root");
	check(setns(d->userns_fd, CLONE_NEWUSER), "setns");
	check(setresgid(0, 0, 0), "setresgid");
	check(setresuid(0, 0, 0), "setresuid");
	setsid();
	be_quiet();
	for (;;)
		pause();
}

static void start_init(struct driver *d)
{
	int pair[2];
	size_t n;
	char c;

	check(sock_pair(pair), "socket");
	d->init = fork();
	if (d->init == 0)
		init_main(d, pair[1]);
	close(pair[1]);
	if (sock_recv(pair[0], &c, 1, &d->root_mount, 1, &n) != 1 || n != 1) {
		fprintf(stderr, "fs-driver: no root from init\n");
		exit(EXIT_FAILURE);
	}
}

static void prepare(struct driver *d, char **argv)
{
	struct error err;

	d->rootfs_path = argv[0];
	d->inside = argv[1];
	d->state_dir = argv[2];
	idmap_add(&d->map.uids, 0, BASE, RANGE);
	idmap_add(&d->map.gids, 0, BASE, RANGE);
	d->userns_fd = userns_open(&d->map);
	check(d->userns_fd, "userns");
	if (rootfs_prepare(&d->rootfs, d->rootfs_path, d->userns_fd, &d->map, 0, &err) < 0 ||
	    rootfs_make_work(&d->rootfs, &err) < 0)
		die(&err);
}

enum driver_flags {
	DRIVER_NO_VIEW = 1u << 0,
	DRIVER_ABORT = 1u << 1
};

static void hand_over(struct driver *d, struct fs_client *c, unsigned int flags)
{
	const struct fs_client_start start = {
		.id = "driver",
		.state_dirfd = open(d->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.init_pidfd = pidfd_open(d->init, 0),
		.rootfs_fd = d->root_mount,
		.view_path = flags & DRIVER_NO_VIEW ? NULL : d->rootfs_path,
		.idmap = &d->map,
		.locks_fd = d->root_mount,
		.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	struct fs_client_mounts none;
	pid_t pid = c->pid;
	int64_t begin = now_us();
	struct error err;

	if (fs_client_start(c, &start, &none, &err) < 0) {
		kill(d->init, SIGKILL);
		die(&err);
	}
	printf("init=%d fs=%d us=%d\n", d->init, pid, (int)(now_us() - begin));
}

static void driver_done(struct driver *d)
{
	rootfs_done(&d->rootfs);
	idmap_done(&d->map);
	fd_close(d->userns_fd);
	fd_close(d->root_mount);
}

static int run(char **argv, unsigned int flags)
{
	_cleanup_(driver_done) struct driver d = {.rootfs = ROOTFS_EMPTY};
	struct fs_client c = FS_CLIENT_EMPTY;
	struct error err;

	prepare(&d, argv);
	if (fs_client_spawn(&c, &err) < 0)
		die(&err);
	start_init(&d);
	if (flags & DRIVER_ABORT) {
		fs_client_abort(&c);
		kill(d.init, SIGKILL);
		return EXIT_SUCCESS;
	}
	hand_over(&d, &c, flags);
	return EXIT_SUCCESS;
}

static int cleanup(const char *path)
{
	struct error err;

	if (fs_client_cleanup(path, &err) < 0)
		die(&err);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 5 && str_eq(argv[1], "start"))
		return run(argv + 2, 0);
	if (argc == 5 && str_eq(argv[1], "quiet"))
		return run(argv + 2, DRIVER_NO_VIEW);
	if (argc == 5 && str_eq(argv[1], "abort"))
		return run(argv + 2, DRIVER_ABORT);
	if (argc == 3 && str_eq(argv[1], "cleanup"))
		return cleanup(argv[2]);
	fprintf(stderr, "usage: fs-driver start|quiet|abort ROOTFS INSIDE STATE_DIR\n"
			"       fs-driver cleanup PATH\n");
	return EXIT_FAILURE;
}
