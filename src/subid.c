/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The pool is cut into slots of SUBID_RANGE ids. /run/sysbox/subid holds one
 * symbolic link per taken stretch, named by its first host id and size
 * ("1879048192-65536"), pointing to the owner's state directory: made and read in
 * one system call each, never half-written. All changes happen under a flock(2) on
 * the directory's lock file.
 *
 * A link whose target directory is gone belongs to a runtime that was killed, or
 * to nobody: free. State directories live on a tmpfs as this one does, so a reboot
 * clears both.
 */
#include "src/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "lib/strv.h"

#define SUBID_DIR      "/run/sysbox/subid"
#define SUBID_FILE_MAX (4u << 20)
/*
 * The default pool: above what systemd gives to its containers (524288 to
 * 1879048191) and below 2^31, where signed ids become a problem; see systemd's
 * "Users, Groups, UIDs and GIDs".
 */
#define POOL_FIRST 1879048192u
#define POOL_LAST  2147418111u

struct range {
	uint32_t first;
	uint32_t size;
};

struct ranges {
	struct range *v;
	size_t n;
};

static void ranges_done(struct ranges *r)
{
	free(r->v);
}

static void ranges_add(struct ranges *r, uint32_t first, uint32_t size)
{
	struct range *slot = array_add((void **)&r->v, &r->n, sizeof(*slot));

	*slot = (struct range){.first = first, .size = size};
}

static bool overlaps(const struct ranges *r, uint32_t first, uint32_t size)
{
	for (size_t i = 0; i < r->n; i++)
		if (first < (uint64_t)r->v[i].first + r->v[i].size &&
		    r->v[i].first < (uint64_t)first + size)
			return true;
	return false;
}

/* Lines "user:first:count" of subuid(5): those of "sysbox" are ours, all others are taken. */
static void read_subid_file(const char *path, struct ranges *pool, struct ranges *taken)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **lines = NULL;

	if (file_read(AT_FDCWD, path, SUBID_FILE_MAX, &text, NULL) < 0)
		return;
	lines = strv_split(text, "\n");
	for (char **l = lines; l && *l; l++) {
		_cleanup_(strv_freep) char **fields = strv_split(*l, ":");
		uint32_t first, count;

		if (strv_len(fields) != 3 || str_to_u32(fields[1], &first) < 0 ||
		    str_to_u32(fields[2], &count) < 0)
			continue;
		ranges_add(str_eq(fields[0], "sysbox") ? pool : taken, first, count);
	}
}

/*
 * A pool range must be good for uids and gids alike: subtract nothing, but both files are
 * read.
 */
static void read_pool(struct ranges *pool, struct ranges *taken)
{
	struct ranges gid_pool = {0};

	read_subid_file("/etc/subuid", pool, taken);
	read_subid_file("/etc/subgid", &gid_pool, taken);
	ranges_done(&gid_pool);
	if (pool->n == 0)
		ranges_add(pool, POOL_FIRST, POOL_LAST - POOL_FIRST + 1);
}

static bool parse_name(const char *name, struct range *ret)
{
	unsigned int first, size;
	int end = 0;

	if (sscanf(name, "%u-%u%n", &first, &size, &end) != 2 || name[end])
		return false;
	*ret = (struct range){.first = first, .size = size};
	return true;
}

static bool read_owner(int dirfd, const char *name, char owner[PATH_MAX])
{
	ssize_t n = readlinkat(dirfd, name, owner, PATH_MAX - 1);

	owner[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/*
 * Walk over what is taken. Links of owners that are gone are removed. Returns 1
 * and the range when `owner` has one, else 0.
 */
static int scan(int dirfd, const char *owner, struct ranges *taken, struct range *ret)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int found = 0, more = dir_open(&dir, dirfd, ".");

	while (more >= 0 && (more = dir_next(dir, &e)) > 0) {
		char target[PATH_MAX];
		struct range r;

		if (!parse_name(e->d_name, &r) || !read_owner(dirfd, e->d_name, target))
			continue;
		if (str_eq(target, owner)) {
			*ret = r;
			found = 1;
		} else if (access(target, F_OK) < 0 && errno == ENOENT) {
			(void)unlinkat(dirfd, e->d_name, 0);
		} else {
			ranges_add(taken, r.first, r.size);
		}
	}
	return more < 0 ? more : found;
}

static bool find_free(const struct ranges *pool, const struct ranges *taken, uint32_t size,
		      uint32_t *ret)
{
	for (size_t i = 0; i < pool->n; i++) {
		uint64_t end = (uint64_t)pool->v[i].first + pool->v[i].size;

		/* (uid_t)-1 is nobody, and what lies beyond it is nothing. */
		if (end > UINT32_MAX)
			end = UINT32_MAX;
		for (uint64_t first = pool->v[i].first; first + size <= end;
		     first += SUBID_RANGE) {
			if (overlaps(taken, (uint32_t)first, size))
				continue;
			*ret = (uint32_t)first;
			return true;
		}
	}
	return false;
}

static int open_dir(struct error *err)
{
	int fd;

	if (mkdir("/run/sysbox", 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make /run/sysbox");
	if (mkdir(SUBID_DIR, 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make " SUBID_DIR);
	fd = open(SUBID_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "open " SUBID_DIR) : fd;
}

static int claim(int dirfd, const char *owner, const struct ranges *taken, uint32_t size,
		 uint32_t *ret, struct error *err)
{
	_cleanup_(ranges_done) struct ranges pool = {0}, used = {0};
	char name[32];

	for (size_t i = 0; i < taken->n; i++)
		ranges_add(&used, taken->v[i].first, taken->v[i].size);
	read_pool(&pool, &used);
	if (!find_free(&pool, &used, size, ret))
		return error_set(
			err, ENOSPC,
			"all id ranges are taken (%zu containers): remove containers, or give "
			"the user \"sysbox\" more ids in /etc/subuid and /etc/subgid",
			taken->n);
	(void)snprintf(name, sizeof(name), "%u-%u", *ret, size);
	if (symlinkat(owner, dirfd, name) < 0)
		return error_errno(err, errno, "record the id range in " SUBID_DIR);
	return 0;
}

int subid_reserve(const char *owner, uint32_t size, uint32_t *ret_base, struct error *err)
{
	_cleanup_close_ int dirfd = open_dir(err), lock = -EBADF;
	_cleanup_(ranges_done) struct ranges taken = {0};
	struct range mine;
	int r;

	if (dirfd < 0)
		return dirfd;
	lock = lockfile_open(dirfd, "lock", LOCK_WAIT);
	if (lock < 0)
		return error_errno(err, -lock, "lock " SUBID_DIR);
	r = scan(dirfd, owner, &taken, &mine);
	if (r < 0)
		return error_errno(err, -r, "read " SUBID_DIR);
	if (r == 0)
		return claim(dirfd, owner, &taken, size, ret_base, err);
	*ret_base = mine.first;
	return 0;
}

bool subid_is_pool(uint32_t id)
{
	_cleanup_(ranges_done) struct ranges pool = {0}, taken = {0};

	read_pool(&pool, &taken);
	return overlaps(&pool, id, 1);
}

int subid_release(const char *owner, struct error *err)
{
	_cleanup_close_ int dirfd = open_dir(err), lock = -EBADF;
	_cleanup_(ranges_done) struct ranges taken = {0};
	struct range mine;
	char name[32];
	int r;

	if (dirfd < 0)
		return dirfd;
	lock = lockfile_open(dirfd, "lock", LOCK_WAIT);
	if (lock < 0)
		return error_errno(err, -lock, "lock " SUBID_DIR);
	r = scan(dirfd, owner, &taken, &mine);
	if (r <= 0)
		return r < 0 ? error_errno(err, -r, "read " SUBID_DIR) : 0;
	(void)snprintf(name, sizeof(name), "%u-%u", mine.first, mine.size);
	return unlinkat(dirfd, name, 0) < 0 ? error_errno(err, errno, "release %s", name) : 0;
}
