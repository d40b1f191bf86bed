/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stalled-fuse DIR: a FUSE file system of one empty directory, by the protocol alone. It
 * answers as long as it is let.
 *
 * stalled-fuse DIR NAME: looks NAME up itself, in a thread of its own, and never answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "raw-fuse.h"

static const struct fuse_attr root = {.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2};

static bool answers_lookups = true;

static void serve(int fd, const struct fuse_in_header *h)
{
	const struct fuse_attr_out attr = {.attr = root};
	static const struct fuse_statfs_out statfs = {.st = {.bsize = 512, .namelen = 255}};

	switch (h->opcode) {
	case FUSE_INIT:
		answer_init(fd, h);
		return;
	case FUSE_GETATTR:
		answer(fd, h->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_STATFS:
		answer(fd, h->unique, 0, &statfs, sizeof(statfs));
		return;
	case FUSE_LOOKUP:
		if (!answers_lookups)
			return;
		answer(fd, h->unique, -ENOENT, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	default:
		answer(fd, h->unique, -ENOSYS, NULL, 0);
	}
}

static void *look_up(void *path)
{
	(void)access(path, F_OK);
	return NULL;
}

/* Closed with the last thread, which waits for an answer that is to be read here. */
static int start_looking_up(const char *dir, const char *name)
{
	static char path[256];
	pthread_t thread;

	answers_lookups = false;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return pthread_create(&thread, NULL, look_up, path);
}

int main(int argc, char **argv)
{
	int fd = open("/dev/fuse", O_RDWR);
	char options[128];

	(void)snprintf(options, sizeof(options),
		       "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (argc < 2 || argc > 3 || mount("none", argv[1], "fuse", 0, options) < 0) {
		perror("mount");
		return 1;
	}
	if (argc == 3 && start_looking_up(argv[1], argv[2]) != 0)
		return 1;
	serve_all(fd, serve);
}
