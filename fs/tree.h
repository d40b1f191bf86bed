/* SPDX-License-Identifier: Apache-2.0 */
/* Which function, or which private value, is behind each emulated file. */
#pragma once

#include <stddef.h>

#include "fs/handler.h"
#include "lib/emul.h"

struct tree_node {
	const struct emul_file *file;
	handler_fn format; /* EMUL_TEXT */
};

/* Entry number i of emul_files. -ENOENT: nobody serves it. */
int tree_node(size_t i, struct tree_node *ret);
/* The number of the entry with this name in this connection, or -ENOENT. */
int tree_find(enum emul_conn conn, const char *name);
