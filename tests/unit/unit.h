/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test begins with. */
#pragma once

/* In the order that cmocka.h asks for. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mountinfo.h"
#include "lib/path.h"

/* Automake's status for "skipped". */
#define UNIT_SKIP 77

#define RUN(tests) cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

/* A directory of its own for one test, in *state: unit_test_dir(test). */
struct unit_dir {
	char path[64];
	int fd;
};

static inline _unused_ int unit_dir(void **state)
{
	struct unit_dir *d = xcalloc(1, sizeof(*d));

	strcpy(d->path, "/tmp/unit-test.XXXXXX");
	if (!mkdtemp(d->path))
		return -1;
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = d;
	return d->fd < 0;
}

/* What a test has mounted below, last first. */
static inline _unused_ void unit_unmount(const char *path)
{
	struct mountinfo **all;
	size_t n;

	if (mountinfo_all(&all, &n) < 0)
		return;
	for (size_t i = n; i-- > 0;)
		if (path_has_prefix(all[i]->target, path))
			(void)umount2(all[i]->target, MNT_DETACH);
	mountinfo_free_all(all, n);
}

/* rm(1), so that the tests of our own removal do not clean up after themselves with it. */
static inline _unused_ int unit_dir_done(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_free_ char *command = xasprintf("rm -rf --one-file-system %s", d->path);
	int status;

	unit_unmount(d->path);
	status = system(command);
	fd_close(d->fd);
	free(d);
	return status;
}

#define unit_test_dir(fn) cmocka_unit_test_setup_teardown(fn, unit_dir, unit_dir_done)

static inline _unused_ void unit_file(int dirfd, const char *name, const char *text)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* The directory `path` below dirfd, made with its parents; O_PATH, the caller's. */
static inline _unused_ int unit_mkdirs(int dirfd, const char *path)
{
	int fd = path_mkdir_in_root(dirfd, path, 0755, (uid_t)-1, (gid_t)-1);

	assert_true(fd >= 0);
	return fd;
}

/* A file below dirfd, whose parents are made. */
static inline _unused_ void unit_put(int dirfd, const char *path, const char *text)
{
	_cleanup_free_ char *parent = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;

	path_split(path, &parent, &name);
	fd = unit_mkdirs(dirfd, parent);
	unit_file(dirfd, path, text);
}

static inline _unused_ void unit_assert_file(int dirfd, const char *name, const char *text)
{
	_cleanup_free_ char *got = NULL;

	assert_int_equal(file_read(dirfd, name, 1 << 20, &got, NULL), 0);
	assert_string_equal(got, text);
}

/* Open descriptors of this process: a test compares before and after. */
static inline _unused_ int unit_count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* fork(2), but the child ends with the test, also when that fails or is killed. */
static inline _unused_ pid_t unit_fork(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A mount namespace of our own, nothing of it seen outside. False where that is not allowed. */
static inline _unused_ bool unit_private_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}
