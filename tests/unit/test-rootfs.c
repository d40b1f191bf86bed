/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the files are: inside, and on the disk. */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include "lib/str.h"
#include "lib/userns.h"
#include "src/rootfs.c"

#define BASE 300000u

/* A directory "image" of an engine, a container's ids, and a place to mount in. */
struct world {
	struct unit_dir *dir;
	struct idmap map;
	int userns;
	int scratch;
};

static void enter(struct world *w, struct unit_dir *dir)
{
	*w = (struct world){.dir = dir};
	idmap_add(&w->map.uids, 0, BASE, 65536);
	idmap_add(&w->map.gids, 0, BASE, 65536);
	w->userns = userns_open(&w->map);
	if (w->userns < 0 || !unit_private_mounts())
		skip();
	unit_put(dir->fd, "image/f", "of the image");
	assert_int_equal(fchownat(dir->fd, "image/f", 1000, 1000, 0), 0);
	close(unit_mkdirs(dir->fd, "scratch"));
	assert_int_equal(chdir(dir->path), 0);
	assert_int_equal(mount("none", "scratch", "tmpfs", 0, NULL), 0);
	w->scratch = open("scratch", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void leave(struct world *w)
{
	assert_int_equal(chdir("/"), 0);
	idmap_done(&w->map);
	close(w->userns);
	close(w->scratch);
}

static void prepare_path(const struct world *w, struct rootfs *r, const char *name,
			 unsigned int flags)
{
	_cleanup_free_ char *path = path_join(w->dir->path, name);
	struct error err = {0};
	int e = rootfs_prepare(r, path, w->userns, &w->map, flags, &err);

	if (e == -EINVAL && strstr(err.text, "does not support id-mapped"))
		skip();
	if (e < 0)
		fail_msg("%s", err.text);
}

static void mount_it(const struct world *w, const struct rootfs *r)
{
	struct error err = {0};

	if (rootfs_make_work(r, &err) < 0 || rootfs_mount(r, w->scratch, &w->map, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_owner(int dirfd, const char *path, uid_t uid)
{
	struct stat st;

	assert_int_equal(fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, uid);
}

/* As user `id` of the container: a file is made. */
static void make_inside(const struct world *w, const char *path, uid_t id)
{
	pid_t pid = unit_fork();
	int status;

	if (pid == 0) {
		if (setns(w->userns, CLONE_NEWUSER) < 0 || setresgid(id, id, id) < 0 ||
		    setresuid(id, id, id) < 0)
			_exit(1);
		_exit(openat(w->scratch, path, O_CREAT | O_WRONLY, 0644) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void mount_engines(const char *options)
{
	if (mount("overlay", "merged", "overlay", 0, options) < 0)
		fail_msg("mount the engine's overlay: %s", strerror(errno));
}

static void rootfs__an_overlay_of_the_engines_layers(void **state)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY;
	struct world w;

	enter(&w, *state);
	close(unit_mkdirs(w.dir->fd, "store/diff"));
	close(unit_mkdirs(w.dir->fd, "store/work"));
	close(unit_mkdirs(w.dir->fd, "merged"));
	mount_engines("lowerdir=image,upperdir=store/diff,workdir=store/work");
	prepare_path(&w, &r, "merged", 0);
	assert_int_equal(r.kind, ROOTFS_OVERLAY);
	assert_int_equal(r.n_layers, 1);
	assert_string_equal(r.upper_name, "diff");
	assert_true(str_has_suffix(r.work_path, "/store/sysbox-work"));
	mount_it(&w, &r);
	assert_owner(w.scratch, "root/f", BASE + 1000);
	/* Law 4: on disk, ids are the image's. */
	make_inside(&w, "root/by-root", 0);
	make_inside(&w, "root/f", 1000);
	assert_owner(w.scratch, "root/by-root", BASE);
	assert_owner(w.dir->fd, "store/diff/by-root", 0);
	assert_owner(w.dir->fd, "image/f", 1000);
	leave(&w);
}

static void rootfs_add_layer__adds_names_and_changes_none(void **state)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY;
	_cleanup_free_ char *path = NULL;
	struct error err = {0};
	struct world w;

	enter(&w, *state);
	unit_put(w.dir->fd, "more/f", "of ours");
	unit_put(w.dir->fd, "more/g", "of ours");
	close(unit_mkdirs(w.dir->fd, "image2"));
	close(unit_mkdirs(w.dir->fd, "merged"));
	mount_engines("lowerdir=image2:image");
	prepare_path(&w, &r, "merged", 0);
	path = path_join(w.dir->path, "more");
	assert_int_equal(rootfs_add_layer(&r, path, w.userns, &err), 0);
	mount_it(&w, &r);
	unit_assert_file(w.scratch, "root/f", "of the image");
	unit_assert_file(w.scratch, "root/g", "of ours");
	leave(&w);
}

static void rootfs__layers_of_data_only(void **state)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY;
	struct world w;

	enter(&w, *state);
	close(unit_mkdirs(w.dir->fd, "merged"));
	close(unit_mkdirs(w.dir->fd, "data"));
	/* A kernel before 6.5 does not know them. */
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=image::data,metacopy=on") < 0)
		skip();
	prepare_path(&w, &r, "merged", 0);
	assert_int_equal(r.kind, ROOTFS_OVERLAY);
	assert_int_equal(r.n_data_layers, 1);
	leave(&w);
}

static void rootfs__a_directory(void **state)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY;
	struct world w;

	enter(&w, *state);
	prepare_path(&w, &r, "image", 0);
	assert_int_equal(r.kind, ROOTFS_IDMAPPED);
	assert_null(r.work_path);
	mount_it(&w, &r);
	assert_owner(w.scratch, "root/f", BASE + 1000);
	make_inside(&w, "root/by-root", 0);
	assert_owner(w.dir->fd, "image/by-root", 0);
	leave(&w);
}

/* Docker's userns-remap has owned the files already; only who gives ids may say so. */
static void rootfs__shifted_on_the_disk(void **state)
{
	_cleanup_(rootfs_done) struct rootfs r = ROOTFS_EMPTY, other = ROOTFS_EMPTY;
	struct world w;

	enter(&w, *state);
	assert_int_equal(chown("image", BASE, BASE), 0);
	assert_int_equal(chown("image/f", BASE + 5, BASE + 5), 0);
	prepare_path(&w, &r, "image", ROOTFS_MAYBE_SHIFTED);
	assert_int_equal(r.kind, ROOTFS_SHIFTED);
	mount_it(&w, &r);
	assert_owner(w.scratch, "root/f", BASE + 5);
	prepare_path(&w, &other, "image", 0);
	assert_int_equal(other.kind, ROOTFS_IDMAPPED);
	leave(&w);
}

static void rootfs_is_shifted__the_very_id(void **state)
{
	static const struct {
		uid_t owner;
		int shifted;
	} cases[] = {{BASE, 1}, {BASE + 1, 0}, {0, 0}, {BASE - 1, 0}};
	struct idmap map = {0}, identity = {0};
	const struct unit_dir *d = *state;
	struct error err = {0};

	idmap_add(&map.uids, 0, BASE, 65536);
	idmap_add(&identity.uids, 0, 0, 65536);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(chown(d->path, cases[i].owner, 0), 0);
		assert_int_equal(rootfs_is_shifted(d->path, &map, &err), cases[i].shifted);
	}
	assert_int_equal(chown(d->path, 0, 0), 0);
	assert_int_equal(rootfs_is_shifted(d->path, &identity, &err), 0);
	assert_int_equal(rootfs_is_shifted("/nonexistent", &map, &err), -ENOENT);
	idmap_done(&map);
	idmap_done(&identity);
}

static void rootfs_make_work__empty_again(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, "store/sysbox-work");
	const struct rootfs r = {.work_path = path}, none = {0};
	struct error err = {0};

	close(unit_mkdirs(d->fd, "store/sysbox-work/work/incompat/volatile"));
	assert_int_equal(rootfs_make_work(&r, &err), 0);
	assert_int_equal(rmdir(path), 0); /* for it is empty */
	assert_int_equal(rootfs_make_work(&r, &err), 0);
	assert_int_equal(rootfs_make_work(&none, &err), 0);
}

static void overlay_options__layers_and_data(void **state)
{
	char upper[] = "diff", extra[] = ",metacopy=on", nothing[] = "";
	const struct rootfs writable = {.n_layers = 2, .upper_name = upper, .options = nothing};
	const struct rootfs data = {
		.n_layers = 4, .n_data_layers = 2, .upper_fd = -EBADF, .options = extra};
	_cleanup_free_ char *a = overlay_options(&writable), *b = overlay_options(&data);

	(void)state;
	assert_string_equal(a, "lowerdir=0:1,upperdir=u/diff,workdir=u/sysbox-work,index=off");
	assert_string_equal(b, "lowerdir=0:1::2::3,metacopy=on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(rootfs__an_overlay_of_the_engines_layers),
		unit_test_dir(rootfs_add_layer__adds_names_and_changes_none),
		unit_test_dir(rootfs__layers_of_data_only),
		unit_test_dir(rootfs__a_directory),
		unit_test_dir(rootfs__shifted_on_the_disk),
		unit_test_dir(rootfs_is_shifted__the_very_id),
		unit_test_dir(rootfs_make_work__empty_again),
		cmocka_unit_test(overlay_options__layers_and_data),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}
