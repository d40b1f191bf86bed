/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Single files are not the only source for the number of CPUs: old C libraries and lscpu
 * count the directories cpuN. A directory that has fewer entries than the kernel's has to be
 * one of ours. Its contents are read from the host each time; only names are kept, since the
 * kernel refers to files by numbers, and a new worker must be able to find them again.
 *
 * Names are appended and never removed, and there are at most as many as the host has files
 * there. A hash in the same memory finds them. If a worker dies in the middle, a name may be
 * left that is not found again: it gets a second number.
 */
#include "fs/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs/mirror-block.h"
#include "fs/mirror-filter.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/sys.h"

/* A hundred files for each of 600 CPUs; anything beyond is not found. */
#define NAMES_MAX 65536u
#define BUCKETS	  (2 * NAMES_MAX)
#define NAME_LEN  56
#define ROW	  (UINT32_C(1) << 31)
#define DEPTH_MAX 12
#define PATH_LEN  512
#define TEXT_LEN  (64u << 10)

struct name {
	uint32_t dir;
	char text[NAME_LEN];
};

/* Pages that are never touched cost nothing. */
struct mirror_names {
	uint32_t n; /* number 0 means none */
	uint32_t buckets[BUCKETS];
	struct name names[NAMES_MAX];
};

int mirror_map(struct mirror_names **ret, struct error *err)
{
	void *p = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return error_errno(err, errno, "map the names of mirrored files");
	*ret = p;
	(*ret)->n = 1;
	return 0;
}

void mirror_unmap(struct mirror_names *n)
{
	if (n)
		(void)munmap(n, sizeof(*n));
}

uint32_t mirror_row(size_t i)
{
	return ROW | (uint32_t)i;
}

/* ------------------------------------------------------------------ names */

static uint32_t hash(uint32_t dir, const char *name)
{
	uint32_t h = 2166136261u ^ dir;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* The bucket of this name, or the free one where it belongs. */
static uint32_t *bucket_of(struct mirror_names *t, uint32_t dir, const char *name)
{
	for (uint32_t i = hash(dir, name);; i++) {
		uint32_t *b = &t->buckets[i % BUCKETS];

		if (!*b || (t->names[*b].dir == dir && str_eq(t->names[*b].text, name)))
			return b;
	}
}

static int intern(struct mirror_names *t, uint32_t dir, const char *name, uint32_t *ret)
{
	uint32_t *b = bucket_of(t, dir, name);

	if (!*b) {
		if (t->n == NAMES_MAX)
			return -ENFILE;
		t->names[t->n].dir = dir;
		(void)snprintf(t->names[t->n].text, NAME_LEN, "%s", name);
		__atomic_add_fetch(&t->n, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(b, t->n - 1, __ATOMIC_SEQ_CST);
	}
	*ret = *b;
	return 0;
}

/* Where a node is: below the directory that the descriptor stands for. */
struct place {
	int dirfd;
	const struct region *region;
	char path[PATH_LEN]; /* as the container sees it */
};

static int below_system(int dirfd, const char *path, char *ret, size_t size)
{
	(void)dirfd;
	return (size_t)snprintf(ret, size, "devices/system/%s", path) >= size ? -ENAMETOOLONG
									      : 0;
}

/* Chosen by the start of a row's path; the first match counts. */
static const struct region {
	const char *prefix;
	size_t dirfd; /* offset of it in struct mirror */
	/* NULL: as on the host. */
	bool (*shows)(struct view *v, const char *path);
	void (*text)(struct view *v, const char *path, const char *text, struct strbuf *out);
	/* Where it is on the host, and what a link there contains here. */
	int (*path)(int dirfd, const char *path, char *ret, size_t size);
	ssize_t (*link)(const char *path, const char *real, const char *text, char *ret,
			size_t size);
} regions[] = {
	{.prefix = "proc/sys/", .dirfd = offsetof(struct mirror, sysctl_dirfd)},
	{.prefix = "sys/devices/system/",
	 .dirfd = offsetof(struct mirror, sysfs_dirfd),
	 .shows = mirror_filter_shows,
	 .text = mirror_filter_text,
	 .path = below_system},
	{.prefix = "sys/",
	 .dirfd = offsetof(struct mirror, sysfs_dirfd),
	 .shows = mirror_block_shows,
	 .text = mirror_block_text,
	 .path = mirror_block_path,
	 .link = mirror_block_link},
};

static const struct region *region_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		if (str_has_prefix(path, regions[i].prefix))
			return &regions[i];
	return NULL;
}

static int place_of_row(const struct mirror *m, size_t row, struct place *ret)
{
	const char *path;
	const int *dirfd;

	if (row >= n_emul_files || emul_files[row].kind != EMUL_MIRROR)
		return -ESTALE;
	path = emul_files[row].path;
	ret->region = region_of(path);
	if (!ret->region)
		return -ESTALE;
	dirfd = (const void *)((const char *)m + ret->region->dirfd);
	ret->dirfd = *dirfd;
	(void)snprintf(ret->path, sizeof(ret->path), "%s", path + strlen(ret->region->prefix));
	return 0;
}

static int place_of(const struct mirror *m, uint32_t node, struct place *ret)
{
	const char *names[DEPTH_MAX];
	size_t n = 0, len;
	int r;

	for (; !(node & ROW); node = m->names->names[node].dir) {
		if (n == DEPTH_MAX || node == 0 || node >= m->names->n)
			return -ESTALE;
		names[n++] = m->names->names[node].text;
	}
	r = place_of_row(m, node & ~ROW, ret);
	if (r < 0)
		return r;
	for (len = strlen(ret->path); n > 0 && len < sizeof(ret->path); n--)
		len += (size_t)snprintf(ret->path + len, sizeof(ret->path) - len, "/%s",
					names[n - 1]);
	return n > 0 ? -ENAMETOOLONG : 0;
}

/* ------------------------------------------------------------------ files */

/* Its place on the host. */
static int path_on_host(const struct place *p, char ret[PATH_LEN])
{
	if (p->region->path)
		return p->region->path(p->dirfd, p->path, ret, PATH_LEN);
	memcpy(ret, p->path, PATH_LEN);
	return 0;
}

static int open_place(const struct place *p, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char path[PATH_LEN];
	int r = path_on_host(p, path), fd;

	if (r < 0)
		return r;
	fd = sys_openat2(p->dirfd, path, &how);
	return fd < 0 ? -errno : fd;
}

static bool is_shown(const struct mirror *m, const struct place *p)
{
	return !p->region->shows || p->region->shows(m->view, p->path);
}

static int stat_place(const struct place *p, struct stat *ret)
{
	char path[PATH_LEN];
	int r = path_on_host(p, path);

	if (r < 0)
		return r;
	if (fstatat(p->dirfd, path, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	ret->st_mode &= ~(mode_t)0222;
	return 0;
}

static bool is_name(const char *name)
{
	return *name && !str_eq(name, ".") && !str_eq(name, "..") && !strchr(name, '/') &&
	       strlen(name) < NAME_LEN;
}

/* The place of a name that exists and is visible. */
static int place_in(const struct mirror *m, uint32_t dir, const char *name, struct place *ret)
{
	int r = is_name(name) ? place_of(m, dir, ret) : -ENOENT;
	size_t len;

	if (r < 0)
		return r;
	len = strlen(ret->path);
	if ((size_t)snprintf(ret->path + len, sizeof(ret->path) - len, "/%s", name) >=
	    sizeof(ret->path) - len)
		return -ENAMETOOLONG;
	return is_shown(m, ret) ? 0 : -ENOENT;
}

int mirror_find(const struct mirror *m, uint32_t dir, const char *name, uint32_t *ret)
{
	struct place p;
	struct stat st;
	int r = place_in(m, dir, name, &p);

	if (r == 0)
		r = stat_place(&p, &st);
	return r < 0 ? r : intern(m->names, dir, name, ret);
}

int mirror_stat(const struct mirror *m, uint32_t node, struct stat *ret)
{
	struct place p;
	int r = place_of(m, node, &p);

	if (r == 0 && !(node & ROW) && !is_shown(m, &p))
		r = -ENOENT;
	return r < 0 ? r : stat_place(&p, ret);
}

static int read_text(const struct place *p, char **ret)
{
	_cleanup_close_ int fd = open_place(p, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* We have more rights than the container. */
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH))
		return -EACCES;
	return fd_read_all(fd, TEXT_LEN, ret, NULL);
}

int mirror_read(const struct mirror *m, uint32_t node, struct strbuf *out)
{
	_cleanup_free_ char *text = NULL;
	struct place p;
	int r = place_of(m, node, &p);

	if (r == 0)
		r = read_text(&p, &text);
	if (r < 0)
		return r;
	if (p.region->text)
		p.region->text(m->view, p.path, text, out);
	else
		strbuf_adds(out, text);
	return 0;
}

ssize_t mirror_readlink(const struct mirror *m, uint32_t node, char *buf, size_t size)
{
	char path[PATH_LEN], text[PATH_LEN];
	struct place p;
	ssize_t n;
	int r = place_of(m, node, &p);

	if (r == 0)
		r = path_on_host(&p, path);
	if (r < 0)
		return r;
	n = readlinkat(p.dirfd, path, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (p.region->link)
		return p.region->link(p.path, path, text, buf, size);
	if ((size_t)n > size)
		return -ENAMETOOLONG;
	memcpy(buf, text, (size_t)n);
	return n;
}

/* ------------------------------------------------------------------ lists */

static int list_entry(const struct mirror *m, const struct place *dir, const struct dirent64 *e,
		      mirror_list_fn fn, void *arg)
{
	struct place p = {.dirfd = dir->dirfd, .region = dir->region};
	struct stat st;

	if (!is_name(e->d_name) || (size_t)snprintf(p.path, sizeof(p.path), "%s/%s", dir->path,
						    e->d_name) >= sizeof(p.path))
		return 0;
	if (!is_shown(m, &p))
		return 0;
	/* Some links are shown as directories. */
	if (e->d_type != DT_LNK || stat_place(&p, &st) < 0)
		return fn(e->d_name, DTTOIF(e->d_type), arg);
	return fn(e->d_name, st.st_mode & S_IFMT, arg);
}

int mirror_list(const struct mirror *m, uint32_t dir, mirror_list_fn fn, void *arg)
{
	_cleanup_close_ int fd = -EBADF;
	struct place p;
	union {
		struct dirent64 align;
		char bytes[4096];
	} buf;
	ssize_t n;
	int r = place_of(m, dir, &p);

	if (r == 0)
		r = fd = open_place(&p, O_RDONLY | O_DIRECTORY);
	if (r < 0)
		return r;
	while ((n = getdents64(fd, buf.bytes, sizeof(buf.bytes))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(buf.bytes + at);

			r = list_entry(m, &p, e, fn, arg);
			if (r != 0)
				return r;
			at += e->d_reclen;
		}
	return n < 0 ? -errno : 0;
}
