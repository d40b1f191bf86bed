/* SPDX-License-Identifier: Apache-2.0 */
/* cpusets of v1: a group with no cpus or no memory nodes takes no process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

/* The text of a cpuset file, "" where it is empty. */
static int read_set(const char *dir, const char *file, char **ret)
{
	_cleanup_free_ char *path = path_join(dir, file);

	return file_read_line(AT_FDCWD, path, ret);
}

/*
 * One file, from the nearest ancestor that has it filled, and the empty groups between. The
 * root of the hierarchy is always filled.
 */
static int fill(const char *dir, const char *file, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **empty = NULL;
	_cleanup_free_ char *at = xstrdup(dir);
	size_t n = 0;
	int r;

	for (;;) {
		char *slash;

		r = read_set(at, file, &text);
		if (r < 0)
			return error_errno(err, -r, "read %s/%s", at, file);
		if (*text)
			break;
		strv_add(&empty, at);
		n++;
		free(take_ptr(&text));
		slash = strrchr(at, '/');
		if (!slash || slash == at)
			return error_set(err, ENOENT, "no parent of %s has %s", dir, file);
		*slash = '\0';
	}
	for (; n > 0; n--) {
		_cleanup_free_ char *path = path_join(empty[n - 1], file);

		r = file_write(AT_FDCWD, path, text);
		if (r < 0)
			return error_errno(err, -r, "failed to write \"%s\" to %s", text, path);
	}
	return 0;
}

int cgroup_cpuset_fill(const char *dir, struct error *err)
{
	int r = fill(dir, "cpuset.cpus", err);

	return r < 0 ? r : fill(dir, "cpuset.mems", err);
}

int cgroup_cpuset_prepare(const char *dir, struct error *err)
{
	_cleanup_free_ char *clone = path_join(dir, "cgroup.clone_children");
	int r = cgroup_cpuset_fill(dir, err);

	if (r < 0)
		return r;
	/* Groups that are made inside begin with a copy of ours. */
	r = file_write(AT_FDCWD, clone, "1");
	if (r < 0)
		return error_errno(err, -r, "failed to write \"1\" to %s", clone);
	return 0;
}
