/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading bolt databases (go.etcd.io/bbolt), in which containerd and BuildKit keep their
 * records. The bytes may be anybody's: nothing outside them is read, and all walks together
 * look at no more than a few times as many elements as the bytes can hold, however pages
 * overlap.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bolt {
	const unsigned char *data; /* borrowed */
	size_t len;
	uint64_t page_size;
	uint64_t root; /* page */
	uint64_t left; /* elements that may still be looked at */
};
/* The newest of the two states that a file holds. -EBADMSG: no such database. */
int bolt_open(struct bolt *ret, const void *data, size_t len);

/* A tree of keys. A small one is stored inline, in its own value. */
struct bolt_bucket {
	uint64_t page;
	const unsigned char *in_place; /* NULL: `page` */
	size_t in_place_len;
};
struct bolt_bucket bolt_root(const struct bolt *b);

struct bolt_item {
	const void *key, *value; /* borrowed from the data, not terminated */
	size_t key_len, value_len;
	bool is_bucket;
};
/* Non-zero ends the walk, and is returned. */
typedef int (*bolt_fn)(const struct bolt_item *item, void *arg);
/* -EBADMSG: damaged. */
int bolt_for_each(struct bolt *b, struct bolt_bucket bucket, bolt_fn fn, void *arg);
/* What a value that is a bucket holds; -EBADMSG: none. */
int bolt_bucket_of(const struct bolt_item *item, struct bolt_bucket *ret);
/* -ENOENT: no such key. */
int bolt_find(struct bolt *b, struct bolt_bucket bucket, const char *key,
	      struct bolt_item *ret);
