/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Single files are covered, never a directory: who opens /proc with RESOLVE_NO_XDEV
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
 * namespace: it is better than ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

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

/* Not what the user has mounted there (lxcfs, perhaps). */
static bool is_kernels(int fd, const char *path)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 &&
	       st.f_type == (str_has_prefix(path, PROC) ? PROC_SUPER_MAGIC : SYSFS_MAGIC);
}

static bool is_namespaced(const struct do_mounts *m, const struct emul_file *f)
{
	return f->kind == EMUL_VALUE && str_has_prefix(f->path, PROC) &&
	       faccessat(m->proc_fd, f->path + strlen(PROC), W_OK, AT_EACCESS) == 0;
}

static int attach_file(const struct do_mounts *m, const struct emul_file *f)
{
	_cleanup_close_ int target = path_open_in_root(m->root_fd, f->path, O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	char name[EMUL_NAME_MAX], source[EMUL_NAME_MAX + 16];

	if (target < 0)
		return target;
	if (!is_kernels(target, f->path) || is_namespaced(m, f))
		return -EEXIST;
	emul_name(f, name);
	(void)snprintf(source, sizeof(source), "%s/%s",
		       f->conn == EMUL_FAST ? DO_EMUL_FAST : DO_EMUL_PLAIN, name);
	fd = mount_clone(AT_FDCWD, source, MOUNT_CLONE_ONE);
	return fd < 0 ? fd : mount_attach(fd, target, "");
}

void do_emul_attach(const struct do_mounts *m, int fast_fd, int plain_fd)
{
	int r = mount_attach(fast_fd, AT_FDCWD, DO_EMUL_FAST);

	if (r == 0)
		r = mount_attach(plain_fd, AT_FDCWD, DO_EMUL_PLAIN);
	if (r < 0)
		log_debug("nothing is emulated: %s", strerror(-r));
	for (size_t i = 0; r == 0 && i < n_emul_files; i++) {
		const struct emul_file *f = &emul_files[i];
		int e = m->plan->emulate & f->group ? attach_file(m, f) : 0;

		if (e < 0)
			log_debug("/%s is not emulated: %s", f->path, strerror(-e));
	}
}
