/* SPDX-License-Identifier: Apache-2.0 */
/* Views of cgroups within a container's, and the register that numbers them. */
#include "tests/unit/unit.h"

#include "fs/proctext.h"
#include "fs/view.h"
#include "fs/views.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	struct unit_dir *dir;
	struct view *own;
	struct views *views;
};

static void add(struct fixture *f, struct cgroup_read *c, enum cgroup_version version,
		const char *controllers, const char *top, const char *path)
{
	_cleanup_close_ int fd = openat(f->dir->fd, top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(cgroup_read_add(c, version, controllers, fd, path), 0);
}

/* As the kernel reports it on v1: the minimum along the path. */
static void put_limit(struct fixture *f, const char *cgroup, uint64_t bytes)
{
	_cleanup_free_ char *path = xasprintf("%s/memory.stat", cgroup);
	_cleanup_free_ char *text = xasprintf("hierarchical_memory_limit %lu\n", bytes);

	unit_put(f->dir->fd, path, text);
}

/* The container is /s/c, with the memory controller on v1 and the others on v2. */
static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct cgroup_read *c = cgroup_read_new();
	struct error err;
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	unit_put(f->dir->fd, "proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 4194304 kB\n");
	unit_put(f->dir->fd, "sys/devices/system/cpu/online", "0-3\n");
	put_limit(f, "m/s/c", 512 * MIB);
	put_limit(f, "m/s/c/in", 256 * MIB);
	unit_put(f->dir->fd, "m/s/c/in/memory.usage_in_bytes", "67108864\n");
	put_limit(f, "m/s/c/big", 512 * MIB); /* not more than above */
	unit_put(f->dir->fd, "u/s/c/cpu.max", "300000 100000\n");
	unit_put(f->dir->fd, "u/s/c/in/cpu.max", "100000 100000\n");
	put_limit(f, "m/other", 4096);
	add(f, c, CGROUP_V1, "memory", "m", "/s/c");
	add(f, c, CGROUP_V2, "", "u", "/s/c");
	assert_int_equal(view_new(&f->own, f->dir->fd, c, -EBADF, 0, &err), 0);
	assert_int_equal(views_map(&f->views, &err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *dir = f->dir;

	view_free(f->own);
	views_unmap(f->views);
	free(f);
	return unit_dir_done(&dir);
}

static struct view *view_for(struct fixture *f, const char *text)
{
	struct view *v = views_get(f->views, f->own, views_register(f->views, f->own, text));

	(void)view_begin(v, 1000000000);
	return v;
}

static void views__minimum_of_the_path(void **state)
{
	struct fixture *f = *state;
	struct view *v = view_for(f, "9:memory:/s/c/in\n5:name=x:/else\n0::/s/c/in\n");

	assert_ptr_not_equal(v, f->own);
	assert_true(view_memory(v)->total == 256 * MIB);
	assert_true(view_memory(v)->free == 192 * MIB);
	assert_int_equal(view_n_cpus(v), 1);
	v = view_for(f, "9:memory:/s/c/big\n0::/s/c/big\n");
	assert_true(view_memory(v)->total == 512 * MIB);
	assert_int_equal(view_n_cpus(v), 3);
}

/* The same CPUs as in the view, without one. */
static void views_cgroup__cpus(void **state)
{
	struct fixture *f = *state;
	const char *text = "9:memory:/s/c/in\n0::/s/c/in\n";
	uint64_t next = views_next(f->views);
	_cleanup_(cgroup_read_freep) struct cgroup_read *cgroup = NULL;
	struct cpus cpus;

	assert_null(views_cgroup(f->views, f->own, VIEWS_OWN));
	assert_null(views_cgroup(f->views, f->own, next));
	assert_true(views_register(f->views, f->own, text) == next);
	cgroup = views_cgroup(f->views, f->own, next);
	assert_non_null(cgroup);
	view_cpus_of(f->own, cgroup, &cpus);
	assert_int_equal(cpus_count(&cpus), view_n_cpus(view_for(f, text)));
	assert_int_equal(cpus_count(&cpus), 1);
}

#define READY 32 /* fs/views.c: READY_MAX */

/* As many as are kept ready: asking for one that does not exist takes none of them away. */
static void views_get__unknown(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < READY; i++) {
		_cleanup_free_ char *text = xasprintf("9:memory:/s/c/in\n0::/s/c/in/%u\n", i);

		view_for(f, text)->load->total = 77;
	}
	for (unsigned int i = 0; i < 5; i++)
		assert_ptr_equal(views_get(f->views, f->own, views_next(f->views)), f->own);
	for (uint64_t n = 1; n < views_next(f->views); n++)
		assert_int_equal(views_get(f->views, f->own, n)->load->total, 77);
}

static void views_register__own_and_twice(void **state)
{
	struct fixture *f = *state;
	const char *in = "9:memory:/s/c/in\n0::/s/c/in\n";
	uint64_t n;

	assert_int_equal(views_register(f->views, f->own, "9:memory:/s/c\n0::/s/c\n"),
			 VIEWS_OWN);
	assert_int_equal(views_register(f->views, f->own, ""), VIEWS_OWN);
	n = views_register(f->views, f->own, in);
	assert_true(n != VIEWS_OWN);
	assert_int_equal(views_register(f->views, f->own, in), n);
	assert_ptr_equal(views_get(f->views, f->own, VIEWS_OWN), f->own);
	assert_ptr_equal(views_get(NULL, f->own, n), f->own);
	assert_ptr_equal(views_get(f->views, f->own, n + 1), f->own);
}

/* Of a group that is gone the levels above are left; paths lead nowhere else. */
static void views__gone_or_elsewhere(void **state)
{
	struct fixture *f = *state;

	assert_true(view_memory(view_for(f, "9:memory:/s/c/gone\n0::/s/c/gone\n"))->total ==
		    512 * MIB);
	assert_true(view_memory(view_for(f, "9:memory:/s/c/../../other\n"))->total ==
		    512 * MIB);
	assert_true(view_memory(view_for(f, "9:memory:no slash\n0::/s/c/in\n"))->total ==
		    512 * MIB);
	assert_true(view_memory(view_for(f, "junk\n::::\n\n:"))->total == 512 * MIB);
}

static void views_register__too_long(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = xmalloc(VIEWS_TEXT_MAX + 2);

	memset(text, 'a', VIEWS_TEXT_MAX + 1);
	text[VIEWS_TEXT_MAX + 1] = '\0';
	memcpy(text, "0::/", 4);
	assert_int_equal(views_register(f->views, f->own, text), VIEWS_OWN);
}

/* When all places are taken, those of groups that are gone are given up, with their numbers. */
static void views_register__room(void **state)
{
	struct fixture *f = *state;
	const char *in = "9:memory:/s/c/in\n0::/s/c/in\n";
	uint64_t kept = views_register(f->views, f->own, in), first = 0;

	for (int i = 0; i < VIEWS_MAX + 10; i++) {
		_cleanup_free_ char *text = xasprintf("9:memory:/s/c/g%d\n0::/s/c/g%d\n", i, i);
		uint64_t n = views_register(f->views, f->own, text);

		assert_true(n > kept);
		if (i == 0)
			first = n;
	}
	assert_int_equal(views_register(f->views, f->own, in), kept);
	assert_ptr_equal(views_get(f->views, f->own, first), f->own);
}

/* More views than are kept ready: each is made again and is right. */
static void views_get__many(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 2; round++)
		for (int i = 1; i <= 80; i++) {
			_cleanup_free_ char *path = xasprintf("m/s/c/k%d", i);
			_cleanup_free_ char *text =
				xasprintf("9:memory:/s/c/k%d\n0::/s/c\n", i);

			put_limit(f, path, (uint64_t)i * MIB);
			assert_true(view_memory(view_for(f, text))->total == (uint64_t)i * MIB);
		}
}

static void views_parse__cases(void **state)
{
	static const struct {
		const char *name, *rest; /* NULL: refused */
		uint64_t number;
	} rows[] = {
		{"proc!stat", "proc!stat", 0},
		{"7:proc!stat", "proc!stat", 7},
		{"0:x", NULL, 0},
		{"7", NULL, 0},
		{"7x:y", NULL, 0},
		{"", "", 0},
		{":x", ":x", 0},
		{"18446744073709551614:x", "x", UINT64_MAX - 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = rows[i].name;
		uint64_t n;

		assert_int_equal(views_parse(&name, &n), rows[i].rest != NULL);
		if (!rows[i].rest)
			continue;
		assert_string_equal(name, rows[i].rest);
		assert_true(n == rows[i].number);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(views__minimum_of_the_path), T(views_register__own_and_twice),
		T(views__gone_or_elsewhere),   T(views_register__too_long),
		T(views_register__room),       T(views_get__many),
		T(views_parse__cases),	       T(views_cgroup__cpus),
		T(views_get__unknown),
	};

	return RUN(tests);
}
