/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The worker that reads has no path to any cgroup, so the keeper opens the directories
 * beforehand. A file stays open once it has been read, and reading it again is pread(2) at
 * offset 0: kernfs generates the text anew. An open file does not prevent the removal of the
 * cgroup; reads then fail with ENODEV, and the quantity is unknown.
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
#include "lib/path.h"
#include "lib/strv.h"

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
	free(chain->unopened);
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

bool cgroup_has_controller(const char *list, const char *name)
{
	_cleanup_(strv_freep) char **words = strv_split(list, ",");

	return strv_contains(words, name);
}

static const char *name_of(const struct cgroup_chain *chain, enum cgroup_file f)
{
	return chain->version == CGROUP_V1 ? files[f].v1_name : files[f].v2_name;
}

void cgroup_read_reopen(struct cgroup_read *c)
{
	memset(c->tried, 0, sizeof(c->tried));
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
int cgroup_chain_open(struct cgroup_chain *chain, int base_dirfd, const char *path)
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

/* Each quantity uses the first chain that has its controller. */
void cgroup_chain_claim(struct cgroup_read *c, struct cgroup_chain *chain)
{
	for (enum cgroup_file f = 0; f < CGROUP_N_FILES; f++)
		if (!c->chain_of[f] &&
		    (chain->version == CGROUP_V2 ||
		     cgroup_has_controller(chain->controllers, files[f].v1_controller)))
			c->chain_of[f] = chain;
}

struct cgroup_chain *cgroup_chain_add(struct cgroup_read *c, enum cgroup_version version,
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

bool cgroup_is_read(const char *controllers)
{
	for (size_t f = 0; f < ARRAY_SIZE(files); f++)
		if (cgroup_has_controller(controllers, files[f].v1_controller))
			return true;
	return *controllers == '\0';
}

/* NULL: no hierarchy has this file. */
static const struct cgroup_chain *open_chain(struct cgroup_read *c, enum cgroup_file f)
{
	struct cgroup_chain *chain = c->chain_of[f];

	if (chain && chain->unopened) {
		_cleanup_free_ char *path = take_ptr(&chain->unopened);

		(void)cgroup_chain_open(chain, chain->unopened_dirfd, path);
	}
	return chain;
}

static void open_file(struct cgroup_read *c, enum cgroup_file f, size_t level)
{
	const struct cgroup_chain *chain = open_chain(c, f);
	const char *name = chain ? name_of(chain, f) : NULL;

	if (!name || level >= chain->n_levels || c->tried[f] & (1u << level))
		return;
	if (!files[f].of_every_level && level + 1 != chain->n_levels)
		return;
	c->tried[f] |= 1u << level;
	c->fds[f][level] = openat(chain->dirfds[level], name, O_RDONLY | O_CLOEXEC);
}

const char *cgroup_read_text(struct cgroup_read *c, enum cgroup_file f, size_t level)
{
	ssize_t n;

	if (c->fds[f][level] < 0)
		open_file(c, f, level);
	n = c->fds[f][level] < 0 ? -1 : pread(c->fds[f][level], c->buf, TEXT_MAX - 1, 0);
	if (n < 0)
		return NULL;
	c->buf[n] = '\0';
	return c->buf;
}

size_t cgroup_read_n_levels(struct cgroup_read *c, enum cgroup_file f)
{
	const struct cgroup_chain *chain = open_chain(c, f);

	return chain ? chain->n_levels : 0;
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
