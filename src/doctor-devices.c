/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor, and the devices that it and programs inside open. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "src/doctor-internal.h"
#include "src/fs-client.h"

static int try_fuse(void)
{
	_cleanup_close_ int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC), mnt = -EBADF;
	_cleanup_free_ char *options = NULL;

	if (dev < 0)
		return -errno;
	options = xasprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	mnt = mount_make(&(struct mount_new){.fstype = "fuse", .options = options}, NULL, 0);
	return mnt < 0 ? mnt : 0;
}

static void probe_fuse(const struct doctor *d _unused_, struct doctor_row *row)
{
	int r = try_fuse();

	if (r == 0) {
		doctor_found(row, "/dev/fuse opens and mounts");
		return;
	}
	doctor_found(row, "/dev/fuse: %s", strerror(-r));
	if (r == -ENOENT)
		doctor_mend(
			row, DOCTOR_FAIL,
			"modprobe fuse; where /dev is bare: mknod -m 666 /dev/fuse c 10 229");
	else if (r == -ENXIO || r == -ENODEV)
		doctor_mend(row, DOCTOR_FAIL, "modprobe fuse; the kernel needs CONFIG_FUSE_FS");
	else
		doctor_mend(row, DOCTOR_FAIL,
			    "let this process use the device 10:229 (device cgroup of an outer "
			    "container?)");
}

static void probe_tun(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.has_tun) {
		doctor_found(row, "there");
		return;
	}
	doctor_found(row, "the kernel has no tun");
	doctor_mend(row, DOCTOR_WARN, "VPNs and slirp4netns do not work inside; modprobe tun");
}

static void probe_supervisor(const struct doctor *d _unused_, struct doctor_row *row)
{
	struct fs_client c = FS_CLIENT_EMPTY;
	struct error err = {0};

	if (fs_client_spawn(&c, &err) < 0) {
		doctor_found(row, "%s", err.text);
		doctor_mend(row, DOCTOR_FAIL,
			    "install sysbox-fs beside sysbox-runc (make install does)");
		return;
	}
	fs_client_abort(&c);
	doctor_found(row, "sysbox-fs starts");
}

static const struct doctor_probe probes[] = {
	{"fuse", probe_fuse},
	{"tun", probe_tun},
	{"supervisor", probe_supervisor},
};
const struct doctor_area doctor_devices = {probes, ARRAY_SIZE(probes)};
