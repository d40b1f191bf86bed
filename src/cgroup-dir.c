/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of the hierarchies: which, how to read them, how to walk them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "lib/strlist.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

/* The processes of a machine at its pid limit (4 million): more than any other file. */
#define FILE_MAX (64u << 20)
/* A container's root cannot write attributes of this class. */
#define MARK_NAME "trusted.sysbox"
/* In a system container, whose root may set no other. */
#define MARK_NAME_INSIDE "user.sysbox"
/* More groups than that are an attack on our memory. */
#define WALK_DIRS_MAX 1000000u

bool cgroup_dir_has(const struct cgroup_dir *d, const char *controller)
{
	size_t len = strlen(controller);

	for (const char *p = d->controllers; (p = strstr(p, controller)); p += len)
		if ((p == d->controllers || p[-1] == ',') && (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

const struct cgroup_dir *cgroup_dir_find(const struct cgroup *cg, const char *controller)
{
	if (cg->is_v2)
		return &cg->dirs[0];
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (cgroup_dir_has(&cg->dirs[i], controller))
			return &cg->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (!*cg->dirs[i].controllers)
			return &cg->dirs[i];
	return NULL;
}

int cgroup_dir_open(const struct cgroup_dir *d, struct error *err)
{
	int fd = open(d->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "open the cgroup %s", d->path);
	return fd;
}

enum cgroup_owner cgroup_dir_owner(const struct cgroup *cg, const struct cgroup_dir *d)
{
	char mark[64];
	ssize_t n = lgetxattr(d->path, MARK_NAME, mark, sizeof(mark));

	if (n < 0 && errno == ENODATA)
		n = lgetxattr(d->path, MARK_NAME_INSIDE, mark, sizeof(mark));
	if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
		return CGROUP_GONE;
	if (n > 0 && cg->mark && (size_t)n == strlen(cg->mark) &&
	    memcmp(mark, cg->mark, (size_t)n) == 0)
		return CGROUP_OURS;
	return CGROUP_OTHERS;
}

enum cgroup_owner cgroup_owner(const struct cgroup *cg)
{
	enum cgroup_owner owner = CGROUP_GONE;

	for (size_t i = 0; i < cg->n_dirs && owner != CGROUP_OURS; i++) {
		enum cgroup_owner o = cgroup_dir_owner(cg, &cg->dirs[i]);

		if (o != CGROUP_GONE)
			owner = o;
	}
	return owner;
}

int cgroup_dir_mark(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err)
{
	if (!cg->mark)
		return error_set(err, EINVAL, "a cgroup without a mark");
	if (lsetxattr(d->path, MARK_NAME, cg->mark, strlen(cg->mark), 0) < 0 &&
	    (errno != EPERM ||
	     lsetxattr(d->path, MARK_NAME_INSIDE, cg->mark, strlen(cg->mark), 0) < 0))
		return error_errno(err, errno, "mark the cgroup %s as ours", d->path);
	return 0;
}

int cgroup_dir_open_ours(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err)
{
	if (cgroup_dir_owner(cg, d) == CGROUP_OTHERS)
		return error_set(err, EBUSY, "the cgroup %s is not this container's", d->path);
	return cgroup_dir_open(d, err);
}

int cgroup_read_key(int dirfd, const char *file, const char *key, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = strlen(key);
	char *save = NULL;
	int r;

	r = file_read(dirfd, file, FILE_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strncmp(l, key, len) == 0 && l[len] == ' ')
			return str_to_u64(l + len + 1, ret);
	return -ENODATA;
}

int cgroup_read_u64(int dirfd, const char *file, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = file_read_line(dirfd, file, &text);
	if (r < 0)
		return r;
	if (str_eq(text, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return str_to_u64(text, ret);
}

/*
 * The walk keeps one descriptor, of the directory it is in, and goes up by "..":
 * a tree that is deeper than our limit of open files, or than PATH_MAX, cannot
 * stop it. What is left to visit is kept by name.
 */
struct level {
	char *name;	 /* in the level above; NULL at the top */
	char **children; /* NULL: none */
	size_t next;
};

struct walk {
	int dirfd;
	struct level *levels;
	size_t n_levels;
	size_t n_dirs; /* seen so far */
};

static void walk_done(struct walk *w)
{
	for (size_t i = 0; i < w->n_levels; i++) {
		free(w->levels[i].name);
		strv_free(w->levels[i].children);
	}
	free(w->levels);
	fd_close(w->dirfd);
}

static int list_children(struct walk *w, char ***ret)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	_cleanup_strlist_ struct strlist names = {0};
	int r = dir_open(&dir, w->dirfd, ".");

	if (r < 0)
		return errno_is_gone(-r) ? 0 : r;
	while (w->n_dirs <= WALK_DIRS_MAX && (r = dir_next(dir, &e)) > 0) {
		if (e->d_type != DT_DIR)
			continue;
		w->n_dirs++;
		strlist_take(&names, xstrdup(e->d_name));
	}
	if (r < 0)
		return errno_is_gone(-r) ? 0 : r;
	*ret = strlist_steal(&names);
	return w->n_dirs > WALK_DIRS_MAX ? -E2BIG : 0;
}

static int walk_push(struct walk *w, const char *name, const struct cgroup_visitor *v)
{
	_cleanup_(strv_freep) char **children = NULL;
	struct level *l;
	int r;

	if (v->enter) {
		r = v->enter(w->dirfd, v->arg);
		if (r < 0)
			return r;
	}
	r = list_children(w, &children);
	if (r < 0)
		return r;
	l = array_add((void **)&w->levels, &w->n_levels, sizeof(*l));
	l->name = xstrdup(name);
	l->children = take_ptr(&children);
	return 0;
}

static int walk_down(struct walk *w, const char *name, const struct cgroup_visitor *v)
{
	int fd = openat(w->dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* removed by its owner meanwhile */
	fd_close(w->dirfd);
	w->dirfd = fd;
	return walk_push(w, name, v);
}

static int walk_up(struct walk *w, const struct cgroup_visitor *v)
{
	struct level *l = &w->levels[w->n_levels - 1];
	_cleanup_free_ char *name = take_ptr(&l->name);
	int fd;

	strv_free(l->children);
	w->n_levels--;
	if (!name)
		return 0;
	fd = openat(w->dirfd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd_close(w->dirfd);
	w->dirfd = fd;
	return v->leave ? v->leave(w->dirfd, name, v->arg) : 0;
}

int cgroup_walk(int dirfd, const struct cgroup_visitor *v)
{
	_cleanup_(walk_done) struct walk w = {.dirfd = -EBADF};
	int r;

	w.dirfd = fd_dup(dirfd);
	if (w.dirfd < 0)
		return w.dirfd;
	r = walk_push(&w, NULL, v);
	while (r == 0 && w.n_levels > 0) {
		struct level *l = &w.levels[w.n_levels - 1];

		if (l->children && l->children[l->next])
			r = walk_down(&w, l->children[l->next++], v);
		else
			r = walk_up(&w, v);
	}
	return r;
}
