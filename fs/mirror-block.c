/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iostat, and other programs that show disk activity, read /sys/block/NAME/stat and not
 * /proc/diskstats. A program that looks up a device by its numbers, in /sys/dev/block, finds
 * the kernel's own directory: in that case it already knows the disk.
 */
#include "fs/mirror-block.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs/handler.h"
#include "lib/alloc.h"
#include "lib/macro.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"

#define BLOCK	 "block/"
#define CLASS	 "class/block/"
#define NAME_LEN 64

/* The name right after the prefix, and what follows it; false: none. */
static bool parse_device(const char *path, const char *prefix, char ret_name[NAME_LEN],
			 const char **ret_rest)
{
	size_t n;

	if (!str_has_prefix(path, prefix))
		return false;
	path += strlen(prefix);
	n = strcspn(path, "/");
	if (n == 0 || n >= NAME_LEN)
		return false;
	(void)snprintf(ret_name, NAME_LEN, "%.*s", (int)n, path);
	*ret_rest = path + n;
	return true;
}

/*
 * A partition is a directory in that of its disk, and so is "queue": the host's list tells
 * them apart.
 */
bool mirror_block_shows(struct view *v, const char *path)
{
	char name[NAME_LEN], part[NAME_LEN];
	const char *rest;

	if (!parse_device(path, BLOCK, name, &rest))
		return !parse_device(path, CLASS, name, &rest) ||
		       node_disk_use(v, name) == NODE_DISK_USED;
	if (node_disk_use(v, name) != NODE_DISK_USED)
		return false;
	return !parse_device(rest, "/", part, &rest) ||
	       node_disk_use(v, part) != NODE_DISK_UNUSED;
}

static void no_text(struct view *v, const char *name, struct strbuf *out)
{
	(void)v;
	(void)name;
	(void)out;
}

static void nothing_in_flight(struct view *v, const char *name, struct strbuf *out)
{
	(void)v;
	(void)name;
	strbuf_adds(out, "       0        0\n");
}

static const struct {
	const char *suffix;
	void (*format)(struct view *v, const char *name, struct strbuf *out);
} texts[] = {
	{"/stat", node_disk_stat},
	{"/inflight", nothing_in_flight},
	/* as in emul_hidden */
	{"/serial", no_text},
	{"/wwid", no_text},
};

void mirror_block_text(struct view *v, const char *path, const char *text, struct strbuf *out)
{
	char name[NAME_LEN], part[NAME_LEN];
	const char *rest;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!str_has_suffix(path, texts[i].suffix) ||
		    !parse_device(path, BLOCK, name, &rest))
			continue;
		if (!str_eq(rest, texts[i].suffix) && parse_device(rest, "/", part, &rest))
			memcpy(name, part, sizeof(name));
		if (!str_eq(rest, texts[i].suffix))
			continue;
		texts[i].format(v, name, out);
		return;
	}
	strbuf_adds(out, text);
}

/* "../devices/pci0000:00/.../block/vda": never leads out of sysfs. */
static int directory_of(int sysfs_dirfd, const char *name, char *ret, size_t size)
{
	_cleanup_free_ char *link_path = xasprintf(BLOCK "%s", name);
	char target[PATH_MAX];
	ssize_t n = readlinkat(sysfs_dirfd, link_path, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (!str_has_prefix(target, "../") ||
	    (size_t)snprintf(ret, size, "%s", target + strlen("../")) >= size)
		return -ENAMETOOLONG;
	return 0;
}

int mirror_block_path(int sysfs_dirfd, const char *path, char *ret, size_t size)
{
	char name[NAME_LEN];
	const char *rest = path;
	size_t len = 0;

	if (parse_device(path, BLOCK, name, &rest)) {
		int r = directory_of(sysfs_dirfd, name, ret, size);

		if (r < 0)
			return r;
		len = strlen(ret);
	}
	return (size_t)snprintf(ret + len, size - len, "%s", rest) >= size - len ? -ENAMETOOLONG
										 : 0;
}

static size_t n_slashes(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Up to the top of sysfs, and down again from there. */
ssize_t mirror_block_link(const char *path, const char *real, const char *text, char *ret,
			  size_t size)
{
	_cleanup_free_ char *dir = NULL, *base = NULL, *joined = NULL, *clean = NULL;
	size_t len = 0, n = n_slashes(path);

	path_split(real, &dir, &base);
	joined = path_join(dir, text);
	clean = path_clean(joined);
	while (n-- > 0 && len < size)
		len += (size_t)snprintf(ret + len, size - len, "../");
	if (len < size)
		len += (size_t)snprintf(ret + len, size - len, "%s", clean);
	return len < size ? (ssize_t)len : -ENAMETOOLONG;
}
