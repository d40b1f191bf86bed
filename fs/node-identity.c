/* SPDX-License-Identifier: Apache-2.0 */
/* What distinguishes this machine, and this boot of it, from others. */
#include "fs/handler.h"
#include "fs/view.h"
#include "lib/strbuf.h"

void node_boot_id(struct view *v, struct strbuf *out)
{
	strbuf_addf(out, "%s\n", v->identity.boot_id);
}

void node_product_uuid(struct view *v, struct strbuf *out)
{
	strbuf_addf(out, "%s\n", v->identity.machine_uuid);
}
