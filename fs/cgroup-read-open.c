/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The worker that reads has no path to any file, so the keeper opens directories and files
 * beforehand, and reading is pread(2) at offset 0: kernfs generates the text anew. An open
 * file does not prevent the removal of the cgroup; reads then fail with ENODEV, and the
 * quantity is unknown.
 *
 * The directories are those of a detached clone of the hierarchy's mount: ".." of
 * its top leads nowhere.
 *
 * A controller belongs to one hierarchy. On hybrid hosts some are in v1 trees and v2 has the
 * rest, so each quantity is looked up in the chain of its own controller.
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

/* memory.stat and the per-CPU tables are the longest; what does not fit is ignored. */
#define TEXT_MAX (128u << 10)

static const struct file_info {
	const char *v1_controller;
	const char *v1_name; /* NULL: part of another file; the same ... */
	const char *v2_name; /* ... here */
	bool of_every_level;
} files[] = {
	[CGROUP_MEMORY_LIMIT] = {"memory", NULL, "memory.max", true},
	[CGROUP_SWAP_LIMIT] = {"memory", NULL, "memory.swap.max", true},
	[CGROUP_CPU_QUOTA] = {"cpu", "cpu.cfs_quota_us", "cpu.max", true},
	[CGROUP_CPU_PERIOD] = {"cpu", "cpu.cfs_period_us", NULL, true},
	[CGROUP_CPUSET] = {"cpuset", "cpuset.effective_cpus", "cpuset.cpus.effective", true},
	[CGROUP_MEMS] = {"cpuset", "cpuset.effective_mems", "cpuset.mems.effective", true},
	[CGROUP_MEMORY_USAGE] = {"memory", "memory.usage_in_bytes", "memory.current", false},
	[CGROUP_SWAP_USAGE] = {"memory", NULL, "memory.swap.current", false},
	[CGROUP_MEMORY_STAT] = {"memory", "memory.stat", "memory.stat", false},
	[CGROUP_CPU_USAGE] = {"cpuacct", "cpuacct.usage_all", "cpu.stat", false},
	[CGROUP_IO_BYTES] = {"blkio", "blkio.throttle.io_service_bytes_recursive", "io.stat",
			     false},
	[CGROUP_IO_COUNT] = {"blkio", "blkio.throttle.io_serviced_recursive", NULL, false},
};
static_assert(ARRAY_SIZE(files) == CGROUP_N_FILES, "every file has its row");

struct cgroup_read *cgroup_read_new(void)
{
	struct cgroup_read *c = xcalloc(1, sizeof(*c));

	for (size_t f = 0; f < CGROUP_N_FILES; f++)
		for (size_t l = 0; l < CGROUP_READ_LEVELS; l++)
			c->fds[f][l] = -EBADF;
	c->buf = xmalloc(TEXT_MAX);
	return c;
}

static void chain_done(struct cgroup_chain *chain)
{
	for (size_t l = 0; l < chain->n_levels; l++)
		fd_close(chain->dirfds[l]);
	fd_close(chain->base_fd);
	free(chain->controllers);
	free(chain->path);
}

struct cgroup_read *cgroup_read_free(struct cgroup_read *c)
{
	if (!c)
		return NULL;
	for (size_t f = 0; f < CGROUP_N_FILES; f++)
		for (size_t l = 0; l < CGROUP_READ_LEVELS; l++)
			fd_close(c->fds[f][l]);
	for (size_t i = 0; i < c->n_chains; i++)
		chain_done(&c->chains[i]);
	free(c->buf);
	free(c);
	return NULL;
}

/* ------------------------------------------------------------------ finding the files */

static bool has_word(const char *list, const char *word)
{
	_cleanup_(strv_freep) char **words = strv_split(list, ",");

	return strv_contains(words, word);
}

static const char *name_of(const struct cgroup_chain *chain, enum cgroup_file f)
{
	return chain->version == CGROUP_V1 ? files[f].v1_name : files[f].v2_name;
}

static void open_file(struct cgroup_read *c, enum cgroup_file f, size_t level)
{
	const struct cgroup_chain *chain = c->chain_of[f];
	const char *name = name_of(chain, f);

	if (!name || c->fds[f][level] >= 0)
		return;
	if (!files[f].of_every_level && level + 1 != chain->n_levels)
		return;
	c->fds[f][level] = openat(chain->dirfds[level], name, O_RDONLY | O_CLOEXEC);
}

void cgroup_read_reopen(struct cgroup_read *c)
{
	for (enum cgroup_file f = 0; f < CGROUP_N_FILES; f++)
		for (size_t l = 0; c->chain_of[f] && l < c->chain_of[f]->n_levels; l++)
			open_file(c, f, l);
}

static int open_level(struct cgroup_chain *chain, int base_dirfd, const char *path)
{
	int fd = openat(base_dirfd, *path ? path : ".",
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (chain->n_levels == CGROUP_READ_LEVELS) {
		fd_close(chain->dirfds[0]);
		memmove(chain->dirfds, chain->dirfds + 1,
			(CGROUP_READ_LEVELS - 1) * sizeof(*chain->dirfds));
		chain->n_levels--;
	}
	chain->dirfds[chain->n_levels++] = fd;
	return 0;
}

/* "/a/b": ".", "a", "a/b". */
static int open_levels(struct cgroup_chain *chain, int base_dirfd, const char *path)
{
	_cleanup_free_ char *clean = path_clean(path);
	char *rest = clean + (*clean == '/');
	int r = open_level(chain, base_dirfd, "");

	for (char *p = rest; r == 0 && *rest && p;) {
		p = strchr(p, '/');
		if (p)
			*p = '\0';
		r = open_level(chain, base_dirfd, rest);
		if (p)
			*p++ = '/';
	}
	return r;
}

static bool leads_upwards(const char *path)
{
	_cleanup_(strv_freep) char **parts = strv_split(path, "/");

	return strv_contains(parts, "..");
}

/* Each quantity uses the first chain that has its controller. */
static void claim_files(struct cgroup_read *c, const struct cgroup_chain *chain)
{
	for (enum cgroup_file f = 0; f < CGROUP_N_FILES; f++)
		if (!c->chain_of[f] && (chain->version == CGROUP_V2 ||
					has_word(chain->controllers, files[f].v1_controller)))
			c->chain_of[f] = chain;
	cgroup_read_reopen(c);
}

/* Whatever it opens is closed with the rest. */
static struct cgroup_chain *new_chain(struct cgroup_read *c, enum cgroup_version version,
				      const char *controllers, const char *path)
{
	struct cgroup_chain *chain = &c->chains[c->n_chains++];

	*chain = (struct cgroup_chain){
		.version = version,
		.controllers = xstrdup(controllers),
		.path = xstrdup(path),
		.base_fd = -EBADF,
	};
	return chain;
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
	chain = new_chain(c, version, controllers, path);
	chain->base_fd = fd_dup(base_dirfd);
	r = open_levels(chain, base_dirfd, path);
	if (r == 0)
		claim_files(c, chain);
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

static bool is_wanted(const char *controllers)
{
	for (size_t f = 0; f < ARRAY_SIZE(files); f++)
		if (has_word(controllers, files[f].v1_controller))
			return true;
	return *controllers == '\0';
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
		if (!has_word(m->fs_options, *w))
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
	if (!is_wanted(line->controllers))
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
		chain = new_chain(c, o->version, o->controllers, below ? path : o->path);
		(void)open_levels(chain, o->base_fd, below ? below : o->path + o->root_len);
		claim_files(c, chain);
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

/* ------------------------------------------------------------------ a text */

const char *cgroup_read_text(struct cgroup_read *c, enum cgroup_file f, size_t level)
{
	ssize_t n =
		c->fds[f][level] < 0 ? -1 : pread(c->fds[f][level], c->buf, TEXT_MAX - 1, 0);

	if (n < 0)
		return NULL;
	c->buf[n] = '\0';
	return c->buf;
}

size_t cgroup_read_n_levels(const struct cgroup_read *c, enum cgroup_file f)
{
	return c->chain_of[f] ? c->chain_of[f]->n_levels : 0;
}

bool cgroup_read_is_v1(const struct cgroup_read *c, enum cgroup_file f)
{
	return c->chain_of[f] && c->chain_of[f]->version == CGROUP_V1;
}

const char *cgroup_read_leaf(struct cgroup_read *c, enum cgroup_file f)
{
	size_t n = cgroup_read_n_levels(c, f);

	return n ? cgroup_read_text(c, f, n - 1) : NULL;
}
