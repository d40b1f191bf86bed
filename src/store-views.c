/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * An image that holds inner images has their layers in layers of its own, as ordinary
 * directories. They are not copied into the store of each container: the layer's
 * directory is mounted in the store, read-only and id-mapped, and the inner engine
 * finds a symlink where it left its layer.
 *
 *	/var/lib/docker/.sysbox/3		layer 3 of the image, its /var/lib/docker
 *	/var/lib/docker/overlay2/ID/diff	-> ../../.sysbox/3/overlay2/ID/diff
 *
 * Removing an inner image removes the symlink; nothing ever writes through it, nor
 * could. The numbers change with every commit of the outer image, so no symlink may
 * get into an image: a flush takes one for "as the image has it".
 *
 * The links are relative, so that a store that is mounted elsewhere, too, still
 * works.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/store-source.h"
#include "src/store.h"
#include "src/syscont.h"

void store_views_free(struct syscont_view *views, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(views[i].path);
		free(views[i].source);
	}
	free(views);
}

/* "" or "../../": from where `path` is to the top. */
static void add_ups(struct strbuf *b, const char *path)
{
	for (; *path; path++)
		if (*path == '/')
			strbuf_adds(b, "../");
}

char *store_view_link(const char *path, int number)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	add_ups(&b, path);
	if (number == STORE_VIEW_MARKED)
		strbuf_addf(&b, SYSCONT_STORE_VIEWS "/" STORE_MARKED "/%s", path);
	else
		strbuf_addf(&b, SYSCONT_STORE_VIEWS "/%d/%s", number, path);
	return strbuf_take(&b);
}

bool store_view_is_link(int dirfd, const char *name, const char *path)
{
	_cleanup_strbuf_ struct strbuf start = STRBUF_EMPTY;
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
	const char *p = target;

	if (n < 0)
		return false;
	target[n] = '\0';
	add_ups(&start, path);
	strbuf_adds(&start, SYSCONT_STORE_VIEWS "/");
	if (!str_has_prefix(p, strbuf_str(&start)))
		return false;
	p += start.len;
	n = (ssize_t)strspn(p, "0123456789");
	if (str_has_prefix(p, STORE_MARKED "/"))
		n = (ssize_t)strlen(STORE_MARKED);
	return n > 0 && p[n] == '/' && str_eq(p + n + 1, path);
}

static void add_view(struct syscont_view **views, size_t *n, const char *path,
		     const char *layer, int number)
{
	struct syscont_view *v = array_add((void **)views, n, sizeof(*v));

	*v = (struct syscont_view){xstrdup(path), path_join(layer, path), number};
}

/* The layers of one path that have anything in it. */
static int find_one(const struct store_source *image, const struct layers *l, const char *path,
		    struct syscont_view **views, size_t *n)
{
	_cleanup_(store_source_done) struct store_source at = STORE_SOURCE_EMPTY;
	int r = store_source_enter(image, path, &at);

	for (size_t i = 0; r == 0 && i < at.n; i++) {
		const struct store_source one = {&at.fds[i], &at.numbers[i], 1};
		_cleanup_(strv_freep) char **names = NULL;

		if (at.numbers[i] == STORE_SOURCE_OWN)
			continue;
		r = store_source_list(&one, &names);
		if (r == 0 && names)
			add_view(views, n, path, l->lower[at.numbers[i]], at.numbers[i]);
	}
	return r;
}

int store_views_find(const char *rootfs, char *const *paths, struct syscont_view **ret,
		     size_t *ret_n, struct error *err)
{
	_cleanup_(store_source_done) struct store_source image = STORE_SOURCE_EMPTY;
	_cleanup_(layers_done) struct layers l = {0};
	struct syscont_view *views = NULL;
	size_t n = 0;
	int r = store_source_open(&image, rootfs, &l, err);

	if (r < 0)
		return r;
	for (char *const *p = paths; r == 0 && p && *p; p++)
		if (**p)
			r = find_one(&image, &l, *p, &views, &n);
	if (r < 0) {
		store_views_free(views, n);
		return error_errno(err, -r, "read the layers of the image");
	}
	*ret = views;
	*ret_n = n;
	return 0;
}
