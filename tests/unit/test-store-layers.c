/* SPDX-License-Identifier: Apache-2.0 */
/* What is immutable, linked into a store, moved out of it and back. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "src/store-internal.h"
#include "src/store-layers.h"
#include "src/store-source.h"
#include "src/store.h"
#include "tests/unit/bolt.h"

#define SNAPSHOTTER "io.containerd.snapshotter.v1.overlayfs"

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static int make_dirs(int fd, const char *path)
{
	int dir = path_mkdir_in_root(fd, path, 0755, (uid_t)-1, (gid_t)-1);
	int r;

	if (dir < 0)
		fail_msg("%s: %s", path, strerror(-dir));
	r = fd_reopen(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd_close(dir);
	return r;
}

static void make_file(int fd, const char *dir, const char *name, const char *text)
{
	_cleanup_close_ int in = make_dirs(fd, dir);

	unit_file(in, name, text);
}

static void find(struct store_layers *l, int fd)
{
	_cleanup_(store_source_done) struct store_source s = STORE_SOURCE_EMPTY;

	store_source_add(&s, fd_dup(fd), 0);
	store_layers_find(l, &s);
}

static void find__docker(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(store_layers_done) struct store_layers l = {0};

	make_file(d->fd, "image/overlay2/layerdb/sha256/1", "cache-id", "abc");
	make_file(d->fd, "image/overlay2/layerdb/sha256/2", "cache-id", "../../../etc");
	make_file(d->fd, "overlay2/built", "committed", "");
	fd_close(make_dirs(d->fd, "overlay2/rw/diff"));
	find(&l, d->fd);
	assert_int_equal(l.dirs.n, 2);
	assert_true(store_layers_has(&l, "overlay2/abc/diff"));
	assert_true(store_layers_has(&l, "overlay2/built/diff"));
	assert_false(store_layers_has(&l, "overlay2/rw/diff"));
	assert_true(store_layers_in(&l, "overlay2/abc"));
	assert_false(store_layers_in(&l, "overlay2"));
}

static void find__containerd(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(store_layers_done) struct store_layers l = {0};
	_cleanup_close_ int dir = make_dirs(d->fd, "containerd/daemon/" SNAPSHOTTER);
	unsigned char db[BOLT_LEN];
	int fd;

	bolt_make(db);
	fd = openat(dir, "metadata.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, db, sizeof(db)), 0);
	fd_close(fd);
	find(&l, d->fd);
	assert_int_equal(l.dirs.n, 2);
	assert_true(store_layers_has(&l, "containerd/daemon/" SNAPSHOTTER "/snapshots/7/fs"));
	assert_true(store_layers_has(&l, "containerd/daemon/" SNAPSHOTTER "/snapshots/300/fs"));
	assert_true(store_layers_has_blobs(
		&l, "containerd/daemon/io.containerd.content.v1.content/blobs/sha256"));
}

static void find__podman(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(store_layers_done) struct store_layers l = {0}, none = {0}, fewer = {0};

	make_file(d->fd, "storage/overlay-layers", "layers.json",
		  "[{\"id\":\"a1\"},{\"id\":\"b2\",\"parent\":\"a1\"}]");
	find(&l, d->fd);
	assert_int_equal(l.dirs.n, 2);
	make_file(d->fd, "storage/overlay-containers", "containers.json",
		  "[{\"id\":\"c3\",\"layer\":\"b2\"}]");
	find(&fewer, d->fd);
	assert_int_equal(fewer.dirs.n, 1);
	assert_true(store_layers_has(&fewer, "storage/overlay/a1/diff"));
	/* Which are the containers' cannot be told. */
	make_file(d->fd, "storage/overlay-containers", "containers.json", "[{");
	find(&none, d->fd);
	assert_int_equal(none.dirs.n, 0);
}

/* Two layers of an image, "0" and "1", and a store seeded of them. */
struct fixture {
	struct store_source image;
	int stores, store, upper;
	struct store_layers layers;
};

static void fixture_open(struct fixture *f, const struct unit_dir *d)
{
	*f = (struct fixture){.image = STORE_SOURCE_EMPTY};
	store_source_add(&f->image, make_dirs(d->fd, "0"), 0);
	store_source_add(&f->image, make_dirs(d->fd, "1"), 1);
	f->stores = make_dirs(d->fd, "s");
	f->store = make_dirs(d->fd, "s/docker");
	f->upper = make_dirs(d->fd, "upper");
}

static void fixture_done(struct fixture *f)
{
	store_source_done(&f->image);
	store_layers_done(&f->layers);
	fd_close(f->stores);
	fd_close(f->store);
	fd_close(f->upper);
}

static void seed(struct fixture *f)
{
	struct error err = {0};

	store_layers_find(&f->layers, &f->image);
	if (store_seed(&(struct store_seed){.from = &f->image, .layers = &f->layers}, f->store,
		       &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_link(const struct fixture *f, const char *path, const char *target)
{
	char text[256];
	ssize_t n = readlinkat(f->store, path, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s: %s", path, strerror(errno));
	text[n] = '\0';
	assert_string_equal(text, target);
}

static bool is_dir(int fd, const char *path)
{
	struct stat st;

	return fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void seed__links_what_lies_in_one_layer(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	need_root();
	fixture_open(&f, *state);
	for (size_t i = 0; i < 2; i++)
		make_file(f.image.fds[i], "overlay2/both/diff", "file", "x");
	make_file(f.image.fds[0], "overlay2/both", "committed", "");
	make_file(f.image.fds[1], "overlay2/low", "committed", "");
	make_file(f.image.fds[1], "overlay2/low/diff", "file", "y");
	make_file(f.image.fds[0], "overlay2/rw/diff", "file", "z");
	make_file(f.image.fds[0], "io.containerd.content.v1.content/blobs/sha256", "abc", "b");
	make_file(f.image.fds[0], ".sysbox/0", "hostile", "");
	seed(&f);
	assert_link(&f, "overlay2/low/diff", "../../.sysbox/1/overlay2/low/diff");
	assert_link(&f, "io.containerd.content.v1.content/blobs/sha256/abc",
		    "../../../.sysbox/0/io.containerd.content.v1.content/blobs/sha256/abc");
	assert_true(is_dir(f.store, "overlay2/both/diff"));
	assert_true(is_dir(f.store, "overlay2/rw/diff"));
	assert_false(is_dir(f.store, ".sysbox"));
}

/* Without a kernel's help such a layer is copied, and has its whiteouts. */
static void seed__a_layer_with_meta_is_copied(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct stat st;

	need_root();
	fixture_open(&f, *state);
	make_file(f.image.fds[1], "overlay2/l", "committed", "");
	make_file(f.image.fds[1], "overlay2/l", STORE_META, "w 676f6e65\nw 2e2e2f676f6e65\n");
	make_file(f.image.fds[1], "overlay2/l/diff", "file", "y");
	seed(&f);
	assert_int_equal(fstatat(f.store, "overlay2/l/diff/gone", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(store_is_whiteout(&st));
	assert_int_equal(fstatat(f.store, "overlay2/l/gone", &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(fstatat(f.store, "overlay2/l/" STORE_META, &st, 0), -1);
}

static void view_link__only_its_own(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_close_ int dir = make_dirs(d->fd, "a/b");

	assert_int_equal(symlinkat("../../.sysbox/12/a/b/own", dir, "own"), 0);
	assert_int_equal(symlinkat("../../.sysbox/marked/a/b/marked", dir, "marked"), 0);
	assert_int_equal(symlinkat("../../.sysbox/12/a/b/own", dir, "other"), 0);
	assert_int_equal(symlinkat("../../.sysbox/x/a/b/bad", dir, "bad"), 0);
	assert_int_equal(symlinkat("../.sysbox/1/a/b/up", dir, "up"), 0);
	assert_true(store_view_is_link(dir, "own", "a/b/own"));
	assert_true(store_view_is_link(dir, "marked", "a/b/marked"));
	assert_false(store_view_is_link(dir, "other", "a/b/other"));
	assert_false(store_view_is_link(dir, "bad", "a/b/bad"));
	assert_false(store_view_is_link(dir, "up", "a/b/up"));
}

static void move__out_and_back(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	char *const paths[] = {(char *)"overlay2/a/diff", (char *)"overlay2/b/diff", NULL};
	struct store_move m;
	struct error err = {0};
	struct stat before, after;

	need_root();
	fixture_open(&f, *state);
	m = (struct store_move){f.stores, "docker", f.store, f.upper};
	make_file(f.store, "overlay2/a/diff", "file", "x");
	make_file(f.store, "overlay2/b/diff", "file", "y");
	fd_close(make_dirs(f.upper, "overlay2/a"));
	fd_close(make_dirs(f.upper, "overlay2/b"));
	assert_int_equal(fstatat(f.store, "overlay2/a", &before, 0), 0);
	assert_int_equal(store_move_out(&m, paths, &err), 0);
	assert_false(is_dir(f.store, "overlay2/a/diff"));
	unit_assert_file(f.upper, "overlay2/a/diff/file", "x");
	/* A crash in the middle of the way back; and nothing to do is no error. */
	assert_int_equal(renameat(f.upper, "overlay2/b/diff", f.store, "overlay2/b/diff"), 0);
	assert_int_equal(store_move_back(&m, &err), 0);
	assert_int_equal(store_move_back(&m, &err), 0);
	unit_assert_file(f.store, "overlay2/a/diff/file", "x");
	unit_assert_file(f.store, "overlay2/b/diff/file", "y");
	assert_int_equal(fstatat(f.store, "overlay2/a", &after, 0), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void clean__is_remembered(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_close_ int layer = -EBADF, other = -EBADF;
	struct store_clean c;

	need_root();
	fixture_open(&f, *state);
	layer = make_dirs(f.store, "layer");
	other = make_dirs(f.store, "other");
	for (int i = 0; i < 2; i++) {
		store_clean_load(&c, f.stores, "docker");
		assert_int_equal(store_clean_has(&c, layer, "layer"), i);
		assert_false(store_clean_has(&c, other, "layer"));
		if (i == 0)
			store_clean_add(&c, layer, "layer");
		store_clean_save(&c);
		store_clean_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(find__docker),
		unit_test_dir(find__containerd),
		unit_test_dir(find__podman),
		unit_test_dir(seed__links_what_lies_in_one_layer),
		unit_test_dir(seed__a_layer_with_meta_is_copied),
		unit_test_dir(view_link__only_its_own),
		unit_test_dir(move__out_and_back),
		unit_test_dir(clean__is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
