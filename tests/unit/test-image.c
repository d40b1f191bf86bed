/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/inotify.h>
#include <sys/sysmacros.h>

#include "lib/strv.h"
#include "src/image.h"
#include "src/spec.h"

static void make_file(const struct unit_dir *d, const char *path, const char *text)
{
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;

	path_split(path, &dir, &name);
	fd = path_mkdir_in_root(d->fd, dir, 0755, (uid_t)-1, (gid_t)-1);
	assert_true(fd >= 0);
	unit_file(fd, name, text);
}

static void make_dir(const struct unit_dir *d, const char *path)
{
	fd_close(path_mkdir_in_root(d->fd, path, 0755, (uid_t)-1, (gid_t)-1));
}

static void read_image(const struct unit_dir *d, const char *const *dirs, struct image *im)
{
	struct error err = {0};

	*im = (struct image){0};
	if (image_read(im, d->path, (char *const *)dirs, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static const char *link_of(const struct image *im, const char *path)
{
	return json_pairs_get(im->links, im->n_links, path);
}

static void image_read__data_roots(void **state)
{
	static const struct {
		const char *file, *text, *expected;
	} cases[] = {
		{"/etc/docker/daemon.json", "{\"debug\":true,\"data-root\":\"/a//b/\"}",
		 "/a/b"},
		{"/etc/docker/daemon.json", "{\"graph\":\"/old\"}", "/old"},
		{"/etc/docker/daemon.json", "{\"data-root\":\"relative\"}", NULL},
		{"/etc/docker/daemon.json", "not json", NULL},
		{"/etc/containerd/config.toml", "version = 2\nroot = \"/c\"\n", "/c"},
		{"/etc/containerd/config.toml", "[plugins]\n  root = \"/not/it\"\n", NULL},
		{"/etc/containerd/config.toml", "# root = \"/no\"\n", NULL},
		{"/etc/containers/storage.conf", "[storage]\ngraphroot='/g h'\n", "/g h"},
		{"/etc/rancher/k3s/config.yaml", "data-dir: /k # why\n", "/k"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image im;

		make_file(*state, cases[i].file, cases[i].text);
		read_image(*state, NULL, &im);
		assert_int_equal(strv_len(im.data_roots), cases[i].expected ? 1 : 0);
		if (cases[i].expected)
			assert_string_equal(im.data_roots[0], cases[i].expected);
		image_done(&im);
		make_file(*state, cases[i].file, "");
	}
}

/* It must not be waited for, nor read for ever. */
static void image_read__configuration_that_is_no_file(void **state)
{
	const struct unit_dir *d = *state;
	struct image im;

	make_dir(d, "/etc/docker");
	make_dir(d, "/etc/containerd");
	assert_int_equal(mkfifoat(d->fd, "etc/docker/daemon.json", 0644), 0);
	assert_int_equal(symlinkat("/dev/zero", d->fd, "etc/containerd/config.toml"), 0);
	read_image(d, NULL, &im);
	assert_null(im.data_roots);
	image_done(&im);
}

static void image_read__links(void **state)
{
	static const char *const dirs[] = {
		"/plain", "/absent/below", "/link/below", "/dangling",
		"/file",  "/loop",	   "/out",	  NULL};
	const struct unit_dir *d = *state;
	struct image im;

	make_dir(d, "/plain");
	make_dir(d, "/target/below");
	make_file(d, "/file", "");
	assert_int_equal(symlinkat("target", d->fd, "link"), 0);
	assert_int_equal(symlinkat("/target/new", d->fd, "dangling"), 0);
	assert_int_equal(symlinkat("loop", d->fd, "loop"), 0);
	assert_int_equal(symlinkat("../../../target", d->fd, "out"), 0);
	read_image(d, dirs, &im);
	assert_null(link_of(&im, "/plain"));
	assert_null(link_of(&im, "/absent/below"));
	assert_string_equal(link_of(&im, "/link/below"), "/target/below");
	assert_string_equal(link_of(&im, "/dangling"), "/target/new");
	assert_string_equal(link_of(&im, "/file"), "");
	assert_string_equal(link_of(&im, "/loop"), "");
	assert_string_equal(link_of(&im, "/out"), "/target");
	image_done(&im);
}

static void image_read__var_lib(void **state)
{
	struct image im;

	read_image(*state, NULL, &im);
	assert_false(im.has_var_lib);
	make_dir(*state, "/var/lib");
	read_image(*state, NULL, &im);
	assert_true(im.has_var_lib);
	image_done(&im);
}

/* An image may hold devices, and opening one may have an effect: a watchdog begins to count. */
static void image_read__opens_no_device(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_close_ int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	_cleanup_free_ char *path = xasprintf("%s/etc/docker/daemon.json", d->path);
	char event[512];
	struct image im;

	if (watch < 0)
		skip();
	make_dir(d, "/etc/docker");
	if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) < 0)
		skip();
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	read_image(d, NULL, &im);
	assert_null(im.data_roots);
	image_done(&im);
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
}

static void assert_script(const struct unit_dir *d, const char *program, const char *text)
{
	char *args[] = {(char *)program, NULL},
	     *env[] = {(char *)"PATH=rel:/none:/bin:/opt", NULL};
	const struct spec_process p = {.args = args, .env = env};
	struct error err = {0};
	struct image im = {0};

	assert_int_equal(image_read(&im, d->path, NULL, &p, &err), 0);
	if (text)
		assert_string_equal(im.script, text);
	else
		assert_null(im.script);
	image_done(&im);
}

static void image_read__script(void **state)
{
	const struct unit_dir *d = *state;

	make_file(d, "/opt/entry", "#!/bin/sh\nexec /sbin/init\n");
	make_file(d, "/opt/program", "\177ELF");
	make_file(d, "/opt/short", "#");
	assert_script(d, "/opt/entry", NULL); /* without systemd nobody asks */
	make_file(d, "/usr/lib/systemd/libsystemd-shared-257.so", "");
	assert_script(d, "/opt/entry", "#!/bin/sh\nexec /sbin/init\n");
	assert_script(d, "entry", "#!/bin/sh\nexec /sbin/init\n");
	assert_script(d, "opt/entry", NULL);
	assert_script(d, "program", NULL);
	assert_script(d, "/opt/short", NULL);
	assert_script(d, "/opt", NULL);
	assert_script(d, "nothing", NULL);
	/* Opening a FIFO would wait for who writes to it. */
	assert_int_equal(mkfifoat(d->fd, "opt/fifo", 0600), 0);
	assert_script(d, "/opt/fifo", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(image_read__data_roots),
		unit_test_dir(image_read__configuration_that_is_no_file),
		unit_test_dir(image_read__opens_no_device),
		unit_test_dir(image_read__links),
		unit_test_dir(image_read__var_lib),
		unit_test_dir(image_read__script),
	};

	return RUN(tests);
}
