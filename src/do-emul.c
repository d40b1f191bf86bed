/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * In /proc single files are covered, and only such directories in which the kernel keeps
 * nothing for a namespace: who opens /proc with RESOLVE_NO_XDEV
 * finds the kernel's procfs, and a container within takes the pristine one in the
 * base as the proof that it may have its own (see attach_pristine()). The covers are
 * not locked, for the same reason; what is under them shows the host's figures, which is no
 * secret worth a lock.
 *
 * The two mounts of the supervisor are attached in the base first, since kernels
 * before 6.15 clone nothing out of a detached mount. There they stay, out of reach of
 * any path.
 *
 * A sysctl that the container's root may write is one that this kernel keeps for each
 * namespace: it is better than ours. The same with the pressure of the container's own v2
 * cgroup, whose files have triggers that work.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/emul-place.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/do.h"
#include "src/plan.h"

#define PROC "proc/"
/* Where the container has its v2 cgroup. */
static const char *const v2_dirs[] = {"sys/fs/cgroup", "sys/fs/cgroup/unified"};

struct attach {
	const struct do_mounts *mounts;
	struct emul_mounts sources;
	bool *is_attached; /* n_emul_files */
};

static size_t index_of(const struct emul_file *f)
{
	return (size_t)(f - emul_files);
}

/* Not what the user has mounted there (lxcfs, perhaps). */
static bool is_kernels(int fd, const char *path)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 &&
	       st.f_type == (str_has_prefix(path, PROC) ? PROC_SUPER_MAGIC : SYSFS_MAGIC);
}

/* The null device that stands there as a substitute (src/syscont-devices.c). */
static bool is_null_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* In a directory of ours, of the other connection: this mount belongs on top. */
static bool is_in_ours(const struct attach *a, const struct emul_file *f)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (a->is_attached[i] && path_has_prefix(f->path, emul_files[i].path))
			return true;
	return false;
}

static bool may_cover(const struct attach *a, int target, const struct emul_file *f)
{
	if (f->kind == EMUL_LOG)
		return is_null_device(target);
	return is_kernels(target, f->path) || is_in_ours(a, f);
}

/* The cgroup's own file, or -ENOENT. Opening it fails where pressure is not measured. */
static int clone_pressure(const struct attach *a, const struct emul_file *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(v2_dirs); i++) {
		_cleanup_free_ char *path = path_join(v2_dirs[i], f->text);
		_cleanup_close_ int fd =
			path_open_in_root(a->mounts->root_fd, path, O_RDONLY | O_CLOEXEC);
		struct statfs st;

		if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC)
			return mount_clone(fd, "", MOUNT_CLONE_ONE);
	}
	return -ENOENT;
}

static int attach_file(const struct attach *a, const struct emul_file *f)
{
	const struct do_mounts *m = a->mounts;
	_cleanup_close_ int target = path_open_in_root(m->root_fd, f->path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;

	if (target < 0)
		return target;
	if (!may_cover(a, target, f) || emul_is_kernels(f, m->proc_fd))
		return -EEXIST;
	if (f->kind == EMUL_PRESSURE)
		fd = clone_pressure(a, f);
	if (fd < 0)
		fd = emul_clone(&a->sources, f, "");
	return fd < 0 ? fd : mount_attach(fd, target, "");
}

static void attach_row(struct attach *a, const struct emul_file *f)
{
	int r;

	if (!emul_has_place(f, a->mounts->plan->emulate) || emul_is_served(f, a->is_attached))
		return;
	r = attach_file(a, f);
	if (r < 0)
		log_debug("/%s is not emulated: %s", f->path, strerror(-r));
	else
		a->is_attached[index_of(f)] = true;
}

static void hide(void *arg, const char *path)
{
	const struct attach *a = arg;
	_cleanup_close_ int target =
		path_open_in_root(a->mounts->root_fd, path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (target < 0 || fstat(target, &st) < 0 || !emul_may_hide(st.st_mode) ||
	    !is_kernels(target, path))
		return;
	fd = emul_clone(&a->sources, emul_cover(a->mounts->plan->emulate), "");
	if (fd < 0 || mount_attach(fd, target, "") < 0)
		log_debug("/%s is not hidden", path);
}

/*
 * One listing gives the kernel all names at once, each of which would be a lookup. A supervisor
 * that cannot give it serves nothing, and the container would see the host.
 */
static int read_names(const char *dir, struct error *err)
{
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *e;
	int r = dir_open(&d, AT_FDCWD, dir);

	while (r >= 0 && (r = dir_next(d, &e)) > 0)
		;
	return r < 0 ? error_errno(err, -r, "sysbox-fs does not serve /proc and /sys") : 0;
}

int do_emul_attach(const struct do_mounts *m, int fast_fd, int plain_fd, struct error *err)
{
	_cleanup_free_ bool *is_attached = xcalloc(n_emul_files, sizeof(*is_attached));
	struct attach a = {m, {fast_fd, plain_fd}, is_attached};
	int r = mount_attach(fast_fd, AT_FDCWD, DO_EMUL_FAST);

	if (r == 0)
		r = mount_attach(plain_fd, AT_FDCWD, DO_EMUL_PLAIN);
	if (r < 0) {
		log_debug("nothing is emulated: %s", strerror(-r));
		return 0;
	}
	r = read_names(DO_EMUL_FAST, err);
	if (r == 0)
		r = read_names(DO_EMUL_PLAIN, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_emul_files; i++)
		attach_row(&a, &emul_files[i]);
	/* The working directory is not the root; the host's names begin there. */
	if (emul_cover(m->plan->emulate))
		emul_each_hidden("", "/", hide, &a);
	return 0;
}
