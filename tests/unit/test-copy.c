/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/copy.h"

#define HOLE (4 << 20)

struct place {
	int from, to;
};

static void enter(struct place *p, const struct unit_dir *d)
{
	p->from = unit_mkdirs(d->fd, "from");
	p->to = unit_mkdirs(d->fd, "to");
}

static void leave(struct place *p)
{
	close(p->from);
	close(p->to);
}

static void copy_new__content(void **state)
{
	struct place p;
	struct stat st;
	int fd;

	enter(&p, *state);
	unit_file(p.from, "f", "some text");
	fd = copy_new(p.from, p.to, "f");
	assert_true(fd >= 0);
	close(fd);
	unit_assert_file(p.to, "f", "some text");
	assert_int_equal(fstatat(p.to, "f", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	leave(&p);
}

static void copy_new__holes_stay_holes(void **state)
{
	_cleanup_close_ int in = -EBADF, out = -EBADF;
	struct place p;
	struct stat st;
	char c;

	enter(&p, *state);
	in = openat(p.from, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(pwrite(in, "x", 1, HOLE), 1);
	assert_int_equal(ftruncate(in, 2 * HOLE), 0);
	out = copy_new(p.from, p.to, "f");
	assert_int_equal(fstat(out, &st), 0);
	assert_int_equal(st.st_size, 2 * HOLE);
	assert_true(st.st_blocks * 512 < HOLE);
	out = fd_close(out);
	out = openat(p.to, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(out, &c, 1, HOLE), 1);
	assert_int_equal(c, 'x');
	leave(&p);
}

/* From one file system to another nothing can be shared, nor copied by the kernel. */
static void copy_new__across_file_systems(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *to = xasprintf("%s/to", d->path), *text = NULL;
	struct place p;
	int fd;

	enter(&p, d);
	if (!unit_private_mounts() || mount("none", to, "tmpfs", 0, NULL) < 0)
		skip();
	close(p.to);
	p.to = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	text = xmalloc((3 << 20) + 1);
	memset(text, 'a', 3 << 20);
	text[3 << 20] = '\0';
	unit_file(p.from, "f", text);
	fd = copy_new(p.from, p.to, "f");
	assert_true(fd >= 0);
	close(fd);
	fd = openat(p.to, "f", O_RDONLY | O_CLOEXEC);
	free(text);
	text = NULL;
	assert_int_equal(fd_read_all(fd, 4 << 20, &text, NULL), 0);
	assert_int_equal(strspn(text, "a"), 3 << 20);
	close(fd);
	leave(&p);
}

static void copy_new__refuses(void **state)
{
	const int before = unit_count_fds();
	struct place p;

	enter(&p, *state);
	unit_file(p.from, "f", "new");
	unit_file(p.to, "f", "old");
	assert_int_equal(symlinkat("f", p.from, "link"), 0);
	assert_int_equal(copy_new(p.from, p.to, "f"), -EEXIST);
	assert_int_equal(copy_new(p.from, p.to, "link"), -ELOOP);
	assert_int_equal(copy_new(p.from, p.to, "absent"), -ENOENT);
	unit_assert_file(p.to, "f", "old");
	leave(&p);
	assert_int_equal(unit_count_fds(), before);
}

static void copy_symlink__target_as_it_is(void **state)
{
	char target[32] = "";
	struct place p;

	enter(&p, *state);
	assert_int_equal(symlinkat("../no/where", p.from, "link"), 0);
	assert_int_equal(copy_symlink(p.from, p.to, "link"), 0);
	assert_int_equal(readlinkat(p.to, "link", target, sizeof(target) - 1), 11);
	assert_string_equal(target, "../no/where");
	assert_int_equal(copy_symlink(p.from, p.to, "link"), -EEXIST);
	leave(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(copy_new__content),
		unit_test_dir(copy_new__holes_stay_holes),
		unit_test_dir(copy_new__across_file_systems),
		unit_test_dir(copy_new__refuses),
		unit_test_dir(copy_symlink__target_as_it_is),
	};

	return RUN(tests);
}
