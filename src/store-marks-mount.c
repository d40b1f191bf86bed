/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marked layers of a store, mounted: one small overlay for each, all of them below one
 * tmpfs, which is what the container gets. They are mounted by a child in a mount namespace
 * of its own and leave it as one detached tree, so that the host never has them anywhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/strv.h"
#include "src/store-internal.h"
#include "src/store-source.h"
#include "src/store.h"

char *store_marks_name(const char *store)
{
	return xasprintf(".marks-%s", store);
}

int store_marks_scratch(const char *at)
{
	const struct mount_new tmpfs = {
		.fstype = "tmpfs", .source = "sysbox", .options = "mode=755"};
	_cleanup_close_ int fd = mount_make(&tmpfs, NULL, 0);
	int r = fd < 0 ? fd : unshare(CLONE_NEWNS) < 0 ? -errno : 0;

	if (r == 0)
		r = mount_propagate("/", MS_REC | MS_PRIVATE);
	if (r == 0)
		r = mount_attach(fd, AT_FDCWD, at);
	return r < 0 ? r : take_fd(&fd);
}

/* One marked layer, to be mounted. */
struct marked {
	const char *path;
	int marks, layer; /* detached clones */
};

struct mount_marks {
	const struct store_make *m;
	const struct store_source *source; /* the store's place in the image */
	int marks;			   /* sysbox-store/.marks-NAME */
	int userns_fd;
	struct marked *layers;
	size_t n_layers;
	int sock;
};

static void mount_marks_done(struct mount_marks *w)
{
	for (size_t i = 0; i < w->n_layers; i++) {
		fd_close(w->layers[i].marks);
		fd_close(w->layers[i].layer);
	}
	free(w->layers);
}

static int clone_half(const struct mount_marks *w, int dir)
{
	_cleanup_close_ int fd = mount_clone(dir, "", MOUNT_CLONE_ONE);
	int r = fd;

	if (r >= 0 && !w->m->shift)
		r = mount_set_idmap(fd, w->userns_fd, 0);
	return r < 0 ? r : take_fd(&fd);
}

static int clone_layer(const struct mount_marks *w, int number, const char *path)
{
	_cleanup_(store_source_done) struct store_source in = STORE_SOURCE_EMPTY;
	int r = store_source_enter(w->source, path, &in);

	for (size_t i = 0; r == 0 && i < in.n; i++)
		if (in.numbers[i] == number)
			return clone_half(w, in.fds[i]);
	return r < 0 ? r : -ESTALE;
}

/* "NUMBER PATH" */
static int open_marked(struct mount_marks *w, const char *line)
{
	struct marked *l = array_add((void **)&w->layers, &w->n_layers, sizeof(*l));
	_cleanup_close_ int fd = -EBADF;
	const char *space = strchr(line, ' ');
	char name[24];

	*l = (struct marked){space ? space + 1 : "", -EBADF, -EBADF};
	(void)snprintf(name, sizeof(name), "%zu", w->n_layers - 1);
	fd = dir_open_fd(w->marks, name);
	if (fd < 0)
		return fd;
	l->marks = clone_half(w, fd);
	l->layer = l->marks < 0 ? l->marks : clone_layer(w, atoi(line), l->path);
	return l->layer < 0 ? l->layer : 0;
}

static int attach_half(int fd, const char *name)
{
	return mkdir(name, 0700) < 0 ? -errno : mount_attach(fd, AT_FDCWD, name);
}

/* The working directory is the scratch. */
static int mount_one(const struct marked *l, size_t i)
{
	_cleanup_close_ int top = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *target = path_join(STORE_MARKED, l->path);
	_cleanup_close_ int point = path_mkdir_in_root(top, target, 0755, 0, 0);
	char upper[24], lower[24], options[64];
	int r = point < 0 ? point : 0;

	(void)snprintf(upper, sizeof(upper), "%zu", i);
	(void)snprintf(lower, sizeof(lower), "v%zu", i);
	(void)snprintf(options, sizeof(options), "lowerdir=%s:%s", upper, lower);
	if (r == 0)
		r = attach_half(l->marks, upper);
	if (r == 0)
		r = attach_half(l->layer, lower);
	if (r == 0 && mount("overlay", target, "overlay", MS_RDONLY, options) < 0)
		r = -errno;
	return r;
}

/* In a child, whose mounts end with it; a clone of them is sent out. */
static int mount_in_child(void *arg)
{
	const struct mount_marks *w = arg;
	_cleanup_close_ int scratch = store_marks_scratch(w->m->dir), tree = -EBADF;
	int r = 0;

	if (scratch < 0)
		return scratch;
	if (fchdir(scratch) < 0 || mkdir(STORE_MARKED, 0755) < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < w->n_layers; i++)
		r = mount_one(&w->layers[i], i);
	if (r < 0)
		return r;
	tree = mount_clone(scratch, STORE_MARKED, MOUNT_CLONE_RECURSIVE);
	if (tree < 0)
		return tree;
	r = mount_set_attr(tree, MOUNT_ATTR_RDONLY, 0, MOUNT_CLONE_RECURSIVE);
	return r < 0 ? r : sock_send(w->sock, "", 1, &tree, 1);
}

static int receive_tree(int sock, int *ret_fd)
{
	size_t n = 0;
	char byte;
	int fd = -EBADF;
	ssize_t r = sock_recv(sock, &byte, 1, &fd, 1, &n);

	if (r < 0)
		return (int)r;
	*ret_fd = fd;
	return n == 1 ? 0 : -EPROTO;
}

static int read_list(const struct store_make *m, const char *name, int *ret_marks,
		     char ***ret_list)
{
	_cleanup_free_ char *marks = store_marks_name(name), *dir = path_join(m->dir, marks),
			    *text = NULL;
	int r;

	*ret_marks = dir_open_fd(AT_FDCWD, dir);
	if (*ret_marks < 0)
		return *ret_marks == -ENOENT ? 0 : *ret_marks;
	r = file_read(*ret_marks, STORE_MARKS_LIST, STORE_MARKS_LIST_MAX, &text, NULL);
	if (r == 0)
		*ret_list = strv_split(text, "\n");
	return r == -ENOENT ? 0 : r;
}

static int mount_list(struct mount_marks *w, char *const *list, int *ret_fd)
{
	_cleanup_close_ int in = -EBADF, out = -EBADF;
	int r = 0, pair[2];

	/* Before the child is in another mount namespace: there they could not be cloned. */
	for (char *const *l = list; r == 0 && *l; l++)
		r = open_marked(w, *l);
	if (r == 0)
		r = sock_pair(pair);
	if (r < 0)
		return r;
	in = pair[0];
	w->sock = out = pair[1];
	r = spawn_call(mount_in_child, w);
	return r < 0 ? r : receive_tree(in, ret_fd);
}

int store_marks_mount(const struct store_make *m, const char *name, const char *path,
		      int userns_fd, int *ret_fd, struct error *err)
{
	_cleanup_(store_source_done) struct store_source image = STORE_SOURCE_EMPTY;
	_cleanup_(store_source_done) struct store_source source = STORE_SOURCE_EMPTY;
	_cleanup_(strv_freep) char **list = NULL;
	_cleanup_close_ int marks = -EBADF;
	struct mount_marks w = {.m = m, .source = &source, .userns_fd = userns_fd};
	int r = read_list(m, name, &marks, &list);

	*ret_fd = -EBADF;
	if (r < 0)
		return error_errno(err, -r, "read the list of marked layers of %s", name);
	if (!list)
		return 0;
	r = store_source_open(&image, m->rootfs, NULL, err);
	if (r < 0)
		return r;
	w.marks = marks;
	r = store_source_enter(&image, path, &source);
	if (r == 0)
		r = mount_list(&w, list, ret_fd);
	mount_marks_done(&w);
	return r < 0 ? error_errno(err, -r, "mount the marked layers of %s", path) : 0;
}
