/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	/run/sysbox/locks/table		never has content: a byte of it is a lock
 *	/run/sysbox/locks/KEY		who holds the place KEY, for people
 *	/run/sysbox/locks/lock		held while one of us looks and takes
 *
 * fcntl(2) locks of an open file description (F_OFD_SETLK) are on ranges of bytes, so that one
 * description holds all locks of a container, and needs to be passed on only once. They end
 * when the last copy of the description is closed, however its holder dies: nothing has to be
 * cleaned up, and nothing can be left behind but a KEY file, which the next one removes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/strv.h"
#include "src/locks-internal.h"
#include "src/syscont.h"

#define RUN_DIR	   "/run/sysbox"
#define LOCKS_DIR  RUN_DIR "/locks"
#define HOLDER_MAX 16384

int locks_table_open(struct locks_table *ret, struct error *err)
{
	_cleanup_(locks_table_done) struct locks_table t = LOCKS_TABLE_EMPTY;

	if ((mkdir(RUN_DIR, 0711) < 0 && errno != EEXIST) ||
	    (mkdir(LOCKS_DIR, 0700) < 0 && errno != EEXIST))
		return error_errno(err, errno, "make " LOCKS_DIR);
	t.dirfd = open(LOCKS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t.dirfd < 0)
		return error_errno(err, errno, "open " LOCKS_DIR);
	t.fd = openat(t.dirfd, "table", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t.fd < 0)
		return error_errno(err, errno, "open " LOCKS_DIR "/table");
	*ret = t;
	t = (struct locks_table)LOCKS_TABLE_EMPTY;
	return 0;
}

void locks_table_done(struct locks_table *t)
{
	t->dirfd = fd_close(t->dirfd);
	t->fd = fd_close(t->fd);
}

int locks_table_mutex(const struct locks_table *t, struct error *err)
{
	int fd = lockfile_open(t->dirfd, "lock", LOCK_WAIT);

	return fd < 0 ? error_errno(err, -fd, "lock " LOCKS_DIR) : fd;
}

/* ------------------------------------------------------------------ bytes */

static int check_free(const struct locks_table *t, off_t at)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	if (fcntl(t->fd, F_OFD_GETLK, &l) < 0)
		return -errno;
	return l.l_type == F_UNLCK ? 0 : -EAGAIN;
}

bool locks_table_is_held(const struct locks_table *t, off_t at)
{
	return check_free(t, at) == -EAGAIN;
}

int locks_table_try(const struct locks_table *t, const struct locks_key *k)
{
	struct flock l = {
		.l_type = k->type, .l_whence = SEEK_SET, .l_start = k->at, .l_len = 1};

	if (k->type == F_UNLCK)
		return check_free(t, k->at);
	return fcntl(t->fd, F_OFD_SETLK, &l) < 0 ? -errno : 0;
}

void locks_table_release(const struct locks_table *t)
{
	struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	(void)fcntl(t->fd, F_OFD_SETLK, &l);
}

/* ------------------------------------------------------------------ holders */

static void key_name(char name[32], off_t at)
{
	(void)snprintf(name, 32, "%016" PRIx64, (uint64_t)at);
}

static bool parse_key(const char *name, off_t *ret)
{
	char *end;
	uint64_t at = strtoull(name, &end, 16);

	*ret = (off_t)at;
	return strlen(name) == 16 && !*end;
}

void locks_holder_done(struct locks_holder *h)
{
	free(h->id);
	free(h->target);
	free(h->since);
	free(h->path);
}

/* The file of a holder: four lines. */
bool locks_holder_read(const struct locks_table *t, off_t at, struct locks_holder *ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(strv_freep) char **lines = NULL;
	char name[32];

	key_name(name, at);
	if (file_read(t->dirfd, name, HOLDER_MAX, &text, NULL) < 0)
		return false;
	lines = strv_split(text, "\n");
	if (strv_len(lines) != 4)
		return false;
	*ret = (struct locks_holder){xstrdup(lines[0]), xstrdup(lines[1]), xstrdup(lines[2]),
				     xstrdup(lines[3])};
	return true;
}

/* A name with a line break would turn four lines into five: it is written without. */
void locks_holder_write(const struct locks_table *t, const struct locks_claim *c,
			const char *id)
{
	char name[32], since[32];
	time_t now = time(NULL);
	_cleanup_free_ char *text = NULL;
	struct tm tm;

	(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
	text = xasprintf("%s\n%s\n%s\n%s\n", id, c->lock->target, since, c->path);
	key_name(name, c->keys[0].at);
	if (atomicfile_write(t->dirfd, name, text, strlen(text), 0600, 0) < 0)
		log_debug("no word about who holds %s", c->path);
}

static bool meet(const struct locks_claim *c, const struct locks_holder *h)
{
	return path_has_prefix(c->path, h->path) || path_has_prefix(h->path, c->path);
}

/* 1: it is the one that is looked for. */
static int look_at(const struct locks_table *t, const struct locks_claim *c, off_t at,
		   struct locks_holder *ret)
{
	struct locks_holder h = {0};

	if (!c || !locks_holder_read(t, at, &h))
		return 0;
	if (!meet(c, &h)) {
		locks_holder_done(&h);
		return 0;
	}
	*ret = h;
	return 1;
}

bool locks_holder_find(const struct locks_table *t, const struct locks_claim *c,
		       struct locks_holder *ret)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	bool found = false;

	if (dir_open(&dir, t->dirfd, ".") < 0)
		return false;
	while (dir_next(dir, &e) > 0) {
		off_t at;

		if (!parse_key(e->d_name, &at))
			continue;
		if (!locks_table_is_held(t, at))
			(void)unlinkat(t->dirfd, e->d_name, 0);
		else if (!found)
			found = look_at(t, c, at, ret);
	}
	return found;
}
