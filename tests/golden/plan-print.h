/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as text, one operation a line: to be read by people and compared by
 * diff(1). Strings stand in JSON's quotes, so that a line break in a mount option
 * cannot forge a line. What is absent or the default is left out.
 */
#pragma once

struct plan;
struct strbuf;

void plan_print(const struct plan *p, struct strbuf *out);
