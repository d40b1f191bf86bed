/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup of a caller: which it is, and whether it is being frozen. */
#include "tests/unit/unit.h"

#include "fs/cgroup-read.h"
#include "fs/place.h"

struct fixture {
	struct unit_dir *dir;
	struct cgroup_read *cgroups;
	struct place place;
};

static void freeze(const struct fixture *f, const char *path, const char *value)
{
	unit_put(f->dir->fd, path, value);
}

/* The container is /s/c, its caller in /s/c/in. */
static int setup_on(void **state, enum cgroup_version version, const char *controllers)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	f->cgroups = cgroup_read_new();
	freeze(f, "s/cgroup.freeze", "0\n");
	freeze(f, "s/c/cgroup.freeze", "0\n");
	freeze(f, "s/c/in/cgroup.freeze", "0\n");
	freeze(f, "s/c/in/side/cgroup.freeze", "1\n");
	if (cgroup_read_add(f->cgroups, version, controllers, f->dir->fd, "/s/c") < 0)
		return -1;
	place_open(&f->place, f->cgroups, "5:memory:/s/c/in\n0::/s/c/in\n");
	*state = f;
	return 0;
}

static int setup_v2(void **state)
{
	return setup_on(state, CGROUP_V2, "");
}

static int setup_v1(void **state)
{
	return setup_on(state, CGROUP_V1, "memory");
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *dir = f->dir;
	int r;

	place_done(&f->place);
	cgroup_read_free(f->cgroups);
	r = unit_dir_done(&dir);
	free(f);
	return r;
}

static void place_is__same(void **state)
{
	const struct fixture *f = *state;

	assert_true(f->place.dirfd >= 0);
	assert_true(place_is(&f->place, "0::/s/c/in\n"));
	assert_false(place_is(&f->place, "0::/s/c\n"));
	assert_false(place_is(&f->place, "0::/s/c/in/side\n"));
	assert_false(place_is(&f->place, "0::/../x\n"));
}

static void place_open__v1(void **state)
{
	struct fixture *f = *state;

	assert_null(f->place.path);
	assert_false(place_is(&f->place, "0::/s/c/in\n"));
	assert_false(place_is_freezing(&f->place));
}

static void place_open__gone(void **state)
{
	struct fixture *f = *state;
	struct place p;

	place_open(&p, f->cgroups, "0::/s/c/gone\n");
	assert_int_equal(place_fork(&p, 0), -ENODEV);
	place_done(&p);
}

/* Any above counts, none beside or below. */
static void place_is_freezing__levels(void **state)
{
	static const char *const levels[] = {"cgroup.freeze", "s/cgroup.freeze",
					     "s/c/cgroup.freeze", "s/c/in/cgroup.freeze"};
	struct fixture *f = *state;

	assert_false(place_is_freezing(&f->place));
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		freeze(f, levels[i], "1\n");
		assert_true(place_is_freezing(&f->place));
		freeze(f, levels[i], "0\n");
	}
	assert_false(place_is_freezing(&f->place));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup_v2, teardown)
	const struct CMUnitTest tests[] = {
		T(place_is__same),
		T(place_open__gone),
		T(place_is_freezing__levels),
		cmocka_unit_test_setup_teardown(place_open__v1, setup_v1, teardown),
	};

	return RUN(tests);
}
