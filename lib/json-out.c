/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-out.h"

#include <inttypes.h>

#include "lib/json.h"
#include "lib/strbuf.h"

void json_out_key(struct json_out *o, const char *key)
{
	if (o->need_comma)
		strbuf_addc(o->b, ',');
	o->need_comma = true;
	if (key) {
		json_quote(o->b, key);
		strbuf_addc(o->b, ':');
	}
}

void json_out_open(struct json_out *o, const char *key, char bracket)
{
	json_out_key(o, key);
	strbuf_addc(o->b, bracket);
	o->need_comma = false;
}

void json_out_close(struct json_out *o, char bracket)
{
	strbuf_addc(o->b, bracket);
	o->need_comma = true;
}

void json_out_string(struct json_out *o, const char *key, const char *s)
{
	json_out_key(o, key);
	json_quote(o->b, s);
}

void json_out_u64(struct json_out *o, const char *key, uint64_t v)
{
	json_out_key(o, key);
	strbuf_addf(o->b, "%" PRIu64, v);
}

void json_out_count(struct json_out *o, const char *key, uint64_t v)
{
	if (v)
		json_out_u64(o, key, v);
}
