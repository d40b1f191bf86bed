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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/emul.h"
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

/* The null device that stands there for want of better (src/syscont-devices.c). */
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

static bool is_namespaced(const struct do_mounts *m, const struct emul_file *f)
{
	return f->kind == EMUL_VALUE && str_has_prefix(f->path, PROC) &&
	       faccessat(m->proc_fd, f->path + strlen(PROC), W_OK, AT_EACCESS) == 0;
}

/* Has the kernel one of the sysctls that this directory is to bring? */
static bool is_needless(const struct do_mounts *m, const struct emul_file *f)
{
	for (size_t i = 0; f->kind == EMUL_DIRECTORY && i < n_emul_files; i++)
		if (emul_files[i].kind == EMUL_VALUE &&
		    path_has_prefix(emul_files[i].path, f->path) &&
		    faccessat(m->proc_fd, emul_files[i].path + strlen(PROC), F_OK, 0) == 0)
			return true;
	return false;
}

static int clone_from(const char *dir, const struct emul_file *f)
{
	char name[EMUL_NAME_MAX], source[EMUL_NAME_MAX + 16];

	emul_name(f, name);
	(void)snprintf(source, sizeof(source), "%s/%s", dir, name);
	return mount_clone(AT_FDCWD, source, MOUNT_CLONE_ONE);
}

static int clone_emulated(const struct emul_file *f)
{
	int fd = emul_is_on(f, EMUL_FAST) ? clone_from(DO_EMUL_FAST, f) : -ENOENT;

	return fd == -ENOENT && emul_is_on(f, EMUL_PLAIN) ? clone_from(DO_EMUL_PLAIN, f) : fd;
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
	if (!may_cover(a, target, f) || is_namespaced(m, f) || is_needless(m, f))
		return -EEXIST;
	if (f->kind == EMUL_PRESSURE)
		fd = clone_pressure(a, f);
	if (fd < 0)
		fd = clone_emulated(f);
	return fd < 0 ? fd : mount_attach(fd, target, "");
}

/* The directory that serves it has been attached. */
static bool is_served(const struct attach *a, const struct emul_file *f)
{
	const struct emul_file *dir = emul_parent(f);

	return dir && (a->is_attached[index_of(dir)] || is_served(a, dir));
}

static void attach_row(struct attach *a, const struct emul_file *f)
{
	int r;

	if (!(a->mounts->plan->emulate & f->group) || str_eq(f->path, EMUL_NOWHERE) ||
	    is_served(a, f))
		return;
	r = attach_file(a, f);
	if (r < 0)
		log_debug("/%s is not emulated: %s", f->path, strerror(-r));
	else
		a->is_attached[index_of(f)] = true;
}

/* Only what everybody may read: the rest is no secret from this root. */
static void hide_file(const struct attach *a, const struct emul_file *empty, const char *path)
{
	_cleanup_close_ int target =
		path_open_in_root(a->mounts->root_fd, path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (target < 0 || fstat(target, &st) < 0 || !(st.st_mode & S_IROTH) ||
	    !S_ISREG(st.st_mode) || !is_kernels(target, path))
		return;
	fd = clone_emulated(empty);
	if (fd < 0 || mount_attach(fd, target, "") < 0)
		log_debug("/%s is not hidden", path);
}

/* The working directory is not the root; patterns begin at "/". */
static void hide(const struct attach *a, const struct emul_file *empty, const char *pattern)
{
	_cleanup_free_ char *absolute = xasprintf("/%s", pattern);
	glob_t g = {0};

	if (glob(absolute, GLOB_NOSORT, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			hide_file(a, empty, g.gl_pathv[i] + 1);
	globfree(&g);
}

static void hide_all(const struct attach *a)
{
	const struct emul_file *empty = NULL;

	for (size_t i = 0; i < n_emul_files; i++)
		if (str_eq(emul_files[i].path, EMUL_NOWHERE))
			empty = &emul_files[i];
	if (!empty || !(a->mounts->plan->emulate & empty->group))
		return;
	for (const char *const *p = emul_hidden; *p; p++)
		hide(a, empty, *p);
}

/*
 * One listing brings the kernel all names at once, each of which were a lookup. A supervisor
 * that cannot give it serves nothing, and the container would see the host.
 */
static int read_names(const char *dir, struct error *err)
{
	DIR *d = opendir(dir);
	int r;

	errno = 0;
	while (d && readdir(d))
		;
	r = -errno;
	if (d)
		(void)closedir(d);
	return r < 0 ? error_errno(err, -r, "sysbox-fs does not serve /proc and /sys") : 0;
}

int do_emul_attach(const struct do_mounts *m, int fast_fd, int plain_fd, struct error *err)
{
	_cleanup_free_ bool *is_attached = xcalloc(n_emul_files, sizeof(*is_attached));
	struct attach a = {m, is_attached};
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
	hide_all(&a);
	return 0;
}
