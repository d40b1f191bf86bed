/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	page	id 8, flags 2, count 2, overflow 4, then its elements
 *	meta	(in page 0 and 1) magic 4, version 4, page size 4, flags 4,
 *		root bucket 16, freelist 8, end 8, transaction 8, checksum 8
 *	bucket	root page 8, sequence 8; root 0: a page follows in the value itself
 *	branch	pos 4, key size 4, page 8
 *	leaf	flags 4 (1: a bucket), pos 4, key size 4, value size 4
 *
 * All in the byte order of the machine that wrote it; `pos` counts from the
 * element that has it. A page with `overflow` n goes on in the next n pages.
 */
#include "lib/bolt.h"

#include <errno.h>
#include <string.h>

#define MAGIC		 0xed0cdaedu
#define FORMAT		 2
#define PAGE_BRANCH	 0x01
#define PAGE_LEAF	 0x02
#define LEAF_BUCKET	 0x01
#define PAGE_HEADER	 16
#define ELEMENT		 16
#define BUCKET_HEADER	 16
#define META_LEN	 64
#define META_CHECKED_LEN 56
#define PAGE_SIZE_MIN	 1024
#define PAGE_SIZE_MAX	 65536
/* Of pages below each other; real databases have four. */
#define DEPTH_MAX 16
/* Looking for two keys in each bucket of a bucket passes every element three times. */
#define VISITS_MAX 4

struct page {
	const unsigned char *data;
	size_t len;
	unsigned int flags, count;
};

struct walk {
	struct bolt *b;
	bolt_fn fn;
	void *arg;
};

static uint16_t u16_at(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t u32_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* FNV-1a */
static uint64_t checksum(const unsigned char *p, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325u;

	while (len--) {
		sum ^= *p++;
		sum *= 0x100000001b3u;
	}
	return sum;
}

static bool read_meta(const unsigned char *m, struct bolt *ret, uint64_t *ret_transaction)
{
	uint32_t page_size = u32_at(m + 8);

	if (u32_at(m) != MAGIC || u32_at(m + 4) != FORMAT ||
	    u64_at(m + META_CHECKED_LEN) != checksum(m, META_CHECKED_LEN))
		return false;
	if (page_size < PAGE_SIZE_MIN || page_size > PAGE_SIZE_MAX ||
	    (page_size & (page_size - 1)))
		return false;
	ret->page_size = page_size;
	ret->root = u64_at(m + 16);
	*ret_transaction = u64_at(m + 48);
	return true;
}

/* The second meta page is where the page size says; the first may be too broken to tell. */
int bolt_open(struct bolt *ret, const void *data, size_t len)
{
	struct bolt best = {.data = data, .len = len};
	uint64_t newest = 0;
	bool found = false;

	for (uint64_t at = 0; at <= PAGE_SIZE_MAX; at = at ? at * 2 : PAGE_SIZE_MIN) {
		struct bolt b = {.data = data, .len = len};
		uint64_t transaction;

		if (at + PAGE_HEADER + META_LEN > len)
			break;
		if (!read_meta(b.data + at + PAGE_HEADER, &b, &transaction) ||
		    (at != 0 && at != b.page_size) || (found && transaction <= newest))
			continue;
		best = b;
		newest = transaction;
		found = true;
	}
	best.left = VISITS_MAX * (len / ELEMENT);
	*ret = best;
	return found ? 0 : -EBADMSG;
}

struct bolt_bucket bolt_root(const struct bolt *b)
{
	return (struct bolt_bucket){.page = b->root};
}

static int page_of(const unsigned char *data, size_t len, struct page *ret)
{
	if (len < PAGE_HEADER)
		return -EBADMSG;
	*ret = (struct page){data, len, u16_at(data + 8), u16_at(data + 10)};
	return ret->count <= (len - PAGE_HEADER) / ELEMENT ? 0 : -EBADMSG;
}

static int open_page(const struct bolt *b, uint64_t number, struct page *ret)
{
	uint64_t first, n;

	if (number >= b->len / b->page_size)
		return -EBADMSG;
	first = number * b->page_size;
	n = (uint64_t)u32_at(b->data + first + 12) + 1;
	if (n > (b->len - first) / b->page_size)
		return -EBADMSG;
	return page_of(b->data + first, (size_t)(n * b->page_size), ret);
}

static int read_leaf(const struct page *p, unsigned int i, struct bolt_item *ret)
{
	size_t at = PAGE_HEADER + (size_t)i * ELEMENT;
	const unsigned char *e = p->data + at;
	uint64_t key = at + u32_at(e + 4), key_len = u32_at(e + 8), value_len = u32_at(e + 12);

	if (key > p->len || key_len > p->len - key || value_len > p->len - key - key_len)
		return -EBADMSG;
	*ret = (struct bolt_item){
		.key = p->data + key,
		.value = p->data + key + key_len,
		.key_len = key_len,
		.value_len = value_len,
		.is_bucket = u32_at(e) & LEAF_BUCKET,
	};
	return 0;
}

/* A damaged file may have loops, and one made for it a page that all others lead to. */
static bool may_go_on(struct bolt *b)
{
	if (b->left == 0)
		return false;
	b->left--;
	return true;
}

static int walk_page(struct walk *w, const struct page *p, unsigned int depth);

static int walk_child(struct walk *w, uint64_t number, unsigned int depth)
{
	struct page p;
	int r;

	if (depth > DEPTH_MAX)
		return -EBADMSG;
	r = open_page(w->b, number, &p);
	return r < 0 ? r : walk_page(w, &p, depth);
}

static int walk_page(struct walk *w, const struct page *p, unsigned int depth)
{
	int r = 0;

	if (!(p->flags & (PAGE_BRANCH | PAGE_LEAF)))
		return -EBADMSG;
	for (unsigned int i = 0; r == 0 && i < p->count; i++) {
		struct bolt_item item;

		if (!may_go_on(w->b))
			return -EBADMSG;
		if (p->flags & PAGE_BRANCH) {
			r = walk_child(w, u64_at(p->data + PAGE_HEADER + i * ELEMENT + 8),
				       depth + 1);
			continue;
		}
		r = read_leaf(p, i, &item);
		if (r == 0)
			r = w->fn(&item, w->arg);
	}
	return r;
}

int bolt_for_each(struct bolt *b, struct bolt_bucket bucket, bolt_fn fn, void *arg)
{
	struct walk w = {b, fn, arg};
	struct page p;
	int r;

	if (!bucket.in_place)
		return walk_child(&w, bucket.page, 0);
	r = page_of(bucket.in_place, bucket.in_place_len, &p);
	return r < 0 ? r : walk_page(&w, &p, 0);
}

int bolt_bucket_of(const struct bolt_item *item, struct bolt_bucket *ret)
{
	const unsigned char *value = item->value;

	if (!item->is_bucket || item->value_len < BUCKET_HEADER)
		return -EBADMSG;
	*ret = (struct bolt_bucket){.page = u64_at(value)};
	if (ret->page == 0) {
		ret->in_place = value + BUCKET_HEADER;
		ret->in_place_len = item->value_len - BUCKET_HEADER;
	}
	return 0;
}

struct find {
	const char *key;
	struct bolt_item *ret;
};

static int is_it(const struct bolt_item *item, void *arg)
{
	struct find *f = arg;

	if (item->key_len != strlen(f->key) || memcmp(item->key, f->key, item->key_len) != 0)
		return 0;
	*f->ret = *item;
	return 1;
}

int bolt_find(struct bolt *b, struct bolt_bucket bucket, const char *key, struct bolt_item *ret)
{
	struct find f = {key, ret};
	int r = bolt_for_each(b, bucket, is_it, &f);

	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}
