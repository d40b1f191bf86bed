/* SPDX-License-Identifier: Apache-2.0 */
#include "src/store-source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/strlist.h"
#include "lib/strv.h"
#include "src/layers.h"
#include "src/store-internal.h"

void store_source_done(struct store_source *s)
{
	for (size_t i = 0; i < s->n; i++)
		fd_close(s->fds[i]);
	free(s->fds);
	free(s->numbers);
	*s = (struct store_source)STORE_SOURCE_EMPTY;
}

void store_source_add(struct store_source *s, int fd, int number)
{
	size_t n = s->n;
	int *slot = array_add((void **)&s->numbers, &n, sizeof(*slot));

	*slot = number;
	slot = array_add((void **)&s->fds, &s->n, sizeof(*slot));
	*slot = fd;
}

bool store_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* One component. The search ends where a layer hides those below it. */
int store_source_enter_one(const struct store_source *s, size_t first, const char *name,
			   struct store_source *ret)
{
	for (size_t i = first; i < s->n; i++) {
		int fd = dir_open_fd(s->fds[i], name);

		if (fd == -ENOENT)
			continue;
		/* A file, a symlink or a whiteout. */
		if (fd == -ENOTDIR || fd == -ELOOP)
			break;
		if (fd < 0)
			return fd;
		store_source_add(ret, fd, s->numbers[i]);
		if (is_opaque(fd))
			break;
	}
	return 0;
}

int store_source_enter(const struct store_source *s, const char *path, struct store_source *ret)
{
	_cleanup_(strv_freep) char **names = strv_split(path, "/");
	struct store_source held = STORE_SOURCE_EMPTY;
	int r = 0;

	for (size_t i = 0; i < s->n; i++)
		store_source_add(&held, fd_dup(s->fds[i]), s->numbers[i]);
	for (char **n = names; r == 0 && n && *n; n++) {
		struct store_source next = STORE_SOURCE_EMPTY;

		r = store_source_enter_one(&held, 0, *n, &next);
		store_source_done(&held);
		held = next;
	}
	if (r < 0) {
		store_source_done(&held);
		return r;
	}
	*ret = held;
	return 0;
}

ssize_t store_source_find(const struct store_source *s, const char *name, struct stat *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		if (fstatat(s->fds[i], name, ret, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		return store_is_whiteout(ret) ? -1 : (ssize_t)i;
	}
	return -1;
}

int store_source_read(const struct store_source *s, const char *path, size_t max, char **ret,
		      size_t *ret_len)
{
	_cleanup_(store_source_done) struct store_source in = STORE_SOURCE_EMPTY;
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	ssize_t layer;
	int r;

	path_split(path, &dir, &name);
	r = store_source_enter(s, dir, &in);
	if (r < 0)
		return r;
	layer = store_source_find(&in, name, &st);
	if (layer < 0)
		return -ENOENT;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = openat(in.fds[layer], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd_read_all(fd, max, ret, ret_len);
}

static int list_layer(const struct store_source *s, size_t layer, struct strlist *list)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	struct stat st;
	int r = dir_open(&dir, s->fds[layer], ".");

	if (r < 0)
		return r;
	while ((r = dir_next(dir, &e)) > 0)
		if (store_source_find(s, e->d_name, &st) == (ssize_t)layer)
			strlist_take(list, xstrdup(e->d_name));
	return r;
}

int store_source_list(const struct store_source *s, char ***ret)
{
	_cleanup_strlist_ struct strlist list = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = list_layer(s, i, &list);
	if (r == 0)
		*ret = strlist_steal(&list);
	return r;
}

/* ------------------------------------------------------------------ of an image */

/*
 * Names in such layers are not where they seem, or files are without their data:
 * overlayfs alone can read them. Or nobody can reach them any more.
 */
static bool are_readable_alone(const struct layers *l)
{
	return layers_are_reachable(l) && l->n_data == 0 &&
	       !strstr(l->options, "redirect_dir=on") && !strstr(l->options, "metacopy=on") &&
	       !strstr(l->options, "userxattr");
}

static int add_dir(struct store_source *s, const char *path, int number, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "open the layer %s", path);
	store_source_add(s, fd, number);
	return 0;
}

int store_source_open(struct store_source *ret, const char *rootfs, struct layers *ret_layers,
		      struct error *err)
{
	_cleanup_free_ char *real = realpath(rootfs, NULL);
	_cleanup_(layers_done) struct layers l = {0};
	struct store_source s = STORE_SOURCE_EMPTY;
	int r;

	if (!real)
		return error_errno(err, errno, "the root file system %s", rootfs);
	r = layers_read(&l, real, err);
	if (r < 0)
		return r;
	if (r == LAYERS_E_NONE || !are_readable_alone(&l))
		return add_dir(ret, real, STORE_SOURCE_OWN, err);
	r = l.upper ? add_dir(&s, l.upper, STORE_SOURCE_OWN, err) : 0;
	for (int i = 0; r == 0 && l.lower[i]; i++)
		r = add_dir(&s, l.lower[i], i, err);
	if (r < 0) {
		store_source_done(&s);
		return r;
	}
	*ret = s;
	if (ret_layers) {
		*ret_layers = l;
		l = (struct layers){0};
	}
	return 0;
}
