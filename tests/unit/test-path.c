/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "lib/path.h"

#define NOBODY ((uid_t)-1)

static void path_clean__table(void **state)
{
	static const struct {
		const char *path, *clean;
	} t[] = {
		{"//a/./b/../c", "/a/c"},
		{"", "."},
		{"/", "/"},
		{"///", "/"},
		{".", "."},
		{"./", "."},
		{"..", ".."},
		{"/..", "/"},
		{"/../a", "/a"},
		{"../a", "../a"},
		{"a/..", "."},
		{"a/../..", ".."},
		{"../../x", "../../x"},
		{"a/b/", "a/b"},
		{"/a/../../b", "/b"},
		{"../a/..", ".."},
		{"/a/b/../..", "/"},
		{"a/.../b", "a/.../b"},
		{"..a/..b", "..a/..b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		_cleanup_free_ char *clean = path_clean(t[i].path);

		assert_string_equal(clean, t[i].clean);
	}
}

static void path_join__one_slash(void **state)
{
	static const struct {
		const char *a, *b, *joined;
	} t[] = {
		{"a", "b", "a/b"}, {"a/", "/b", "a/b"}, {"/", "b", "/b"},
		{"/", "/b", "/b"}, {"", "b", "b"},	{"a", "", "a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		_cleanup_free_ char *joined = path_join(t[i].a, t[i].b);

		assert_string_equal(joined, t[i].joined);
	}
}

static void path_has_prefix__by_components(void **state)
{
	(void)state;
	assert_true(path_has_prefix("/a/b", "/a"));
	assert_true(path_has_prefix("/a", "/a"));
	assert_false(path_has_prefix("/ab", "/a"));
	assert_true(path_has_prefix("/ab", "/"));
	assert_false(path_has_prefix("a", "/"));
	assert_false(path_has_prefix("/", "/a"));
}

static void path_split__table(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} t[] = {{"/", "/", "."},
		 {"/a", "/", "a"},
		 {"/a/b", "/a", "b"},
		 {"a", ".", "a"},
		 {"a/b", "a", "b"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		_cleanup_free_ char *dir = NULL, *base = NULL;

		path_split(t[i].path, &dir, &base);
		assert_string_equal(dir, t[i].dir);
		assert_string_equal(base, t[i].base);
	}
}

static void assert_is(int fd, int dirfd, const char *name)
{
	_cleanup_close_ int other = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(other >= 0);
	assert_int_equal(fd_same_inode(fd, other), 1);
}

static void path_open_in_root__symlinks_stay_inside(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int abs = -EBADF, up = -EBADF, abs_path = -EBADF;
	_cleanup_close_ int root = openat(d->fd, ".", O_PATH | O_CLOEXEC);

	unit_file(d->fd, "passwd", "ours");
	assert_int_equal(mkdirat(d->fd, "etc", 0755), 0);
	unit_file(d->fd, "etc/passwd", "inner");
	assert_int_equal(symlinkat("/etc/passwd", d->fd, "abs"), 0);
	assert_int_equal(symlinkat("../../../../../passwd", d->fd, "etc/up"), 0);
	abs = path_open_in_root(root, "abs", O_PATH);
	assert_is(abs, d->fd, "etc/passwd");
	up = path_open_in_root(root, "/etc/up", O_PATH);
	assert_is(up, d->fd, "passwd");
	abs_path = path_open_in_root(root, "/../../passwd", O_PATH);
	assert_is(abs_path, d->fd, "passwd");
}

static void path_open_in_root__no_magic_links(void **state)
{
	_cleanup_close_ int proc = open("/proc", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(path_open_in_root(proc, "self/exe", O_PATH), -ELOOP);
	assert_int_equal(path_open_in_root(proc, "self/root/etc", O_PATH), -ELOOP);
}

static void path_open_in_root__cloexec_and_create(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = path_open_in_root(d->fd, "/new", O_WRONLY | O_CREAT);

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_is(fd, d->fd, "new");
	assert_int_equal(path_open_in_root(d->fd, "absent", O_PATH), -ENOENT);
}

/* With renames going on all the time, ".." must not fail with EAGAIN. */
static void path_open_in_root__survives_renames(void **state)
{
	struct unit_dir *d = *state;
	int failed = 0;
	pid_t pid;

	assert_int_equal(mkdirat(d->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "x", 0755), 0);
	pid = unit_fork();
	if (pid == 0)
		for (;;) {
			(void)renameat(d->fd, "x", d->fd, "y");
			(void)renameat(d->fd, "y", d->fd, "x");
		}
	for (int i = 0; i < 20000; i++) {
		int fd = path_open_in_root(d->fd, "a/../a/../a/../a/../a", O_PATH);

		failed += fd < 0;
		fd_close(fd);
	}
	/* Before anything is asserted: a failed test must not leave it behind. */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(failed, 0);
}

static mode_t mode_of(int dirfd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void path_mkdir_in_root__makes_all_whatever_the_umask(void **state)
{
	struct unit_dir *d = *state;
	mode_t old = umask(077);
	_cleanup_close_ int fd = path_mkdir_in_root(d->fd, "/a//b/./c/", 01777, NOBODY, NOBODY);
	mode_t during = umask(old);

	assert_int_equal(during, 077);
	assert_is(fd, d->fd, "a/b/c");
	assert_int_equal(mode_of(d->fd, "a"), 01777);
	assert_int_equal(mode_of(d->fd, "a/b/c"), 01777);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void path_mkdir_in_root__existing(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int root = path_mkdir_in_root(d->fd, "/", 0700, NOBODY, NOBODY);
	_cleanup_close_ int fd = -EBADF;

	assert_is(root, d->fd, ".");
	assert_int_equal(mkdirat(d->fd, "a", 0700), 0);
	fd = path_mkdir_in_root(d->fd, "a", 0755, NOBODY, NOBODY);
	assert_is(fd, d->fd, "a");
	assert_int_equal(mode_of(d->fd, "a"), 0700);
	unit_file(d->fd, "file", "");
	assert_int_equal(path_mkdir_in_root(d->fd, "file", 0755, NOBODY, NOBODY), -ENOTDIR);
	assert_int_equal(path_mkdir_in_root(d->fd, "file/x", 0755, NOBODY, NOBODY), -ENOTDIR);
}

static void path_mkdir_in_root__through_symlinks(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(mkdirat(d->fd, "real", 0755), 0);
	assert_int_equal(symlinkat("/real", d->fd, "link"), 0);
	fd = path_mkdir_in_root(d->fd, "link/sub/../sub2", 0755, NOBODY, NOBODY);
	assert_is(fd, d->fd, "real/sub2");
}

static void path_mkdir_in_root__dangling_symlinks(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF, relative = -EBADF;

	assert_int_equal(mkdirat(d->fd, "var", 0755), 0);
	assert_int_equal(symlinkat("/run", d->fd, "var/run"), 0);
	fd = path_mkdir_in_root(d->fd, "/var/run/lock", 0755, NOBODY, NOBODY);
	assert_is(fd, d->fd, "run/lock");
	assert_int_equal(symlinkat("../../../gone/by", d->fd, "var/rel"), 0);
	relative = path_mkdir_in_root(d->fd, "/var/rel", 0755, NOBODY, NOBODY);
	assert_is(relative, d->fd, "gone/by");
}

static void path_mkdir_in_root__symlink_loops(void **state)
{
	struct unit_dir *d = *state;

	assert_int_equal(symlinkat("b", d->fd, "a"), 0);
	assert_int_equal(symlinkat("a", d->fd, "b"), 0);
	assert_int_equal(path_mkdir_in_root(d->fd, "a/x", 0755, NOBODY, NOBODY), -ELOOP);
	/* Dangling for ever: each expansion is longer. */
	assert_int_equal(symlinkat("no/../grow/x", d->fd, "grow"), 0);
	assert_true(path_mkdir_in_root(d->fd, "grow", 0755, NOBODY, NOBODY) < 0);
}

static void path_mkdir_in_root__owner_of_the_new_only(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(d->fd, "old", 0755), 0);
	fd = path_mkdir_in_root(d->fd, "old/new", 0755, 1234, 4321);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 4321);
	assert_int_equal(fstatat(d->fd, "old", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
}

static void path_mountpoint_in_root__directory(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int made = -EBADF, there = -EBADF;

	made = path_mountpoint_in_root(d->fd, "/a/b", S_IFDIR | 0700, NOBODY, NOBODY);
	assert_is(made, d->fd, "a/b");
	assert_int_equal(mode_of(d->fd, "a/b"), 0755);
	there = path_mountpoint_in_root(d->fd, "/a/b", S_IFDIR, NOBODY, NOBODY);
	assert_is(there, d->fd, "a/b");
	assert_int_equal(path_mountpoint_in_root(d->fd, "a/b", S_IFREG, NOBODY, NOBODY),
			 -EISDIR);
}

static void path_mountpoint_in_root__file(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int made = -EBADF, there = -EBADF;

	made = path_mountpoint_in_root(d->fd, "/dev/x/null", S_IFCHR | 0666, NOBODY, NOBODY);
	assert_is(made, d->fd, "dev/x/null");
	assert_int_equal(mode_of(d->fd, "dev/x"), 0755);
	there = path_mountpoint_in_root(d->fd, "/dev/x/null", S_IFREG, NOBODY, NOBODY);
	assert_is(there, d->fd, "dev/x/null");
	assert_int_equal(path_mountpoint_in_root(d->fd, "dev/x/null", S_IFDIR, NOBODY, NOBODY),
			 -ENOTDIR);
}

/* As in images of Debian and Ubuntu with systemd-resolved. */
static void path_mountpoint_in_root__dangling_resolv_conf(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(mkdirat(d->fd, "etc", 0755), 0);
	assert_int_equal(
		symlinkat("../run/systemd/resolve/stub-resolv.conf", d->fd, "etc/resolv.conf"),
		0);
	fd = path_mountpoint_in_root(d->fd, "/etc/resolv.conf", S_IFREG, NOBODY, NOBODY);
	assert_is(fd, d->fd, "run/systemd/resolve/stub-resolv.conf");
	assert_int_equal(mode_of(d->fd, "run/systemd/resolve/stub-resolv.conf"), 0644);
}

static void path_mountpoint_in_root__leaks_no_fds(void **state)
{
	struct unit_dir *d = *state;
	int before = unit_count_fds();

	assert_int_equal(symlinkat("a", d->fd, "a"), 0);
	assert_true(path_mountpoint_in_root(d->fd, "a/b/c", S_IFDIR, NOBODY, NOBODY) < 0);
	fd_close(path_mountpoint_in_root(d->fd, "x/y/z", S_IFREG, NOBODY, NOBODY));
	assert_int_equal(unit_count_fds(), before);
}

static void assert_absent(int dirfd, const char *name)
{
	assert_int_equal(faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, ENOENT);
}

static void path_remove_tree__absent_file_link(void **state)
{
	struct unit_dir *d = *state;

	assert_int_equal(path_remove_tree(d->fd, "absent"), 0);
	unit_file(d->fd, "f", "");
	assert_int_equal(symlinkat("f", d->fd, "l"), 0);
	assert_int_equal(path_remove_tree(d->fd, "l"), 0);
	assert_absent(d->fd, "l");
	unit_assert_file(d->fd, "f", "");
	assert_int_equal(path_remove_tree(d->fd, "f"), 0);
	assert_absent(d->fd, "f");
}

static void path_remove_tree__does_not_follow(void **state)
{
	struct unit_dir *d = *state;

	assert_int_equal(mkdirat(d->fd, "keep", 0755), 0);
	unit_file(d->fd, "keep/f", "kept");
	assert_int_equal(mkdirat(d->fd, "t", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "t/sub", 0755), 0);
	assert_int_equal(symlinkat("../keep", d->fd, "t/l"), 0);
	assert_int_equal(symlinkat("../../keep", d->fd, "t/sub/l"), 0);
	assert_int_equal(path_remove_tree(d->fd, "t"), 0);
	assert_absent(d->fd, "t");
	unit_assert_file(d->fd, "keep/f", "kept");
}

/* Deeper than descriptors or a stack would last, and than PATH_MAX. */
static void path_remove_tree__very_deep(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = fd_dup(d->fd);

	for (int i = 0; i < 5000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "dir", 0755), 0);
		next = openat(fd, "dir", O_PATH | O_CLOEXEC);
		unit_file(next, "file", "");
		fd_close(fd);
		fd = next;
	}
	assert_int_equal(path_remove_tree(d->fd, "dir"), 0);
	assert_absent(d->fd, "dir");
}

static void path_remove_tree__wide(void **state)
{
	struct unit_dir *d = *state;
	int before = unit_count_fds();

	for (int i = 0; i < 500; i++) {
		_cleanup_free_ char *dir = xasprintf("t/%d/x", i), *file = path_join(dir, "f");

		fd_close(path_mkdir_in_root(d->fd, dir, 0755, NOBODY, NOBODY));
		unit_file(d->fd, file, "");
	}
	assert_int_equal(path_remove_tree(d->fd, "t"), 0);
	assert_absent(d->fd, "t");
	assert_int_equal(unit_count_fds(), before);
}

/* A bind mount of the same file system has the same st_dev. */
static void path_remove_tree__stops_at_mounts(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_free_ char *keep = path_join(d->path, "keep"),
			    *at = path_join(d->path, "t/a/m");

	if (!unit_private_mounts())
		skip();
	assert_int_equal(mkdirat(d->fd, "keep", 0755), 0);
	unit_file(d->fd, "keep/f", "kept");
	fd_close(path_mkdir_in_root(d->fd, "t/a/m", 0755, NOBODY, NOBODY));
	assert_int_equal(mount(keep, at, NULL, MS_BIND, NULL), 0);
	assert_int_equal(path_remove_tree(d->fd, "t"), -EBUSY);
	unit_assert_file(d->fd, "keep/f", "kept");
	assert_int_equal(umount2(at, MNT_DETACH), 0);
	assert_int_equal(path_remove_tree(d->fd, "t"), 0);
	assert_absent(d->fd, "t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_clean__table),
		cmocka_unit_test(path_join__one_slash),
		cmocka_unit_test(path_has_prefix__by_components),
		cmocka_unit_test(path_split__table),
		unit_test_dir(path_open_in_root__symlinks_stay_inside),
		cmocka_unit_test(path_open_in_root__no_magic_links),
		unit_test_dir(path_open_in_root__cloexec_and_create),
		unit_test_dir(path_open_in_root__survives_renames),
		unit_test_dir(path_mkdir_in_root__makes_all_whatever_the_umask),
		unit_test_dir(path_mkdir_in_root__existing),
		unit_test_dir(path_mkdir_in_root__through_symlinks),
		unit_test_dir(path_mkdir_in_root__dangling_symlinks),
		unit_test_dir(path_mkdir_in_root__symlink_loops),
		unit_test_dir(path_mkdir_in_root__owner_of_the_new_only),
		unit_test_dir(path_mountpoint_in_root__directory),
		unit_test_dir(path_mountpoint_in_root__file),
		unit_test_dir(path_mountpoint_in_root__dangling_resolv_conf),
		unit_test_dir(path_mountpoint_in_root__leaks_no_fds),
		unit_test_dir(path_remove_tree__absent_file_link),
		unit_test_dir(path_remove_tree__does_not_follow),
		unit_test_dir(path_remove_tree__very_deep),
		unit_test_dir(path_remove_tree__wide),
		unit_test_dir(path_remove_tree__stops_at_mounts),
	};

	return RUN(tests);
}
