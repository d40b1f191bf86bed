/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A layer of an inner image may need whiteouts, opaque directories and attributes that
 * the layer of the outer image could not carry. It is not copied for them: the layer
 * is seen through a small read-only overlay,
 *
 *	lowerdir=marks:layer
 *
 * whose upper half has directories and empty files only. It is mounted as the host
 * mounts overlays, with "trusted.overlay." marks, of which there are none; so the
 * "user.overlay." ones of the inner engine pass through it, and the inner overlay,
 * which lies upon it, obeys them. A whiteout is an empty file with an attribute, in a
 * directory with another (overlayfs.rst, "Whiteouts and opaque directories"; since
 * Linux 6.7): a real one would be obeyed here, and not be seen.
 *
 *	sysbox-store/.marks-NAME/list	one "NUMBER PATH" per line
 *	sysbox-store/.marks-NAME/0, 1 ..	the upper halves
 *
 * Overlays stack two deep. The inner one is the second, so a layer that lies on an
 * overlay itself has to be copied, as one whose regular files need attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "src/layers.h"
#include "src/store-internal.h"
#include "src/store-source.h"
#include "src/store.h"

#define LIST	 "list"
#define LIST_MAX (16u << 20)

static char *marks_name(const char *store)
{
	return xasprintf(".marks-%s", store);
}

/* A private mount namespace with an empty tmpfs at `at`; what the host has there is covered. */
static int enter_scratch(const char *at)
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

/* ------------------------------------------------------------------ the kernel */

static int make_probe(void)
{
	int r = mkdir("w", 0755) < 0 || mkdir("v", 0755) < 0 || mkdir("m", 0755) < 0 ||
				mknod("w/name", S_IFREG | 0600, 0) < 0 ||
				mknod("v/name", S_IFREG | 0600, 0) < 0
			? -errno
			: 0;

	if (r == 0 && (setxattr("w", "trusted.overlay.opaque", "x", 1, 0) < 0 ||
		       setxattr("w/name", "trusted.overlay.whiteout", "y", 1, 0) < 0))
		r = -errno;
	return r;
}

/* In a child: such a mark hides a file, or does not. */
static int probe(void *arg)
{
	_cleanup_close_ int fd = enter_scratch(arg);
	int r = fd < 0 ? fd : fchdir(fd) < 0 ? -errno : make_probe();

	if (r == 0 && mount("overlay", "m", "overlay", MS_RDONLY, "lowerdir=w:v") < 0)
		r = -errno;
	if (r < 0)
		return r;
	return access("m/name", F_OK) == 0 ? -EOPNOTSUPP : 0;
}

static bool is_supported(struct store_marks *m)
{
	char buf[FD_PATH_MAX];

	if (m->supported < 0) {
		_cleanup_free_ char *dir = realpath(fd_path(m->dirfd, buf), NULL);
		int r = dir ? spawn_call(probe, dir) : -errno;

		if (r < 0)
			log_debug("no overlays with marks: %s", strerror(-r));
		m->supported = r == 0;
	}
	return m->supported;
}

/* ------------------------------------------------------------------ make */

void store_marks_begin(struct store_marks *m, int dirfd, const char *name)
{
	*m = (struct store_marks){
		.dirfd = dirfd,
		.name = name,
		.fd = -EBADF,
		.list = {.max = LIST_MAX},
		.supported = -1,
	};
}

void store_marks_done(struct store_marks *m)
{
	fd_close(m->fd);
	strbuf_done(&m->list);
}

/* What a seed that was cut off has left goes first. */
static int open_marks(struct store_marks *m)
{
	_cleanup_free_ char *name = marks_name(m->name);
	int r;

	if (m->fd >= 0)
		return 0;
	r = path_remove_tree(m->dirfd, name);
	if (r == 0 && mkdirat(m->dirfd, name, 0755) < 0)
		r = -errno;
	if (r < 0)
		return r;
	m->fd = openat(m->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return m->fd < 0 ? -errno : 0;
}

/* One layer: the same directory in it and in its marks. */
struct place {
	int layer, marks;
};

static void place_done(struct place *p)
{
	fd_close(p->layer);
	fd_close(p->marks);
}

static void copy_times(const struct place *p)
{
	struct stat st;

	if (fstat(p->layer, &st) == 0)
		(void)futimens(p->marks, (struct timespec[]){st.st_atim, st.st_mtim});
}

/* A directory of marks is as the layer's, since it is the one that is seen. */
static int enter_one(struct place *p, const char *name)
{
	struct place next = {-EBADF, -EBADF};
	int r = 0;

	next.layer = openat(p->layer, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next.layer < 0)
		return -errno;
	if (mkdirat(p->marks, name, 0700) == 0) {
		r = store_copy_attributes(p->layer, name, p->marks, name, STORE_XATTRS_ALL);
		copy_times(p);
	} else if (errno != EEXIST) {
		r = -errno;
	}
	if (r == 0)
		next.marks =
			openat(p->marks, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && next.marks < 0)
		r = -errno;
	if (r < 0) {
		place_done(&next);
		return r;
	}
	place_done(p);
	*p = next;
	return 0;
}

static int enter(const struct place *top, const char *path, struct place *ret)
{
	_cleanup_(strv_freep) char **names = strv_split(path, "/");
	int r = 0;

	*ret = (struct place){fd_dup(top->layer), fd_dup(top->marks)};
	for (char **n = names; r == 0 && n && *n; n++) {
		if (str_eq(*n, "."))
			continue;
		r = str_eq(*n, "..") ? -EINVAL : enter_one(ret, *n);
	}
	return r;
}

/*
 * Of no use in an opaque directory, and nobody would look for it there. It is the directory's
 * owner's: of a host's root that the container does not know nobody inside could read the mark.
 */
static int mark_whiteout(const struct place *p, const char *name)
{
	char opaque = '\0', buf[FD_PATH_MAX];
	_cleanup_free_ char *path = xasprintf("%s/%s", fd_path(p->marks, buf), name);
	struct stat dir;

	if (fgetxattr(p->marks, "user.overlay.opaque", &opaque, 1) == 1 && opaque == 'y')
		return 0;
	if (str_eq(name, ".") || str_eq(name, ".."))
		return -EINVAL;
	if (mknodat(p->marks, name, S_IFREG | 0600, 0) < 0 || fstat(p->marks, &dir) < 0 ||
	    fchownat(p->marks, name, dir.st_uid, dir.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    lsetxattr(path, "user.overlay.whiteout", "y", 1, 0) < 0 ||
	    fsetxattr(p->marks, "user.overlay.opaque", "x", 1, 0) < 0)
		return -errno;
	copy_times(p);
	return 0;
}

static int mark(const struct store_meta_line *l, void *arg)
{
	const struct place *top = arg;
	_cleanup_(place_done) struct place p = {-EBADF, -EBADF};
	_cleanup_free_ char *dir = NULL, *name = NULL;
	int r;

	if (!l->name) {
		path_split(l->path, &dir, &name);
		r = enter(top, dir, &p);
		return r < 0 ? r : mark_whiteout(&p, name);
	}
	r = enter(top, l->path, &p);
	if (r == -ENOTDIR)
		return -EOPNOTSUPP;
	return r < 0							    ? r
	       : fsetxattr(p.marks, l->name, l->value, l->value_len, 0) < 0 ? -errno
									    : 0;
}

static bool is_on_overlay(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

static int make_marks(struct store_marks *m, const char *name, int layer, const char *text)
{
	_cleanup_close_ int fd = -EBADF;
	struct place top = {.layer = layer};
	int r;

	if (mkdirat(m->fd, name, 0700) < 0)
		return -errno;
	top.marks = fd = openat(m->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = store_copy_attributes(layer, ".", fd, ".", STORE_XATTRS_ALL);
	return r < 0 ? r : store_meta_for_each(text, mark, &top);
}

int store_marks_add(struct store_marks *m, int layer, int number, const char *path,
		    const char *text, struct error *err)
{
	char name[24];
	int r;

	if (is_on_overlay(layer) || !is_supported(m))
		return 0;
	(void)snprintf(name, sizeof(name), "%zu", m->n);
	r = open_marks(m);
	if (r == 0)
		r = make_marks(m, name, layer, text);
	if (r == -EOPNOTSUPP)
		return path_remove_tree(m->fd, name) < 0 ? -EIO : 0;
	if (r < 0)
		return error_errno(err, -r, "make the marks of %s", path);
	m->n++;
	strbuf_addf(&m->list, "%d %s\n", number, path);
	return 1;
}

int store_marks_end(struct store_marks *m, struct error *err)
{
	int r;

	if (!m->n)
		return 0;
	r = m->list.failed ? -E2BIG
			   : atomicfile_write(m->fd, LIST, strbuf_str(&m->list), m->list.len,
					      0600, ATOMICFILE_DURABLE);
	return r < 0 ? error_errno(err, -r, "write the list of marked layers") : 0;
}

/* ------------------------------------------------------------------ mount */

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
	fd = openat(w->marks, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
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
	_cleanup_close_ int scratch = enter_scratch(w->m->dir), tree = -EBADF;
	int r = scratch < 0					       ? scratch
		: fchdir(scratch) < 0 || mkdir(STORE_MARKED, 0755) < 0 ? -errno
								       : 0;

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
	_cleanup_free_ char *marks = marks_name(name), *dir = path_join(m->dir, marks),
			    *text = NULL;
	int r;

	*ret_marks = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_marks < 0)
		return errno == ENOENT ? 0 : -errno;
	r = file_read(*ret_marks, LIST, LIST_MAX, &text, NULL);
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
