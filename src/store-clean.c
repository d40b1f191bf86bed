/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Whether a layer needs anything that an image cannot carry is seen only by looking at
 * all of its files. But a layer does not change, so it is looked at once:
 *
 *	sysbox-store/.clean-NAME	"INODE BIRTH PATH", a line for each that needs nothing
 *
 * Inode and time of birth distinguish a directory from another that got its name later. The
 * file lies where the container cannot reach it; whoever writes a whiteout into a layer by hand
 * can spoil their own images with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/strv.h"
#include "src/store-internal.h"

#define LIST_MAX (64u << 20)

static char *list_name(const struct store_clean *c)
{
	return xasprintf(".clean-%s", c->name);
}

/* NULL: a file system that knows no time of birth. */
static char *line_of(int fd, const char *path)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) < 0 ||
	    !(st.stx_mask & STATX_BTIME))
		return NULL;
	return xasprintf("%llu %lld.%09u %s", (unsigned long long)st.stx_ino,
			 (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec, path);
}

void store_clean_load(struct store_clean *c, int dirfd, const char *name)
{
	_cleanup_free_ char *text = NULL, *list = NULL;

	*c = (struct store_clean){.dirfd = dirfd, .name = name};
	list = list_name(c);
	if (file_read(dirfd, list, LIST_MAX, &text, NULL) == 0)
		strlist_split(&c->known, text, "\n");
	strlist_sort(&c->known);
}

void store_clean_done(struct store_clean *c)
{
	strlist_done(&c->known);
	strlist_done(&c->seen);
}

bool store_clean_has(struct store_clean *c, int fd, const char *path)
{
	_cleanup_free_ char *line = line_of(fd, path);

	if (!line || !strlist_has(&c->known, line))
		return false;
	strlist_take(&c->seen, take_ptr(&line));
	return true;
}

void store_clean_add(struct store_clean *c, int fd, const char *path)
{
	char *line = line_of(fd, path);

	if (line)
		strlist_take(&c->seen, line);
	c->changed = true;
}

/* Without it the next flush looks once more. */
void store_clean_save(const struct store_clean *c)
{
	_cleanup_free_ char *name = list_name(c), *text = NULL;
	int r;

	if (!c->changed && c->seen.n == c->known.n)
		return;
	text = c->seen.n ? strv_join(c->seen.v, "\n") : xstrdup("");
	r = atomicfile_write(c->dirfd, name, text, strlen(text), 0600, 0);
	if (r < 0)
		log_debug("write %s: %s", name, strerror(-r));
}
