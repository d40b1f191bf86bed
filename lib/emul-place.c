/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/emul-place.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/str.h"

#define PROC "proc/"
/* A number of a view and its colon. */
#define VIEW_MAX 24

bool emul_has_place(const struct emul_file *f, unsigned int groups)
{
	return (groups & f->group) && !str_eq(f->path, EMUL_NOWHERE);
}

const struct emul_file *emul_cover(unsigned int groups)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (str_eq(emul_files[i].path, EMUL_NOWHERE))
			return groups & emul_files[i].group ? &emul_files[i] : NULL;
	return NULL;
}

/* ------------------------------------------------------------------ directories */

bool emul_is_served(const struct emul_file *f, const bool *is_there)
{
	const struct emul_file *dir = emul_parent(f);

	return dir && (is_there[dir - emul_files] || emul_is_served(dir, is_there));
}

bool emul_is_in_mirror(const struct emul_file *f, unsigned int groups)
{
	const struct emul_file *dir = emul_parent(f);

	return dir && (groups & dir->group) &&
	       (dir->kind == EMUL_MIRROR || emul_is_in_mirror(dir, groups));
}

/* ------------------------------------------------------------------ the kernel's own */

static const char *in_proc(const struct emul_file *f)
{
	return str_has_prefix(f->path, PROC) ? f->path + strlen(PROC) : NULL;
}

/* A read-only instance does not tell, and then nobody writes there. */
static bool is_namespaced(const struct emul_file *f, int proc_fd)
{
	const char *path = in_proc(f);

	return f->kind == EMUL_VALUE && path &&
	       (faccessat(proc_fd, path, W_OK, AT_EACCESS) == 0 || errno == EROFS);
}

/* Has the kernel one of the sysctls that this directory is to bring? */
static bool is_needless(const struct emul_file *f, int proc_fd)
{
	for (size_t i = 0; f->kind == EMUL_DIRECTORY && i < n_emul_files; i++) {
		const struct emul_file *value = &emul_files[i];

		if (value->kind == EMUL_VALUE && path_has_prefix(value->path, f->path) &&
		    in_proc(value) && faccessat(proc_fd, in_proc(value), F_OK, 0) == 0)
			return true;
	}
	return false;
}

bool emul_is_kernels(const struct emul_file *f, int proc_fd)
{
	return is_namespaced(f, proc_fd) || is_needless(f, proc_fd);
}

/* ------------------------------------------------------------------ clones */

static const char *name_in_view(const struct emul_file *f, const char *view,
				char ret[EMUL_NAME_MAX + VIEW_MAX])
{
	char name[EMUL_NAME_MAX];

	emul_name(f, name);
	(void)snprintf(ret, EMUL_NAME_MAX + VIEW_MAX, "%s%s", view, name);
	return ret;
}

static int clone_from(int dirfd, const struct emul_file *f, const char *view)
{
	char name[EMUL_NAME_MAX + VIEW_MAX];

	return mount_clone(dirfd, name_in_view(f, view, name), MOUNT_CLONE_ONE);
}

int emul_clone(const struct emul_mounts *m, const struct emul_file *f, const char *view)
{
	int fd = emul_is_on(f, EMUL_FAST) ? clone_from(m->fast_fd, f, view) : -ENOENT;

	return fd == -ENOENT && emul_is_on(f, EMUL_PLAIN) ? clone_from(m->plain_fd, f, view)
							  : fd;
}

static bool is_found(int dirfd, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0;
}

void emul_look_up(const struct emul_mounts *m, const struct emul_file *f, const char *view)
{
	char name[EMUL_NAME_MAX + VIEW_MAX];

	(void)name_in_view(f, view, name);
	if (emul_is_on(f, EMUL_FAST) && is_found(m->fast_fd, name))
		return;
	if (emul_is_on(f, EMUL_PLAIN))
		(void)is_found(m->plain_fd, name);
}

/* ------------------------------------------------------------------ hidden files */

void emul_each_hidden(const char *prefix, const char *base,
		      void (*fn)(void *arg, const char *path), void *arg)
{
	for (const char *const *p = emul_hidden; *p; p++) {
		_cleanup_free_ char *pattern = NULL;
		_cleanup_(globfree) glob_t g = {0};

		if (!str_has_prefix(*p, prefix))
			continue;
		pattern = xasprintf("%s%s", base, *p + strlen(prefix));
		if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
			continue;
		for (size_t i = 0; i < g.gl_pathc; i++)
			fn(arg, g.gl_pathv[i] + strlen(base));
	}
}

bool emul_may_hide(mode_t mode)
{
	return S_ISREG(mode) && (mode & S_IROTH);
}
