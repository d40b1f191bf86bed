/* SPDX-License-Identifier: Apache-2.0 */
/* Text of an id map: refused, or what we write of it reads back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/idmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What passes the check translates there and back. */
static void try_translation(const struct idmap_list *l)
{
	struct error err;

	if (idmap_check(l, "map", &err) < 0) {
		must(err.text[0] && memchr(err.text, 0, sizeof(err.text)));
		return;
	}
	for (size_t i = 0; i < l->n_extents; i++) {
		const struct idmap_extent *e = &l->extents[i];
		uint32_t last = e->inside + (e->size - 1);

		must(idmap_to_outside(l, e->inside) == e->outside);
		must(idmap_to_inside(l, idmap_to_outside(l, last)) == last);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_free_ char *first = NULL, *second = NULL;
	_cleanup_(idmap_done) struct idmap m = IDMAP_EMPTY;

	if (idmap_parse(&m.uids, text) < 0)
		return 0;
	must(m.uids.n_extents <= IDMAP_MAX_EXTENTS);
	first = idmap_format(&m.uids);
	must(idmap_parse(&m.gids, first) == 0);
	second = idmap_format(&m.gids);
	must(!strcmp(first, second));
	try_translation(&m.uids);
	return 0;
}
