/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/sys.h"

/*
 * The one directory that every host has and that may be covered here, by the new root: that
 * gets a clone of it.
 */
#define SOMEWHERE "/proc"

static int attach_new(int base, int mount_fd, const char *path)
{
	const char *name = path + 1;

	if (mkdirat(base, name, 0555) < 0)
		return -errno;
	return mount_attach(mount_fd, base, name);
}

static int fill(int base, int proc, int sys, int fast, int plain)
{
	int r = mount_attach(base, AT_FDCWD, SOMEWHERE);

	if (r == 0)
		r = attach_new(base, proc, "/proc");
	if (r == 0)
		r = attach_new(base, sys, "/sys");
	if (r == 0)
		r = attach_new(base, fast, STAGE_FAST);
	return r < 0 ? r : attach_new(base, plain, STAGE_PLAIN);
}

static int leave_host(int base)
{
	if (fchdir(base) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return -errno;
	return 0;
}

int stage_enter(int fast_mount, int plain_mount, struct error *err)
{
	const struct mount_new tmpfs = {
		.fstype = "tmpfs",
		.source = "sysbox-fs",
		.options = "mode=755,size=64k",
		.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};
	_cleanup_close_ int base = -EBADF, proc = -EBADF, sys = -EBADF;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, errno, "make a mount namespace");
	r = mount_propagate("/", MS_REC | MS_PRIVATE);
	if (r < 0)
		return error_errno(err, -r, "make the mount namespace private");
	proc = mount_clone(AT_FDCWD, "/proc", MOUNT_CLONE_ONE);
	sys = mount_clone(AT_FDCWD, "/sys", MOUNT_CLONE_ONE);
	base = mount_make(&tmpfs, NULL, 0);
	r = proc < 0 ? proc : sys < 0 ? sys : base;
	if (r >= 0)
		r = fill(base, proc, sys, fast_mount, plain_mount);
	if (r == 0)
		r = leave_host(base);
	return r < 0 ? error_errno(err, -r, "enter the stage of the traps") : 0;
}
