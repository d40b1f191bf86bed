/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "src/subid.c"

/* A /run of our own, and what /etc says of subordinate ids; owners are the test's. */
struct world {
	struct unit_dir *dir;
	char owner[4][80];
};

static void say(const char *file, const char *text)
{
	_cleanup_free_ char *path = path_join("/etc", file);

	unit_file(AT_FDCWD, path, text);
}

static int setup(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct world *w = xcalloc(1, sizeof(*w));
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	w->dir = dir;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(w->owner[i], sizeof(w->owner[i]), "%s/%s", w->dir->path,
			       names[i]);
		if (mkdir(w->owner[i], 0700) < 0)
			return -1;
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	void *dir = w->dir;

	free(w);
	return unit_dir_done(&dir);
}

static void enter(const char *subuid, const char *subgid)
{
	if (!unit_private_mounts() || mount("none", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("none", "/etc", "tmpfs", 0, NULL) < 0)
		skip();
	say("subuid", subuid);
	say("subgid", subgid);
}

static uint32_t reserve(const char *owner, uint32_t size)
{
	uint32_t base = 0;
	struct error err = {0};

	if (subid_reserve(owner, size, &base, &err) < 0)
		fail_msg("%s", err.text);
	return base;
}

static void release(const char *owner)
{
	struct error err = {0};

	assert_int_equal(subid_release(owner, &err), 0);
}

static void subid_reserve__one_range_an_owner(void **state)
{
	const struct world *w = *state;

	enter("", "");
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), POOL_FIRST);
	assert_int_equal(reserve(w->owner[1], SUBID_RANGE), POOL_FIRST + SUBID_RANGE);
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), POOL_FIRST);
}

static void subid_reserve__what_is_given_back_is_taken_again(void **state)
{
	const struct world *w = *state;

	enter("", "");
	(void)reserve(w->owner[0], SUBID_RANGE);
	(void)reserve(w->owner[1], SUBID_RANGE);
	release(w->owner[0]);
	release(w->owner[0]);
	assert_int_equal(reserve(w->owner[2], SUBID_RANGE), POOL_FIRST);
	assert_int_equal(reserve(w->owner[1], SUBID_RANGE), POOL_FIRST + SUBID_RANGE);
}

static void subid_reserve__large_ranges_find_a_gap_that_is_large(void **state)
{
	const struct world *w = *state;

	enter("", "");
	(void)reserve(w->owner[0], SUBID_RANGE);
	(void)reserve(w->owner[1], SUBID_RANGE);
	release(w->owner[0]);
	assert_int_equal(reserve(w->owner[2], 3 * SUBID_RANGE), POOL_FIRST + 2 * SUBID_RANGE);
	assert_int_equal(reserve(w->owner[3], SUBID_RANGE), POOL_FIRST);
}

/* A runtime that was killed, and whose state directory somebody has removed. */
static void subid_reserve__an_owner_that_is_gone_holds_nothing(void **state)
{
	const struct world *w = *state;

	enter("", "");
	(void)reserve(w->owner[0], SUBID_RANGE);
	assert_int_equal(rmdir(w->owner[0]), 0);
	assert_int_equal(reserve(w->owner[1], SUBID_RANGE), POOL_FIRST);
}

static void subid_reserve__what_lies_about_is_no_range(void **state)
{
	static const char *const names[] = {"1879048192", "1879048192-", "1879048192-65536x",
					    "x1879048192-65536"};
	const struct world *w = *state;
	_cleanup_close_ int fd = -EBADF;

	enter("", "");
	release(w->owner[0]); /* makes the directory */
	fd = open(SUBID_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(symlinkat(w->owner[1], fd, names[i]), 0);
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), POOL_FIRST);
}

static void subid_reserve__leaves_the_users_their_ids(void **state)
{
	const struct world *w = *state;

	/* One id of the first range is a user's, one of the second is a group's. */
	enter("dev:1879048192:1\nbad line\nx:y:z\n", "dev:1879179263:1\n");
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), POOL_FIRST + 2 * SUBID_RANGE);
}

static void subid_reserve__takes_of_the_user_sysbox(void **state)
{
	const struct world *w = *state;
	struct error err = {0};
	uint32_t base;

	enter("dev:100000:65536\nsysbox:100000:200000\n", "sysbox:100000:200000\n");
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), 100000 + SUBID_RANGE);
	assert_int_equal(reserve(w->owner[1], SUBID_RANGE), 100000 + 2 * SUBID_RANGE);
	assert_int_equal(subid_reserve(w->owner[2], SUBID_RANGE, &base, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "all id ranges are taken (2 containers)"));
	assert_non_null(strstr(err.text, "/etc/subuid"));
}

/* An id beyond 32 bits would be one of the host's first ones. */
static void subid_reserve__no_id_is_counted_round(void **state)
{
	const struct world *w = *state;
	struct error err = {0};
	uint32_t base;

	enter("sysbox:4294901760:4294967295\n", "");
	assert_int_equal(subid_reserve(w->owner[0], SUBID_RANGE, &base, &err), -ENOSPC);
	say("subuid", "sysbox:4294836224:4294967295\n");
	assert_int_equal(reserve(w->owner[0], SUBID_RANGE), 4294836224);
	assert_int_equal(subid_reserve(w->owner[1], SUBID_RANGE, &base, &err), -ENOSPC);
}

static void overlaps__also_by_one_id(void **state)
{
	static const struct {
		uint32_t first, size;
		bool overlaps;
	} cases[] = {
		{0, 100, false},       {0, 101, true},		{150, 1, true},
		{199, 10, true},       {200, 10, false},	{50, 500, true},
		{100, 100, true},      {UINT32_MAX, 10, false}, {99, 1, false},
		{0, UINT32_MAX, true},
	};
	struct range v[] = {{100, 100}};
	const struct ranges taken = {v, 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(overlaps(&taken, cases[i].first, cases[i].size),
				 cases[i].overlaps);
}

#define world_test(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps__also_by_one_id),
		world_test(subid_reserve__one_range_an_owner),
		world_test(subid_reserve__what_is_given_back_is_taken_again),
		world_test(subid_reserve__large_ranges_find_a_gap_that_is_large),
		world_test(subid_reserve__an_owner_that_is_gone_holds_nothing),
		world_test(subid_reserve__what_lies_about_is_no_range),
		world_test(subid_reserve__leaves_the_users_their_ids),
		world_test(subid_reserve__takes_of_the_user_sysbox),
		world_test(subid_reserve__no_id_is_counted_round),
	};

	return RUN(tests);
}
