/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's block devices as a view shows them: those that are in the view's
 * /proc/diskstats, with its figures. Paths are below "sys": "block/vda/stat",
 * "class/block/vda".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct strbuf;
struct view;

bool mirror_block_shows(struct view *v, const char *path);
/* The text of a file as the view shows it. */
void mirror_block_text(struct view *v, const char *path, const char *text, struct strbuf *out);
/*
 * /sys/block contains links to the devices' directories, and is the only place where a view's
 * figures can be: here they are directories. Gives the path on the host, in sysfs_dirfd, that
 * a path stands for; -errno.
 */
int mirror_block_path(int sysfs_dirfd, const char *path, char *ret, size_t size);
/*
 * The text of a link, as read at `path` and not at `real`, its place on the host. Returns its
 * length; not NUL-terminated.
 */
ssize_t mirror_block_link(const char *path, const char *real, const char *text, char *ret,
			  size_t size);
