/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written member by member, for what has no struct of its own: commas are put where they
 * belong; the names and brackets are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct strbuf;

struct json_out {
	struct strbuf *b; /* borrowed; a value that has no function here is added to it */
	bool need_comma;
};

/* A member's name, or NULL in an array; its value is to follow. */
void json_out_key(struct json_out *o, const char *key);
/* '{' or '['; key as above. */
void json_out_open(struct json_out *o, const char *key, char bracket);
void json_out_close(struct json_out *o, char bracket);
void json_out_string(struct json_out *o, const char *key, const char *s);
void json_out_u64(struct json_out *o, const char *key, uint64_t v);
/* Left out when zero. */
void json_out_count(struct json_out *o, const char *key, uint64_t v);
