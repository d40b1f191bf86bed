/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/bolt.h"
#include "tests/unit/bolt.h"

static struct bolt_bucket enter(struct bolt *b, struct bolt_bucket in, const char *key)
{
	struct bolt_bucket bucket;
	struct bolt_item item;

	assert_int_equal(bolt_find(b, in, key, &item), 0);
	assert_int_equal(bolt_bucket_of(&item, &bucket), 0);
	return bucket;
}

static int count(const struct bolt_item *item, void *arg)
{
	(void)item;
	++*(int *)arg;
	return 0;
}

static void bolt__buckets_in_buckets(void **state)
{
	unsigned char db[BOLT_LEN];
	struct bolt_bucket snapshots;
	struct bolt_item item;
	struct bolt b;
	int n = 0;

	(void)state;
	bolt_make(db);
	assert_int_equal(bolt_open(&b, db, sizeof(db)), 0);
	assert_int_equal(b.root, 2);
	snapshots = enter(&b, enter(&b, bolt_root(&b), "v1"), "snapshots");
	assert_int_equal(bolt_for_each(&b, snapshots, count, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(bolt_find(&b, enter(&b, snapshots, "c"), "kind", &item), 0);
	assert_int_equal(item.value_len, 1);
	assert_int_equal(*(const char *)item.value, 3);
	assert_int_equal(bolt_find(&b, snapshots, "d", &item), -ENOENT);
	assert_int_equal(bolt_find(&b, enter(&b, snapshots, "c"), "kin", &item), -ENOENT);
}

static void bolt__the_newest_meta_that_is_whole(void **state)
{
	unsigned char db[BOLT_LEN];
	struct bolt b;

	(void)state;
	bolt_make(db);
	db[BOLT_PAGE + 40]++;
	assert_int_equal(bolt_open(&b, db, sizeof(db)), 0);
	assert_int_equal(b.root, 3);
	db[20]++;
	assert_int_equal(bolt_open(&b, db, sizeof(db)), -EBADMSG);
	assert_int_equal(bolt_open(&b, db, 40), -EBADMSG);
}

static void bolt__a_loop_of_pages_ends(void **state)
{
	unsigned char db[BOLT_LEN];
	struct bolt b;
	int n = 0;

	(void)state;
	bolt_make(db);
	bolt_put(db + 2 * BOLT_PAGE + 16 + 8, 2, 8);
	assert_int_equal(bolt_open(&b, db, sizeof(db)), 0);
	assert_int_equal(bolt_for_each(&b, bolt_root(&b), count, &n), -EBADMSG);
}

/* A million buckets may be one page: what is walked in all of them together ends. */
static void bolt__many_walks_end(void **state)
{
	unsigned char db[BOLT_LEN];
	struct bolt b;
	int r = 0, n = 0;

	(void)state;
	bolt_make(db);
	(void)alarm(20);
	assert_int_equal(bolt_open(&b, db, sizeof(db)), 0);
	while (r == 0)
		r = bolt_for_each(&b, bolt_root(&b), count, &n);
	(void)alarm(0);
	assert_int_equal(r, -EBADMSG);
	assert_in_range(n, 16, BOLT_LEN);
}

static void bolt__nothing_outside_is_read(void **state)
{
	unsigned char db[BOLT_LEN];
	struct bolt b;
	int n = 0;

	(void)state;
	bolt_make(db);
	bolt_put(db + 3 * BOLT_PAGE + 16 + 12, 0xffffffffu, 4); /* value size */
	assert_int_equal(bolt_open(&b, db, sizeof(db)), 0);
	assert_int_equal(bolt_for_each(&b, bolt_root(&b), count, &n), -EBADMSG);
	bolt_make(db);
	bolt_put(db + 3 * BOLT_PAGE + 10, 0xffff, 2); /* elements */
	assert_int_equal(bolt_for_each(&b, bolt_root(&b), count, &n), -EBADMSG);
	bolt_make(db);
	bolt_put(db + 2 * BOLT_PAGE + 16 + 8, UINT64_MAX, 8); /* child */
	assert_int_equal(bolt_for_each(&b, bolt_root(&b), count, &n), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bolt__buckets_in_buckets),
		cmocka_unit_test(bolt__the_newest_meta_that_is_whole),
		cmocka_unit_test(bolt__a_loop_of_pages_ends),
		cmocka_unit_test(bolt__many_walks_end),
		cmocka_unit_test(bolt__nothing_outside_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
