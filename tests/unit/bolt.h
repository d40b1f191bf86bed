/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshotter's metadata.db of four pages, written by hand: two metas, a branch, a leaf. */
#pragma once

#include <stdint.h>
#include <string.h>

#define BOLT_PAGE 1024
#define BOLT_LEN  (4 * BOLT_PAGE)

static inline void bolt_put(unsigned char *p, uint64_t v, size_t n)
{
	memcpy(p, &v, n);
}

static inline void bolt_put_meta(unsigned char *db, unsigned int page, uint64_t root,
				 uint64_t transaction)
{
	unsigned char *m = db + (size_t)page * BOLT_PAGE + 16;
	uint64_t sum = 0xcbf29ce484222325u;

	bolt_put(m, 0xed0cdaedu, 4);
	bolt_put(m + 4, 2, 4);
	bolt_put(m + 8, BOLT_PAGE, 4);
	bolt_put(m + 16, root, 8);
	bolt_put(m + 48, transaction, 8);
	for (size_t i = 0; i < 56; i++)
		sum = (sum ^ m[i]) * 0x100000001b3u;
	bolt_put(m + 56, sum, 8);
}

struct bolt_row {
	const char *key;
	const void *value;
	size_t value_len;
	int is_bucket;
};

/* A leaf page into `p`; returns its length. */
static inline size_t bolt_put_leaf(unsigned char *p, const struct bolt_row *rows, size_t n)
{
	size_t at = 16 + n * 16;

	bolt_put(p + 8, 2, 2);
	bolt_put(p + 10, n, 2);
	for (size_t i = 0; i < n; i++) {
		unsigned char *e = p + 16 + i * 16;

		bolt_put(e, (uint64_t)rows[i].is_bucket, 4);
		bolt_put(e + 4, (uint64_t)(p + at - e), 4);
		bolt_put(e + 8, strlen(rows[i].key), 4);
		bolt_put(e + 12, rows[i].value_len, 4);
		memcpy(p + at, rows[i].key, strlen(rows[i].key));
		at += strlen(rows[i].key);
		memcpy(p + at, rows[i].value, rows[i].value_len);
		at += rows[i].value_len;
	}
	return at;
}

/* A bucket that lies in a value: root page 0, sequence, then a leaf. */
static inline size_t bolt_put_inline(unsigned char *p, const struct bolt_row *rows, size_t n)
{
	bolt_put(p, 0, 8);
	bolt_put(p + 8, 0, 8);
	return 16 + bolt_put_leaf(p + 16, rows, n);
}

/* v1/snapshots: "a" committed as 7, "b" active as 8, "c" committed as 300. */
static inline void bolt_make(unsigned char db[BOLT_LEN])
{
	static const unsigned char ids[][2] = {{7}, {8}, {0xac, 0x02}}, kinds[] = {3, 2, 3};
	static const char *const names[] = {"a", "b", "c"};
	unsigned char snapshot[3][256] = {{0}}, snapshots[800] = {0}, v1[900] = {0};
	struct bolt_row rows[3];

	memset(db, 0, BOLT_LEN);
	for (size_t i = 0; i < 3; i++) {
		const struct bolt_row two[] = {{"id", ids[i], i == 2 ? 2 : 1, 0},
					       {"kind", &kinds[i], 1, 0}};

		rows[i] = (struct bolt_row){names[i], snapshot[i],
					    bolt_put_inline(snapshot[i], two, 2), 1};
	}
	rows[0] = (struct bolt_row){"snapshots", snapshots, bolt_put_inline(snapshots, rows, 3),
				    1};
	rows[0] = (struct bolt_row){"v1", v1, bolt_put_inline(v1, rows, 1), 1};
	bolt_put_meta(db, 0, 3, 9); /* older, and of no use */
	bolt_put_meta(db, 1, 2, 10);
	/* Page 2 is a branch, whose only child is page 3. */
	bolt_put(db + 2 * BOLT_PAGE + 8, 1, 2);
	bolt_put(db + 2 * BOLT_PAGE + 10, 1, 2);
	bolt_put(db + 2 * BOLT_PAGE + 16 + 8, 3, 8);
	(void)bolt_put_leaf(db + 3 * BOLT_PAGE, rows, 1);
}
