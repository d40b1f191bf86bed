/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount API of Linux 5.2 and later, call by call, as current mount(8), runc and containerd
 * use it.  Prints one line per step; the first that fails ends the program.  Compiled and run
 * inside the container under test, hence by number: its libc may not know the calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int step(const char *what, long r)
{
	if (r < 0) {
		printf("%s: %s\n", what, strerror(errno));
		exit(1);
	}
	printf("%s: ok\n", what);
	return (int)r;
}

/* Make a file system of the given type and attach it at a path. */
static int mount_new(const char *type, const char *where)
{
	int fs, mnt;

	printf("%s\n", type);
	mkdir(where, 0755);
	fs = step(" fsopen", syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
	step(" fsconfig", syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", "none", 0));
	step(" create", syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	mnt = step(" fsmount", syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID));
	step(" move_mount",
	     syscall(SYS_move_mount, mnt, "", AT_FDCWD, where, MOVE_MOUNT_F_EMPTY_PATH));
	close(fs);
	return mnt;
}

int main(void)
{
	struct mount_attr ro = {.attr_set = MOUNT_ATTR_RDONLY};
	int tree, fs;

	close(mount_new("tmpfs", "/n1"));
	step("write", open("/n1/file", O_CREAT | O_WRONLY, 0644));
	mkdir("/n2", 0755);
	tree = step("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/n1",
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	step("mount_setattr",
	     syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &ro, sizeof(ro)));
	step("attach",
	     syscall(SYS_move_mount, tree, "", AT_FDCWD, "/n2", MOVE_MOUNT_F_EMPTY_PATH));
	if (open("/n2/other", O_CREAT | O_WRONLY, 0644) >= 0 || errno != EROFS)
		return 1;
	fs = step("fspick", syscall(SYS_fspick, AT_FDCWD, "/n1", FSPICK_CLOEXEC));
	step("set size", syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "1m", 0));
	step("reconfigure", syscall(SYS_fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	close(mount_new("proc", "/n3"));
	step("read", open("/n3/self/status", O_RDONLY));
	close(mount_new("sysfs", "/n4"));
	step("read", open("/n4/class/net/lo/address", O_RDONLY));
	close(mount_new("mqueue", "/n5"));
	puts("done");
	return 0;
}
