/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `features`: runtime-spec, features.md and features-linux.md, out of the tables that the
 * runtime works with.
 */
#include <stdio.h>

#include "lib/strbuf.h"
#include "src/cmd.h"
#include "src/features.h"

static int run(struct cmd *c _unused_, struct error *err)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_EMPTY;
	int r = features_format(&out, err);

	if (r == 0)
		puts(strbuf_str(&out));
	return r;
}

const struct verb verb_features = {
	.name = "features",
	.summary = "print what this runtime supports as JSON",
	.max_args = 0,
	.run = run,
};
