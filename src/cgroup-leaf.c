/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * On v2 a group whose children have controllers holds no process itself ("no internal
 * processes", cgroups(7)). Inside, the group that was given to the container is the root; an
 * engine there enables controllers in it for its own containers. systemd first moves itself to
 * init.scope, but an engine that was started by hand expects a root that nobody lives in, as on
 * a machine. Without one, runc makes the group threaded: then no limit on memory is possible,
 * and no list of a container's processes.
 *
 * So init leaves the root before its program begins, and later processes (exec) go where init
 * is. Before, at create, it must be in the root: what is its group then is what containerd's
 * shim takes for the container's, and `docker stats` shows. Moving a process costs an RCU grace
 * period, some 12 ms on an idle machine, as much as runc pays at create. To be born in the leaf
 * would be free, but then the shim would take the leaf for the container's group. The leaf has
 * the name that systemd uses for itself and does not mistake for its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

#define LEAF	 "init.scope"
#define TEXT_MAX (1u << 20)

/* As the container's root, so that all files are its own, those of later controllers too. */
static int make_leaf(int dirfd)
{
	struct stat st;
	int r;

	if (fstat(dirfd, &st) < 0)
		return -errno;
	setfsgid(st.st_gid);
	setfsuid(st.st_uid);
	r = mkdirat(dirfd, LEAF, 0755) < 0 && errno != EEXIST ? -errno : 0;
	setfsuid(0);
	setfsgid(0);
	return r;
}

/* Init, and what hooks or an exec before start have left running. */
static int move_all(int dirfd)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	int r = file_read(dirfd, "cgroup.procs", TEXT_MAX, &text, NULL);

	if (r < 0)
		return r;
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		r = file_write(dirfd, LEAF "/cgroup.procs", p);
		if (r < 0 && r != -ESRCH)
			return r;
	}
	return 0;
}

int cgroup_settle(const struct cgroup *cg, struct error *err)
{
	const struct cgroup_dir *d = cg->is_v2 ? cgroup_dir_v2(cg) : NULL;
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	if (!d)
		return 0;
	dirfd = cgroup_dir_open_ours(cg, d, err);
	if (dirfd < 0)
		return dirfd;
	r = make_leaf(dirfd);
	if (r == 0)
		r = move_all(dirfd);
	return r < 0 ? error_errno(err, -r, "move the container's init to %s/%s", d->path, LEAF)
		     : 0;
}

/* The path of a process in the v2 hierarchy: "0::/docker/ID/init.scope" of /proc/PID/cgroup. */
static int v2_path_of(pid_t pid, char **ret)
{
	_cleanup_free_ char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	int r;

	r = file_read(AT_FDCWD, file, TEXT_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (str_has_prefix(l, "0::/")) {
			*ret = xstrdup(l + 3);
			return 0;
		}
	return -ENOENT;
}

/* The root of the hierarchy that `dir` is in: the topmost directory that is a cgroup. */
static char *hierarchy_root(const char *dir)
{
	_cleanup_free_ char *at = xstrdup(dir);

	for (char *slash; (slash = strrchr(at, '/')) && slash != at;) {
		_cleanup_free_ char *controllers = NULL;

		*slash = '\0';
		controllers = path_join(at, "cgroup.controllers");
		if (access(controllers, F_OK) < 0) {
			*slash = '/';
			break;
		}
	}
	return take_ptr(&at);
}

/*
 * Where the container's init is, in or below our v2 directory. An inner
 * manager that enables controllers must first move all processes to leaves,
 * itself included.
 */
static int leaf_of_init(const struct cgroup_dir *d, pid_t init_pid, char **ret,
			struct error *err)
{
	_cleanup_free_ char *path = NULL, *root = NULL, *leaf = NULL;
	int r;

	r = v2_path_of(init_pid, &path);
	if (r < 0)
		return error_errno(err, -r, "find the cgroup of the container's init");
	root = hierarchy_root(d->path);
	leaf = path_join(root, path);
	if (!path_has_prefix(leaf, d->path))
		return error_set(
			err, EBUSY,
			"%s takes no process, and the container's init is elsewhere (%s)",
			d->path, leaf);
	*ret = take_ptr(&leaf);
	return 0;
}

static bool hands_down_controllers(const struct cgroup_dir *d)
{
	_cleanup_free_ char *path = path_join(d->path, "cgroup.subtree_control");
	_cleanup_free_ char *text = NULL;

	return file_read_line(AT_FDCWD, path, &text) == 0 && *text;
}

int cgroup_place(const struct cgroup *cg, const struct cgroup_dir *d, pid_t init_pid,
		 char **ret, struct error *err)
{
	if (init_pid > 0 && !d->is_exact && (cg->is_v2 || hands_down_controllers(d)))
		return leaf_of_init(d, init_pid, ret, err);
	*ret = xstrdup(d->path);
	return 0;
}
