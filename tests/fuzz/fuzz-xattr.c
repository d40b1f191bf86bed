/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extended attribute on its way through the engine's view: the first byte
 * chooses the name and the direction, the rest is the value, from a container.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fs/shift.h"
#include "lib/alloc.h"
#include "lib/idmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"security.capability",
	"system.posix_acl_access",
	"system.posix_acl_default",
	"user.other",
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_free_ uint8_t *buf = xmalloc(SHIFT_XATTR_MAX);
	enum shift_direction dir;
	const char *name;
	ssize_t n;

	if (size < 1 || size - 1 > SHIFT_XATTR_MAX)
		return 0;
	idmap_add(&map.uids, 0, 100000, 65536);
	idmap_add(&map.gids, 0, 100000, 1000);
	name = names[data[0] % ARRAY_SIZE(names)];
	dir = data[0] & 0x80 ? SHIFT_TO_INSIDE : SHIFT_TO_OUTSIDE;
	memcpy(buf, data + 1, size - 1);
	n = shift_xattr(&map, dir, name, buf, size - 1);
	must(n < 0 || (size_t)n <= SHIFT_XATTR_MAX);
	/* Nothing grows but capabilities, from version 2 to 3. */
	must(n <= (ssize_t)(size - 1) + 4);
	/* What was written is read back, and then stays so. */
	if (n >= 0 && dir == SHIFT_TO_OUTSIDE)
		n = shift_xattr(&map, SHIFT_TO_INSIDE, name, buf, (size_t)n);
	must(n < 0 || dir == SHIFT_TO_INSIDE || (size_t)n <= size - 1);
	return 0;
}
