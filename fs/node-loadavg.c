/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/handler.h"
#include "fs/view.h"
#include "lib/strbuf.h"

void node_loadavg(struct view *v, struct strbuf *out)
{
	const struct view_load *l = view_load(v);

	for (size_t i = 0; i < VIEW_LOADS; i++)
		strbuf_addf(out, "%.2f ", l->avg[i]);
	strbuf_addf(out, "%u/%u %u\n", l->running ? l->running : 1, l->total ? l->total : 1,
		    l->last_pid ? l->last_pid : 1);
}
