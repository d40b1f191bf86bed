/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "fs/inode.h"

#define GENERATION 3

static int setup(void **state)
{
	struct inodes *t = xcalloc(1, sizeof(*t));
	const struct stat root = {.st_mode = S_IFDIR | 0755, .st_dev = 1, .st_ino = 2};

	inodes_init(t, GENERATION, open("/", O_PATH | O_CLOEXEC), &root);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	inodes_done(*state);
	free(*state);
	return 0;
}

static struct inode *enter(struct inodes *t, uint64_t parent, const char *name, ino_t ino)
{
	const struct stat st = {.st_mode = S_IFREG | 0644, .st_dev = 1, .st_ino = ino};
	struct inode *i = NULL;

	assert_int_equal(inodes_enter(t, parent, name, open("/", O_PATH | O_CLOEXEC), &st, &i),
			 0);
	return i;
}

static void inodes_init__root(void **state)
{
	struct inodes *t = *state;

	assert_non_null(inodes_find(t, INODE_ROOT));
	inodes_forget(t, INODE_ROOT, 100);
	assert_non_null(inodes_find(t, INODE_ROOT));
}

static void inodes_enter__same_name_same_file(void **state)
{
	struct inodes *t = *state;
	struct inode *a = enter(t, INODE_ROOT, "a", 10);
	int fds = unit_count_fds();

	assert_ptr_equal(enter(t, INODE_ROOT, "a", 10), a);
	assert_int_equal(a->n_lookups, 2);
	assert_int_equal(unit_count_fds(), fds);
}

/* Two links of a lower layer: one number, two files. */
static void inodes_enter__same_number_other_name(void **state)
{
	struct inodes *t = *state;
	struct inode *a = enter(t, INODE_ROOT, "a", 10);
	struct inode *b = enter(t, INODE_ROOT, "b", 10);

	assert_ptr_not_equal(a, b);
	assert_int_not_equal(a->id, b->id);
}

static void inodes_enter__name_leads_to_another_file(void **state)
{
	struct inodes *t = *state;
	uint64_t old = enter(t, INODE_ROOT, "a", 10)->id;
	uint64_t new = enter(t, INODE_ROOT, "a", 11)->id;

	assert_int_not_equal(old, new);
	assert_non_null(inodes_find(t, old));
	assert_int_equal(enter(t, INODE_ROOT, "a", 11)->id, new);
}

static void inodes_enter__same_name_in_another_directory(void **state)
{
	struct inodes *t = *state;
	struct inode *dir = enter(t, INODE_ROOT, "dir", 20);

	assert_ptr_not_equal(enter(t, INODE_ROOT, "a", 10), enter(t, dir->id, "a", 10));
}

static void inodes_forget__by_count(void **state)
{
	struct inodes *t = *state;
	int fds = unit_count_fds();
	uint64_t id = enter(t, INODE_ROOT, "a", 10)->id;

	(void)enter(t, INODE_ROOT, "a", 10);
	inodes_forget(t, id, 1);
	assert_non_null(inodes_find(t, id));
	inodes_forget(t, id, 1);
	assert_null(inodes_find(t, id));
	assert_int_equal(unit_count_fds(), fds);
}

static void inodes_forget__more_than_there_are(void **state)
{
	struct inodes *t = *state;
	uint64_t id = enter(t, INODE_ROOT, "a", 10)->id;

	inodes_forget(t, id, UINT64_MAX);
	assert_null(inodes_find(t, id));
	inodes_forget(t, id, 1);
}

static void inodes_enter__ids_are_never_used_again(void **state)
{
	struct inodes *t = *state;
	uint64_t id = enter(t, INODE_ROOT, "a", 10)->id;

	inodes_forget(t, id, 1);
	assert_true(enter(t, INODE_ROOT, "a", 10)->id > id);
}

static void inodes_find__another_generation(void **state)
{
	struct inodes *t = *state, next;
	uint64_t id = enter(t, INODE_ROOT, "a", 10)->id;
	const struct stat root = {.st_mode = S_IFDIR};

	inodes_init(&next, GENERATION + 1, -EBADF, &root);
	assert_null(inodes_find(&next, id));
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(enter(&next, INODE_ROOT, "b", (ino_t)i)->id, id);
	inodes_done(&next);
}

static void inodes_unlinked__kept_by_its_users(void **state)
{
	struct inodes *t = *state;
	uint64_t old = enter(t, INODE_ROOT, "a", 10)->id;

	inodes_unlinked(t, INODE_ROOT, "a");
	assert_non_null(inodes_find(t, old));
	/* The number was given to a new file of the same name. */
	assert_int_not_equal(enter(t, INODE_ROOT, "a", 10)->id, old);
	inodes_forget(t, old, 1);
	assert_null(inodes_find(t, old));
}

static void inodes_renamed__keeps_the_id(void **state)
{
	struct inodes *t = *state;
	struct inode *dir = enter(t, INODE_ROOT, "dir", 20);
	uint64_t a = enter(t, INODE_ROOT, "a", 10)->id;
	uint64_t covered = enter(t, dir->id, "b", 11)->id;

	inodes_renamed(t, INODE_ROOT, "a", dir->id, "b");
	assert_int_equal(enter(t, dir->id, "b", 10)->id, a);
	assert_non_null(inodes_find(t, covered));
	assert_int_not_equal(enter(t, INODE_ROOT, "a", 10)->id, a);
}

static void inodes_renamed__unknown_names(void **state)
{
	struct inodes *t = *state;
	uint64_t b = enter(t, INODE_ROOT, "b", 11)->id;

	inodes_renamed(t, INODE_ROOT, "a", INODE_ROOT, "b");
	assert_int_not_equal(enter(t, INODE_ROOT, "b", 11)->id, b);
}

static void inodes_enter__many(void **state)
{
	struct inodes *t = *state;
	const struct stat st = {.st_mode = S_IFREG, .st_dev = 1};
	struct inode *i;
	char name[16];

	for (size_t n = t->n; n < INODES_MAX; n++) {
		snprintf(name, sizeof(name), "%zu", n);
		assert_int_equal(inodes_enter(t, INODE_ROOT, name, -EBADF, &st, &i), 0);
	}
	assert_int_equal(inodes_enter(t, INODE_ROOT, "one more", -EBADF, &st, &i), -ENFILE);
	assert_int_equal(inodes_enter(t, INODE_ROOT, "7", -EBADF, &st, &i), 0);
	assert_int_equal(i->n_lookups, 2);
	inodes_forget(t, i->id, 2);
	assert_int_equal(inodes_enter(t, INODE_ROOT, "one more", -EBADF, &st, &i), 0);
}

static void inodes_want_trim__once_for_each_growth(void **state)
{
	struct inodes *t = *state;
	const struct stat st = {.st_mode = S_IFREG, .st_dev = 1};
	struct inode *i;
	char name[16];
	int wanted = 0;

	for (int n = 0; n < 4000; n++) {
		snprintf(name, sizeof(name), "%d", n);
		assert_int_equal(inodes_enter(t, INODE_ROOT, name, -EBADF, &st, &i), 0);
		wanted += inodes_want_trim(t);
	}
	assert_in_range(wanted, 2, 4);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(inodes_init__root),
		T(inodes_enter__same_name_same_file),
		T(inodes_enter__same_number_other_name),
		T(inodes_enter__name_leads_to_another_file),
		T(inodes_enter__same_name_in_another_directory),
		T(inodes_forget__by_count),
		T(inodes_forget__more_than_there_are),
		T(inodes_enter__ids_are_never_used_again),
		T(inodes_find__another_generation),
		T(inodes_unlinked__kept_by_its_users),
		T(inodes_renamed__keeps_the_id),
		T(inodes_renamed__unknown_names),
		T(inodes_enter__many),
		T(inodes_want_trim__once_for_each_growth),
	};

	return RUN(tests);
}
