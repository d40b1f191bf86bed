/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of /sys/devices/system a view shows, and its contents. Pure but for the view. */
#pragma once

#include <stdbool.h>

struct strbuf;
struct view;

/* Paths are below "sys/devices/system/": "cpu/cpu3", "node/node0/cpu3". */
bool mirror_filter_shows(struct view *v, const char *path);
/* The text of a file as the view shows it. */
void mirror_filter_text(struct view *v, const char *path, const char *text, struct strbuf *out);
