/* SPDX-License-Identifier: Apache-2.0 */
/* Which function, or which private value, is behind each emulated file. */
#pragma once

#include <stddef.h>

#include "fs/handler.h"
#include "lib/emul.h"

/* What makes the text of an EMUL_TEXT; NULL: nobody serves it. */
handler_fn tree_format(const struct emul_file *f);
/* The number of the entry with this name in this connection, or -ENOENT. */
int tree_find(enum emul_conn conn, const char *name);
