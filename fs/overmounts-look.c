/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor is: whose mount, of what file system. */
#include "fs/overmounts-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "lib/str.h"

int overmount_stat(int dirfd, const char *path, struct statx *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	if (!*path)
		flags |= AT_EMPTY_PATH;
	return statx(dirfd, path, flags, STATX_INO | STATX_TYPE, ret) < 0 ? -errno : 0;
}

uint64_t overmount_dev_of(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}

bool overmount_is_one_of(const struct statx *st, const uint64_t devs[2])
{
	return st->stx_attributes & STATX_ATTR_MOUNT_ROOT &&
	       (overmount_dev_of(st) == devs[0] || overmount_dev_of(st) == devs[1]);
}

uint64_t overmount_dev(int fd)
{
	struct statx st;

	return overmount_stat(fd, "", &st) < 0 ? 0 : overmount_dev_of(&st);
}

bool overmount_is_ours(int fd, const uint64_t devs[2])
{
	struct statx st;

	return overmount_stat(fd, "", &st) == 0 && overmount_is_one_of(&st, devs);
}

enum overmount_kind overmount_kind_of(int fd)
{
	struct statfs fs;
	struct statx st;

	if (fstatfs(fd, &fs) < 0 || (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC))
		return OVERMOUNT_NONE;
	if (overmount_stat(fd, "", &st) < 0 || st.stx_ino != OVERMOUNT_ROOT_INO ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return OVERMOUNT_NONE;
	return fs.f_type == PROC_SUPER_MAGIC ? OVERMOUNT_PROC : OVERMOUNT_SYS;
}

enum overmount_kind overmount_kind_of_type(const char *fstype)
{
	if (str_eq(fstype, "proc"))
		return OVERMOUNT_PROC;
	return str_eq(fstype, "sysfs") ? OVERMOUNT_SYS : OVERMOUNT_NONE;
}

const char *overmount_prefix(enum overmount_kind kind)
{
	return kind == OVERMOUNT_PROC ? "proc/" : "sys/";
}

const char *overmount_path_in(const char *path, enum overmount_kind kind)
{
	const char *prefix = overmount_prefix(kind);

	return str_has_prefix(path, prefix) ? path + strlen(prefix) : NULL;
}
