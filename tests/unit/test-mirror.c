/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of a host of plain files: what a container on CPU 1 and 2, on node 0, sees, that
 * has used the disk vda.
 */
#include "tests/unit/unit.h"

#include "fs/mirror-filter.h"
#include "fs/mirror.h"
#include "fs/view.h"
#include "lib/emul.h"
#include "lib/path.h"
#include "lib/strbuf.h"
#include "lib/strv.h"

struct fixture {
	struct unit_dir *dir;
	struct view *view;
	struct mirror mirror;
};

static int link_at(int dirfd, const char *path, const char *target)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	_cleanup_close_ int fd = -EBADF;

	path_split(path, &dir, &base);
	fd = unit_mkdirs(dirfd, dir);
	return symlinkat(target, fd, base);
}

#define VDA "sys/devices/pci0/virtio1/block/vda/"
#define VDB "sys/devices/virtual/block/vdb/"

static int put_disks(int dirfd)
{
	unit_put(dirfd, "cg/io.stat", "254:0 rbytes=4096 wbytes=1024 rios=3 wios=2\n");
	unit_put(dirfd, "proc/diskstats",
		 " 254       0 vda 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
		 " 254       1 vda1 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
		 " 254      16 vdb 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n");
	unit_put(dirfd, VDA "stat", "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n");
	unit_put(dirfd, VDA "inflight", "5 5\n");
	unit_put(dirfd, VDA "serial", "S1\n");
	unit_put(dirfd, VDA "size", "100\n");
	unit_put(dirfd, VDA "queue/rotational", "1\n");
	unit_put(dirfd, VDA "vda1/stat", "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n");
	unit_put(dirfd, VDB "stat", "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n");
	return link_at(dirfd, VDA "device", "../../../virtio1") |
	       link_at(dirfd, "sys/block/vda", "../devices/pci0/virtio1/block/vda") |
	       link_at(dirfd, "sys/block/vdb", "../devices/virtual/block/vdb") |
	       link_at(dirfd, "sys/class/block/vda", "../../devices/pci0/virtio1/block/vda") |
	       link_at(dirfd, "sys/class/block/vda1",
		       "../../devices/pci0/virtio1/block/vda/vda1");
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct cgroup_read *c = cgroup_read_new();
	_cleanup_close_ int cg = -EBADF;
	struct error err;
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	*state = f;
	unit_put(f->dir->fd, "cg/cpuset.cpus.effective", "1-2\n");
	unit_put(f->dir->fd, "cg/cpuset.mems.effective", "0\n");
	unit_put(f->dir->fd, "sys/devices/system/cpu/online", "0-3\n");
	unit_put(f->dir->fd, "sys/devices/system/node/online", "0-1\n");
	for (char n = '0'; n < '4'; n++) {
		_cleanup_free_ char *list = xasprintf(
			"sys/devices/system/cpu/cpu%c/topology/core_siblings_list", n);
		_cleanup_free_ char *map =
			xasprintf("sys/devices/system/cpu/cpu%c/topology/core_siblings", n);

		unit_put(f->dir->fd, list, "0-3\n");
		unit_put(f->dir->fd, map, "00000000,0000000f\n");
	}
	unit_put(f->dir->fd, "sys/devices/system/cpu/kernel_max", "63\n");
	unit_put(f->dir->fd, "sys/devices/system/cpu/secret", "x\n");
	unit_put(f->dir->fd, "sys/devices/system/node/node0/vmstat", "nr_free 5\n");
	unit_put(f->dir->fd, "sys/devices/system/node/node1/vmstat", "nr_free 5\n");
	unit_put(f->dir->fd, "sys/vm/swappiness", "60\n");
	unit_put(f->dir->fd, "sys/vm/other", "1\n");
	if (fchmodat(f->dir->fd, "sys/devices/system/cpu/secret", 0400, 0) < 0)
		return -1;
	if (put_disks(f->dir->fd) < 0)
		return -1;
	cg = unit_mkdirs(f->dir->fd, "cg");
	if (cgroup_read_add(c, CGROUP_V2, "", cg, "/") < 0)
		return -1;
	if (view_new(&f->view, f->dir->fd, c, -EBADF, 0, &err) < 0)
		return -1;
	(void)view_begin(f->view, 1);
	f->mirror.view = f->view;
	f->mirror.sysfs_dirfd = unit_mkdirs(f->dir->fd, "sys");
	f->mirror.sysctl_dirfd = unit_mkdirs(f->dir->fd, "sys");
	return mirror_map(&f->mirror.names, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *dir = f->dir;

	view_free(f->view);
	mirror_unmap(f->mirror.names);
	fd_close(f->mirror.sysfs_dirfd);
	fd_close(f->mirror.sysctl_dirfd);
	free(f);
	return unit_dir_done(&dir);
}

static uint32_t root(const char *path)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (strcmp(emul_files[i].path, path) == 0)
			return mirror_row(i);
	fail_msg("no row for %s", path);
	return 0;
}

/* "a/b" below the row; 0: not to be seen. */
static uint32_t walk(struct fixture *f, const char *row, const char *path)
{
	_cleanup_(strv_freep) char **names = strv_split(path, "/");
	uint32_t node = root(row);

	for (char **n = names; n && *n; n++)
		if (mirror_find(&f->mirror, node, *n, &node) < 0)
			return 0;
	return node;
}

#define CPU  "sys/devices/system/cpu"
#define NODE "sys/devices/system/node"

static void assert_text(struct fixture *f, const char *row, const char *path, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	uint32_t node = walk(f, row, path);

	assert_true(node != 0);
	assert_int_equal(mirror_read(&f->mirror, node, &b), 0);
	assert_string_equal(strbuf_str(&b), want);
}

static void mirror_find__only_what_the_view_has(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(walk(f, CPU, "cpu0"), 0);
	assert_int_equal(walk(f, CPU, "cpu3/topology"), 0);
	assert_true(walk(f, CPU, "cpu1/topology") != 0);
	assert_int_equal(walk(f, NODE, "node1"), 0);
	assert_true(walk(f, NODE, "node0") != 0);
	assert_int_equal(walk(f, CPU, ".."), 0);
	assert_int_equal(walk(f, CPU, "none"), 0);
}

static void mirror_find__one_number_a_name(void **state)
{
	struct fixture *f = *state;
	uint32_t first = walk(f, CPU, "cpu1/topology");

	assert_int_equal(walk(f, CPU, "cpu1/topology"), first);
	assert_int_not_equal(walk(f, CPU, "cpu2/topology"), first);
}

static void mirror_read__sets_are_the_views(void **state)
{
	struct fixture *f = *state;

	assert_text(f, CPU, "online", "1-2\n");
	assert_text(f, CPU, "cpu1/topology/core_siblings_list", "1-2\n");
	assert_text(f, CPU, "cpu1/topology/core_siblings", "00000000,00000006\n");
	assert_text(f, CPU, "kernel_max", "63\n");
	assert_text(f, NODE, "online", "0\n");
	assert_text(f, NODE, "node0/vmstat", "nr_free 0\n");
	assert_text(f, "proc/sys/vm", "other", "1\n");
}

static void mirror_read__not_what_only_root_may(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	struct fixture *f = *state;

	assert_int_equal(mirror_read(&f->mirror, walk(f, CPU, "secret"), &b), -EACCES);
}

static void mirror_stat__nothing_to_write(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(mirror_stat(&f->mirror, walk(f, "proc/sys/vm", "other"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0222, 0);
	assert_int_equal(mirror_stat(&f->mirror, 4711, &st), -ESTALE);
	assert_int_equal(mirror_stat(&f->mirror, mirror_row(n_emul_files), &st), -ESTALE);
}

static int count(const char *name, mode_t type, void *arg)
{
	(void)type;
	assert_string_not_equal(name, "cpu0");
	assert_string_not_equal(name, "cpu3");
	++*(int *)arg;
	return 0;
}

static void mirror_list__the_same(void **state)
{
	struct fixture *f = *state;
	int n = 0;

	assert_int_equal(mirror_list(&f->mirror, root(CPU), count, &n), 0);
	assert_int_equal(n, 5); /* cpu1 cpu2 kernel_max online secret */
}

/* Whatever stands in a file. */
static void assert_link(struct fixture *f, uint32_t node, const char *want)
{
	char text[256];
	ssize_t n = mirror_readlink(&f->mirror, node, text, sizeof(text));

	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, strlen(want));
}

static void mirror_block__disks_that_were_used(void **state)
{
	struct fixture *f = *state;
	unsigned int n = 0;

	assert_int_equal(mirror_list(&f->mirror, root("sys/block"), count, &n), 0);
	assert_int_equal(n, 1);
	assert_true(walk(f, "sys/block", "vda"));
	assert_false(walk(f, "sys/block", "vdb"));
	assert_false(walk(f, "sys/block", "vda/vda1"));
	assert_true(walk(f, "sys/class/block", "vda"));
	assert_false(walk(f, "sys/class/block", "vda1"));
}

static void mirror_block__figures_of_the_view(void **state)
{
	struct fixture *f = *state;

	assert_text(f, "sys/block", "vda/stat", "3 0 8 0 2 0 2 0 0 0 0 0 0 0 0 0 0\n");
	assert_text(f, "sys/block", "vda/inflight", "       0        0\n");
	assert_text(f, "sys/block", "vda/serial", "");
	assert_text(f, "sys/block", "vda/size", "100\n");
	assert_text(f, "sys/block", "vda/queue/rotational", "1\n");
}

static void mirror_block__directories_in_place_of_links(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(mirror_stat(&f->mirror, walk(f, "sys/block", "vda"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_link(f, walk(f, "sys/block", "vda/device"), "../../devices/pci0/virtio1");
	assert_link(f, walk(f, "sys/class/block", "vda"),
		    "../../devices/pci0/virtio1/block/vda");
}

static void mirror_filter__takes_any_text(void **state)
{
	static const char *const texts[] = {
		"",	   "\n",   "x",	 ",",	 ",,,",	   "ffffffffffffffffff", "0-",
		"9999999", "1,\n", "f,", "Node", "Node 0", "Node 0 MemTotal"};
	static const char *const paths[] = {
		"cpu/cpu1/topology/core_siblings", "cpu/cpu1/topology/core_siblings_list",
		"node/node0/meminfo", "node/node0/vmstat", "node/has_cpu"};
	struct fixture *f = *state;

	for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
		for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
			_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

			mirror_filter_text(f->view, paths[p], texts[t], &b);
			assert_false(b.failed);
		}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(mirror_find__only_what_the_view_has),
		T(mirror_find__one_number_a_name),
		T(mirror_read__sets_are_the_views),
		T(mirror_read__not_what_only_root_may),
		T(mirror_stat__nothing_to_write),
		T(mirror_list__the_same),
		T(mirror_block__disks_that_were_used),
		T(mirror_block__figures_of_the_view),
		T(mirror_block__directories_in_place_of_links),
		T(mirror_filter__takes_any_text),
	};

	return RUN(tests);
}
