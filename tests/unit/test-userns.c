/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <grp.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "lib/idmap.h"
#include "lib/ns.h"
#include "lib/spawn.h"
#include "lib/userns.h"

static void simple_map(struct idmap *m)
{
	*m = (struct idmap)IDMAP_EMPTY;
	idmap_add(&m->uids, 0, 100000, 65536);
	idmap_add(&m->gids, 0, 200000, 65536);
}

static int open_simple(void)
{
	struct idmap m;
	int fd;

	simple_map(&m);
	fd = userns_open(&m);
	idmap_done(&m);
	assert_true(fd >= 0);
	return fd;
}

static void userns_open__maps_are_there(void **state)
{
	_cleanup_close_ int fd = open_simple();
	struct idmap want, got;

	(void)state;
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(userns_read_map(fd, &got), 0);
	simple_map(&want);
	assert_true(idmap_equal(&got, &want));
	idmap_done(&want);
	idmap_done(&got);
}

static void userns_open__owner(void **state)
{
	_cleanup_close_ int of_root = open_simple(), of_range = -EBADF;
	struct idmap m, got;
	uid_t uid = 1;

	(void)state;
	simple_map(&m);
	of_range = userns_open_for(&m, 100000);
	assert_true(of_range >= 0);
	assert_int_equal(ioctl(of_range, NS_GET_OWNER_UID, &uid), 0);
	assert_int_equal(uid, 100000);
	assert_int_equal(ioctl(of_root, NS_GET_OWNER_UID, &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(userns_read_map(of_range, &got), 0);
	assert_true(idmap_equal(&got, &m));
	idmap_done(&m);
	idmap_done(&got);
}

static void userns_open__each_is_new(void **state)
{
	_cleanup_close_ int a = open_simple(), b = open_simple();

	(void)state;
	assert_int_equal(ns_same(a, b), 0);
}

static void userns_open__leaves_no_child_and_no_fd(void **state)
{
	int before = unit_count_fds();

	(void)state;
	fd_close(open_simple());
	assert_int_equal(unit_count_fds(), before);
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int become_root_inside(void *arg)
{
	gid_t group = 5;

	if (setns(*(int *)arg, CLONE_NEWUSER) < 0)
		return -errno;
	/* The kernel refuses this where setgroups is "deny". */
	if (setresgid(0, 0, 0) < 0 || setgroups(1, &group) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	return 0;
}

static void userns_open__root_may_setgroups(void **state)
{
	_cleanup_close_ int fd = open_simple();

	(void)state;
	assert_int_equal(spawn_call(become_root_inside, &fd), 0);
}

static void userns_open__refused_map(void **state)
{
	struct idmap m = IDMAP_EMPTY;
	int before = unit_count_fds();

	(void)state;
	idmap_add(&m.uids, 0, 100000, 10);
	idmap_add(&m.uids, 5, 200000, 10);
	idmap_add(&m.gids, 0, 100000, 10);
	assert_int_equal(userns_open(&m), -EINVAL);
	idmap_done(&m);
	assert_int_equal(unit_count_fds(), before);
}

static void userns_open__many_extents(void **state)
{
	struct idmap m = IDMAP_EMPTY, got;
	_cleanup_close_ int fd = -EBADF;

	(void)state;
	/* More than five: the kernel keeps such maps sorted. */
	for (uint32_t i = 0; i < 100; i++) {
		idmap_add(&m.uids, 99 - i, 100000 + 2 * i, 1);
		idmap_add(&m.gids, i, 100000 + 2 * i, 1);
	}
	fd = userns_open(&m);
	assert_true(fd >= 0);
	assert_int_equal(userns_read_map(fd, &got), 0);
	assert_true(idmap_equal(&m, &got));
	idmap_done(&m);
	idmap_done(&got);
}

static void userns_read_map__no_namespace(void **state)
{
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct idmap m;
	int before = unit_count_fds();

	(void)state;
	assert_int_equal(userns_read_map(null, &m), -EINVAL);
	assert_int_equal(unit_count_fds(), before);
}

static int make_uts(void *arg)
{
	int *s = arg;

	if (setns(s[0], CLONE_NEWUSER) < 0 || unshare(CLONE_NEWUTS) < 0)
		return -errno;
	if (write(s[1], "x", 1) != 1)
		return -EIO;
	pause();
	return 0;
}

static void userns_of__owner_of_a_namespace(void **state)
{
	_cleanup_close_ int userns = open_simple(), uts = -EBADF, owner = -EBADF, own = -EBADF;
	_cleanup_close_ int own_uts = ns_open(getpid(), CLONE_NEWUTS);
	int p[2];
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = unit_fork();
	if (pid == 0)
		_exit(make_uts((int[]){userns, p[1]}) != 0);
	close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	close(p[0]);
	uts = ns_open(pid, CLONE_NEWUTS);
	kill(pid, SIGKILL);
	assert_int_equal(spawn_wait(pid, NULL), 0);
	owner = userns_of(uts);
	assert_int_equal(ns_same(owner, userns), 1);
	assert_true(fcntl(owner, F_GETFD) & FD_CLOEXEC);
	own = userns_of(own_uts);
	assert_int_equal(ns_is_own(own, CLONE_NEWUSER), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(userns_open__maps_are_there),
		cmocka_unit_test(userns_open__owner),
		cmocka_unit_test(userns_open__each_is_new),
		cmocka_unit_test(userns_open__leaves_no_child_and_no_fd),
		cmocka_unit_test(userns_open__root_may_setgroups),
		cmocka_unit_test(userns_open__refused_map),
		cmocka_unit_test(userns_open__many_extents),
		cmocka_unit_test(userns_read_map__no_namespace),
		cmocka_unit_test(userns_of__owner_of_a_namespace),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}
