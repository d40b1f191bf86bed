/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/statvfs.h>

#include "lib/idmap.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/userns.h"

static int make_tmpfs(const char *options, char *msg, size_t size)
{
	struct mount_new m = {.fstype = "tmpfs", .source = "unit", .options = options};

	return mount_make(&m, msg, size);
}

static unsigned long flags_of(int mount_fd)
{
	struct statvfs st;

	assert_int_equal(fstatvfs(mount_fd, &st), 0);
	return st.f_flag;
}

static void mount_make__options_and_attributes(void **state)
{
	struct mount_new m = {
		.fstype = "tmpfs",
		.source = "unit",
		.options = "mode=0711,size=64k,,nr_inodes=50",
		.sb_flags = MS_RDONLY,
		.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	};
	_cleanup_close_ int fd = mount_make(&m, NULL, 0);
	struct statvfs vfs;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(fstatvfs(fd, &vfs), 0);
	assert_int_equal(vfs.f_blocks * vfs.f_frsize, 65536);
	assert_int_equal(vfs.f_files, 50);
	assert_true((vfs.f_flag & (ST_NOSUID | ST_NOEXEC)) == (ST_NOSUID | ST_NOEXEC));
	assert_int_equal(mkdirat(fd, "x", 0755), -1);
	assert_int_equal(errno, EROFS);
}

static void mount_make__says_what_is_wrong(void **state)
{
	char msg[256];

	(void)state;
	assert_int_equal(make_tmpfs("size=lots", msg, sizeof(msg)), -EINVAL);
	assert_non_null(strstr(msg, "size"));
	assert_int_equal(make_tmpfs("nonsense", msg, sizeof(msg)), -EINVAL);
	assert_non_null(strstr(msg, "nonsense"));
	assert_int_equal(make_tmpfs("nonsense", NULL, 0), -EINVAL);
}

static void mount_make__unknown_file_system(void **state)
{
	struct mount_new m = {.fstype = "nosuchfs"};
	char msg[64] = "old";

	(void)state;
	assert_int_equal(mount_make(&m, msg, sizeof(msg)), -ENODEV);
	assert_string_equal(msg, "");
}

static void mount_make__quotes_and_long_values(void **state)
{
	_cleanup_free_ char *longer = xmalloc(400);
	_cleanup_close_ int fd = make_tmpfs("mode=\"0700\",size=\"64k\"", NULL, 0);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	memset(longer, '1', 399);
	longer[399] = '\0';
	memcpy(longer, "size=", 5);
	assert_int_equal(make_tmpfs(longer, NULL, 0), -E2BIG);
}

static void mount_attach__by_path_and_on_top(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int a = make_tmpfs("", NULL, 0), b = make_tmpfs(NULL, NULL, 0),
			    at = -EBADF;

	assert_int_equal(mkdirat(d->fd, "m", 0755), 0);
	unit_file(a, "first", "");
	unit_file(b, "second", "");
	assert_int_equal(mount_attach(a, d->fd, "m"), 0);
	unit_assert_file(d->fd, "m/first", "");
	at = openat(d->fd, "m", O_PATH | O_CLOEXEC);
	assert_int_equal(mount_attach(b, at, ""), 0);
	unit_assert_file(d->fd, "m/second", "");
	assert_int_equal(mount_attach(b, d->fd, "absent"), -ENOENT);
}

static void mount_attach__does_not_follow_a_symlink(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = make_tmpfs("", NULL, 0);

	assert_int_equal(mkdirat(d->fd, "m", 0755), 0);
	assert_int_equal(symlinkat("m", d->fd, "l"), 0);
	assert_true(mount_attach(fd, d->fd, "l") < 0);
}

static void mount_clone__one_or_all(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int outer = make_tmpfs("", NULL, 0), inner = make_tmpfs("", NULL, 0);
	_cleanup_close_ int one = -EBADF, all = -EBADF, self = -EBADF;

	assert_int_equal(mkdirat(d->fd, "m", 0755), 0);
	assert_int_equal(mkdirat(outer, "in", 0755), 0);
	unit_file(inner, "file", "x");
	assert_int_equal(mount_attach(outer, d->fd, "m"), 0);
	assert_int_equal(mount_attach(inner, d->fd, "m/in"), 0);
	one = mount_clone(d->fd, "m", MOUNT_CLONE_ONE);
	assert_true(fcntl(one, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(faccessat(one, "in/file", F_OK, 0), -1);
	all = mount_clone(d->fd, "m", MOUNT_CLONE_RECURSIVE);
	unit_assert_file(all, "in/file", "x");
	self = mount_clone(all, "in", 0);
	unit_assert_file(self, "file", "x");
}

static void mount_set_attr__access_times(void **state)
{
	_cleanup_close_ int fd = make_tmpfs("", NULL, 0);

	(void)state;
	assert_true(flags_of(fd) & ST_RELATIME);
	/* Neither call names the whole field: mount_set_attr() widens them. */
	assert_int_equal(mount_set_attr(fd, MOUNT_ATTR_NOATIME, 0, 0), 0);
	assert_true(flags_of(fd) & ST_NOATIME);
	assert_int_equal(mount_set_attr(fd, 0, MOUNT_ATTR_NOATIME, 0), 0);
	assert_false(flags_of(fd) & ST_NOATIME);
	assert_true(flags_of(fd) & ST_RELATIME);
}

static void mount_set_attr__recursive(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int outer = make_tmpfs("", NULL, 0), inner = make_tmpfs("", NULL, 0);
	_cleanup_close_ int all = -EBADF, in = -EBADF;

	assert_int_equal(mkdirat(outer, "in", 0755), 0);
	assert_int_equal(mkdirat(d->fd, "m", 0755), 0);
	assert_int_equal(mount_attach(outer, d->fd, "m"), 0);
	assert_int_equal(mount_attach(inner, d->fd, "m/in"), 0);
	all = mount_clone(d->fd, "m", MOUNT_CLONE_RECURSIVE);
	in = openat(all, "in", O_PATH | O_CLOEXEC);
	assert_int_equal(mount_set_attr(all, MOUNT_ATTR_RDONLY, 0, 0), 0);
	assert_false(flags_of(in) & ST_RDONLY);
	assert_int_equal(mount_set_attr(all, MOUNT_ATTR_RDONLY, 0, MOUNT_CLONE_RECURSIVE), 0);
	assert_true(flags_of(in) & ST_RDONLY);
}

static void mount_set_idmap__shifts_owners(void **state)
{
	struct unit_dir *d = *state;
	struct idmap m = IDMAP_EMPTY;
	_cleanup_close_ int userns = -EBADF, fd = -EBADF;
	struct stat st;
	int r;

	idmap_add(&m.uids, 0, 100000, 65536);
	idmap_add(&m.gids, 0, 200000, 65536);
	userns = userns_open(&m);
	idmap_done(&m);
	assert_true(userns >= 0);
	unit_file(d->fd, "f", "");
	fd = mount_clone(AT_FDCWD, d->path, 0);
	r = mount_set_idmap(fd, userns, 0);
	if (r == -EINVAL)
		skip(); /* the file system of the temporary directory cannot */
	assert_int_equal(r, 0);
	assert_int_equal(fstatat(fd, "f", &st, 0), 0);
	assert_int_equal(st.st_uid, 100000);
	assert_int_equal(st.st_gid, 200000);
	/* Once and for all. */
	assert_int_equal(mount_set_idmap(fd, userns, 0), -EPERM);
}

static void mount_set_propagation__of_a_clone(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int fd = make_tmpfs("", NULL, 0);
	_cleanup_free_ char *at = path_join(d->path, "m");
	_cleanup_(mountinfo_freep) struct mountinfo *shared = NULL, *private = NULL;

	assert_int_equal(mkdirat(d->fd, "m", 0755), 0);
	assert_int_equal(mount_attach(fd, d->fd, "m"), 0);
	assert_int_equal(mount_set_propagation(fd, MS_SHARED, 0), 0);
	assert_int_equal(mountinfo_at(at, &shared), 0);
	assert_int_equal(strncmp(shared->optional, "shared:", 7), 0);
	assert_int_equal(mount_propagate(at, MS_PRIVATE), 0);
	assert_int_equal(mountinfo_at(at, &private), 0);
	assert_string_equal(private->optional, "");
	assert_int_equal(mount_propagate("/nonexistent", MS_PRIVATE), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mount_make__options_and_attributes),
		cmocka_unit_test(mount_make__says_what_is_wrong),
		cmocka_unit_test(mount_make__unknown_file_system),
		cmocka_unit_test(mount_make__quotes_and_long_values),
		unit_test_dir(mount_attach__by_path_and_on_top),
		unit_test_dir(mount_attach__does_not_follow_a_symlink),
		unit_test_dir(mount_clone__one_or_all),
		cmocka_unit_test(mount_set_attr__access_times),
		unit_test_dir(mount_set_attr__recursive),
		unit_test_dir(mount_set_idmap__shifts_owners),
		unit_test_dir(mount_set_propagation__of_a_clone),
	};

	if (geteuid() != 0 || !unit_private_mounts())
		return UNIT_SKIP;
	return RUN(tests);
}
