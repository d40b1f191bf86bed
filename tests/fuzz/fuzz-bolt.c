/* SPDX-License-Identifier: Apache-2.0 */
/* A database of an inner engine comes from an image: all lies in it, and no walk is endless. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/bolt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	struct bolt *b;
	unsigned int depth, left;
};

static unsigned int sum_of(const void *data, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += ((const unsigned char *)data)[i];
	return sum;
}

static int visit(const struct bolt_item *item, void *arg)
{
	struct walk *w = arg;
	struct bolt_bucket bucket;
	volatile unsigned int sum =
		sum_of(item->key, item->key_len) + sum_of(item->value, item->value_len);

	(void)sum;
	if (!w->left--)
		return 1;
	if (w->depth < 4 && bolt_bucket_of(item, &bucket) == 0) {
		w->depth++;
		(void)bolt_for_each(w->b, bucket, visit, w);
		w->depth--;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bolt b;
	struct walk w = {&b, 0, 10000};

	if (bolt_open(&b, data, size) == 0)
		(void)bolt_for_each(&b, bolt_root(&b), visit, &w);
	/* A checksum is not to be guessed. */
	b = (struct bolt){data, size, 1024, 2, size};
	(void)bolt_for_each(&b, bolt_root(&b), visit, &w);
	return 0;
}
