/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "tmpcopyup": a tmpfs that starts with what the image has at that place. The
 * tmpfs is filled while it is still detached, so that the container never sees
 * half of it, and what it covers needs no second path.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/copy.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/do-mounts-internal.h"
#include "src/do.h"
#include "src/plan.h"

/* An image's directory tree, not our own: its depth is not trusted. */
#define COPYUP_MAX_DEPTH 64

static int copy_dir(int from, int to, unsigned int depth);

static int copy_attributes(int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	(void)utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_file(int from, int to, const char *name)
{
	int fd = copy_new(from, to, name);

	if (fd < 0)
		return fd;
	fd_close(fd);
	return 0;
}

static int copy_subdir(int from, int to, const char *name, unsigned int depth)
{
	_cleanup_close_ int in = dir_open_fd(from, name), out = -EBADF;

	if (in < 0)
		return in;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return out < 0 ? -errno : copy_dir(in, out, depth + 1);
}

/*
 * Sockets and nodes stay behind: the former mean nothing in a copy, the latter cannot be
 * made here.
 */
static int copy_entry(int from, int to, const char *name, unsigned int depth)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		r = copy_subdir(from, to, name, depth);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from, to, name);
	else if (S_ISLNK(st.st_mode))
		r = copy_symlink(from, to, name);
	else
		return 0;
	return r < 0 ? r : copy_attributes(to, name, &st);
}

static int copy_dir(int from, int to, unsigned int depth)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = depth > COPYUP_MAX_DEPTH ? -ELOOP : dir_open(&dir, from, ".");

	while (r == 0 && (r = dir_next(dir, &e)) > 0)
		r = copy_entry(from, to, e->d_name, depth);
	return r;
}

static int fill(int target, int tmpfs, const struct plan_mount *pm, struct error *err)
{
	_cleanup_close_ int in = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int out = openat(tmpfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool has_mode = pm->data && strstr(pm->data, "mode=");
	struct stat st;
	int r;

	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		return error_errno(err, errno, "open %s to fill its tmpfs", pm->target);
	r = copy_dir(in, out, 0);
	if (r == 0 && !has_mode &&
	    (fchown(out, st.st_uid, st.st_gid) < 0 || fchmod(out, st.st_mode & 07777) < 0))
		r = -errno;
	return r < 0 ? error_errno(err, -r, "fill the tmpfs of %s", pm->target) : 0;
}

int do_mounts_copyup(const struct do_mounts *m, const struct plan_mount *pm, struct error *err)
{
	/* Read-only comes last (do_mounts_mask()): it must be filled first. */
	const struct mount_new new = {
		.fstype = pm->fstype,
		.source = pm->source,
		.options = pm->data,
		.sb_flags = pm->sb_flags & ~(uint64_t)MS_RDONLY,
		.attrs = pm->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY,
	};
	_cleanup_close_ int target = do_mounts_target(m, pm->target, S_IFDIR);
	_cleanup_close_ int fd = -EBADF;
	char msg[256] = "";
	int r;

	if (target < 0)
		return error_errno(err, -target, "make the mount point %s", pm->target);
	fd = mount_make(&new, msg, sizeof(msg));
	if (fd < 0)
		return error_errno(err, -fd, "mount %s at %s %s", pm->fstype, pm->target, msg);
	r = fill(target, fd, pm, err);
	if (r < 0)
		return r;
	r = mount_attach(fd, target, "");
	return r < 0 ? error_errno(err, -r, "attach %s", pm->target) : 0;
}
