/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * In which cgroups a process is, /proc/PID/cgroup says; where their directories are, the mount
 * table. They are opened below a detached clone of the hierarchy's mount: ".." of its top leads
 * nowhere.
 *
 * For processes of inner containers that clone is all there is: their lines are paths below it,
 * or lead elsewhere, and then the container's own cgroup stands for theirs.
 */
#include "fs/cgroup-read-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"

static bool leads_upwards(const char *path)
{
	_cleanup_(strv_freep) char **parts = strv_split(path, "/");

	return strv_contains(parts, "..");
}

int cgroup_read_add(struct cgroup_read *c, enum cgroup_version version, const char *controllers,
		    int base_dirfd, const char *path)
{
	struct cgroup_chain *chain;
	int r;

	if (leads_upwards(path))
		return -EINVAL;
	if (c->n_chains == CGROUP_READ_CHAINS)
		return -ENOSPC;
	chain = cgroup_chain_add(c, version, controllers, path);
	chain->base_fd = fd_dup(base_dirfd);
	r = cgroup_chain_open(chain, base_dirfd, path);
	if (r == 0)
		cgroup_chain_claim(c, chain);
	return r;
}

bool cgroup_line_parse(char *line, struct cgroup_line *ret)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path || path[1] != '/')
		return false;
	*path++ = '\0';
	*ret = (struct cgroup_line){.controllers = controllers + 1, .path = path};
	return true;
}

/* Is it a mount of this hierarchy? One of v1 shows its controllers among its options. */
static bool is_mount_of(const struct mountinfo *m, const char *controllers)
{
	_cleanup_(strv_freep) char **words = NULL;

	if (*controllers == '\0')
		return str_eq(m->fstype, "cgroup2");
	if (!str_eq(m->fstype, "cgroup"))
		return false;
	words = strv_split(controllers, ",");
	for (char **w = words; w && *w; w++)
		if (!cgroup_has_controller(m->fs_options, *w))
			return false;
	return true;
}

/* The cgroup's path is taken below the part of the hierarchy that the mount shows. */
static int add_mount(struct cgroup_read *c, const struct mountinfo *m,
		     const struct cgroup_line *line)
{
	_cleanup_close_ int base = -EBADF;
	struct cgroup_chain *chain;
	size_t root_len;
	int r;

	if (!path_has_prefix(line->path, m->root))
		return -ENOENT;
	base = mount_clone(AT_FDCWD, m->target, MOUNT_CLONE_ONE);
	if (base < 0)
		return base;
	root_len = str_eq(m->root, "/") ? 0 : strlen(m->root);
	r = cgroup_read_add(c, *line->controllers ? CGROUP_V1 : CGROUP_V2, line->controllers,
			    base, line->path + root_len);
	if (r < 0)
		return r;
	chain = &c->chains[c->n_chains - 1];
	free(chain->path);
	chain->path = xstrdup(line->path);
	chain->root_len = root_len;
	return 0;
}

static void add_line(struct cgroup_read *c, const struct cgroup_line *line,
		     struct mountinfo *const *mounts, size_t n_mounts)
{
	if (!cgroup_is_read(line->controllers))
		return;
	for (size_t i = 0; i < n_mounts; i++)
		if (is_mount_of(mounts[i], line->controllers) &&
		    add_mount(c, mounts[i], line) == 0)
			return;
}

/* The kernel lists v2 last: a controller with a v1 hierarchy is found there first. */
int cgroup_read_open(struct cgroup_read *c, pid_t pid, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/cgroup", pid);
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **lines = NULL;
	struct mountinfo **mounts = NULL;
	size_t n_mounts = 0;
	int r = file_read(AT_FDCWD, path, 1 << 20, &text, NULL);

	if (r < 0)
		return error_errno(err, -r, "read %s", path);
	r = mountinfo_all(&mounts, &n_mounts);
	if (r < 0)
		return error_errno(err, -r, "read the mount table");
	lines = strv_split(text, "\n");
	for (char **l = lines; l && *l; l++) {
		struct cgroup_line line;

		if (cgroup_line_parse(*l, &line))
			add_line(c, &line, mounts, n_mounts);
	}
	mountinfo_free_all(mounts, n_mounts);
	return 0;
}

/* ------------------------------------------------------------------ other processes */

/* The path of this hierarchy's line, owned; NULL: there is none. */
static char *path_in(const char *text, const char *controllers)
{
	_cleanup_(strv_freep) char **lines = strv_split(text, "\n");

	for (char **l = lines; l && *l; l++) {
		struct cgroup_line line;

		if (cgroup_line_parse(*l, &line) && str_eq(line.controllers, controllers))
			return xstrdup(line.path);
	}
	return NULL;
}

/* The path below base_fd; NULL: it leads elsewhere. */
static const char *below_base(const struct cgroup_chain *chain, const char *path)
{
	if (!path || leads_upwards(path) || strncmp(path, chain->path, chain->root_len) != 0 ||
	    (path[chain->root_len] != '/' && path[chain->root_len] != '\0'))
		return NULL;
	return path + chain->root_len;
}

void cgroup_read_within(struct cgroup_read *c, const struct cgroup_read *outer,
			const char *text)
{
	for (size_t i = 0; i < outer->n_chains; i++) {
		const struct cgroup_chain *o = &outer->chains[i];
		_cleanup_free_ char *path = path_in(text, o->controllers);
		const char *below = below_base(o, path);
		struct cgroup_chain *chain;

		if (o->base_fd < 0)
			continue;
		chain = cgroup_chain_add(c, o->version, o->controllers, below ? path : o->path);
		chain->unopened = xstrdup(below ? below : o->path + o->root_len);
		chain->unopened_dirfd = o->base_fd;
		cgroup_chain_claim(c, chain);
	}
}

bool cgroup_read_is_same(const struct cgroup_read *c, const char *text)
{
	for (size_t i = 0; i < c->n_chains; i++) {
		_cleanup_free_ char *path = path_in(text, c->chains[i].controllers);

		if (path && !str_eq(path, c->chains[i].path))
			return false;
	}
	return true;
}

bool cgroup_read_exists(const struct cgroup_read *c, const char *text)
{
	for (size_t i = 0; i < c->n_chains; i++) {
		const struct cgroup_chain *chain = &c->chains[i];
		_cleanup_free_ char *path = path_in(text, chain->controllers);
		const char *below = below_base(chain, path);

		if (below && chain->base_fd >= 0 &&
		    (*below == '\0' || below[1] == '\0' ||
		     faccessat(chain->base_fd, below + 1, F_OK, 0) == 0))
			return true;
	}
	return false;
}

int cgroup_read_open_memory_tasks(const struct cgroup_read *c)
{
	const struct cgroup_chain *chain = c->chain_of[CGROUP_MEMORY_USAGE];
	int fd;

	if (!chain || chain->version != CGROUP_V1 || chain->n_levels == 0)
		return -ENOTSUP;
	fd = openat(chain->dirfds[chain->n_levels - 1], "tasks", O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

char *cgroup_read_v2_path(const struct cgroup_read *c, const char *text, int *ret_dirfd)
{
	const struct cgroup_chain *chain = c->chain_of[CGROUP_MEMORY_USAGE];
	_cleanup_free_ char *path = NULL;
	const char *below;

	if (!chain || chain->version != CGROUP_V2 || chain->base_fd < 0)
		return NULL;
	path = path_in(text, chain->controllers);
	below = below_base(chain, path);
	if (!below)
		return NULL;
	*ret_dirfd = chain->base_fd;
	while (*below == '/')
		below++;
	return xstrdup(*below ? below : ".");
}
